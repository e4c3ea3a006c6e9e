"""Builds the paper's PDF: its tables and figures where its source finds them, then latexmk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from jobkit.errors import UserError
from jobkit.files import write_bytes
from papermatrix.config.outputs import Outputs
from papermatrix.matrix.expand import Matrix

PROGRAMS = ("latexmk", "pdflatex")
INSTALL = (
    "install TeX Live: `apt-get install latexmk texlive-latex-recommended` on Debian and Ubuntu,"
    " https://tug.org/texlive elsewhere"
)
TIMEOUT = 600
"""Seconds that TeX may take."""
_ERROR = re.compile(r"^(?:! |\S+:\d+: ).*")


def build(matrix: Matrix, outputs: Outputs, out: Path) -> None:
    """Copy the rendered tables and figures to where the paper's source includes them, and write its PDF.

    A `UserError` says what to install where TeX is missing, or what TeX found wrong.
    """
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise UserError(f"{' and '.join(missing)} not found; {INSTALL}")
    main = Path(matrix.project.paper.main)
    if not main.exists():
        raise UserError(f"{main}: no such file; {matrix.project.config.paper} names it")
    for table in matrix.cells:
        _copy(outputs.tables / f"{table}.tex", outputs.article / "tables")
    for name, figure in matrix.project.paper.figures.items():
        if figure.table in matrix.cells:
            _copy(outputs.figures / f"{name}.pdf", outputs.article / "figures")
    _run_latexmk(main, outputs)
    write_bytes(out, (outputs.tex / f"{main.stem}.pdf").read_bytes())


def _copy(file: Path, folder: Path) -> None:
    """Copy a file where it differs: latexmk goes by what has changed."""
    content, copy = file.read_bytes(), folder / file.name
    if not copy.exists() or copy.read_bytes() != content:
        write_bytes(copy, content)


def _run_latexmk(main: Path, outputs: Outputs) -> None:
    """Write the PDF and TeX's log to TeX's folder; the same source is the same bytes."""
    folder = outputs.tex.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "1000"}
    if outputs.article != main.parent:  # the parts beside the source are of another scale
        environment["TEXINPUTS"] = f"{outputs.article.resolve()}:{os.environ.get('TEXINPUTS', '')}"
    try:
        done = subprocess.run(
            [
                *("latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error"),
                *(f"-outdir={folder}", main.name),
            ],
            cwd=main.parent,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{main}: TeX took longer than {TIMEOUT} s") from None
    if done.returncode == 0:
        return
    log = outputs.tex / f"{main.stem}.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else done.stdout.splitlines()
    errors = [line for line in lines if _ERROR.match(line)] or lines[-5:]
    hint = [INSTALL] if any(".sty' not found" in error for error in errors) else []
    raise UserError([f"{main}: TeX failed, see {log}", *dict.fromkeys(errors), *hint])
