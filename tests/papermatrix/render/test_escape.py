"""Text of people in each format: shown as it was written, and nothing but text."""

import shutil
import subprocess
from pathlib import Path

import pytest

from papermatrix.render.escape import latex, markdown, markdown_block


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("+ item", r"\+ item"),
        ("1. item", r"1\. item"),
        ("12) item", r"12\) item"),
        ("> quoted", r"\> quoted"),
        ("---", r"\---"),
        ("===", r"\==="),
        ("- - -", r"\- - -"),
        ("* item", r"\* item"),
        ("-0.5", "-0.5"),
        ("+0.5", "+0.5"),
        ("1.5 g", "1.5 g"),
        ("#1 of all", "#1 of all"),
        ("a - b > c", "a - b > c"),
    ],
)
def test_what_would_begin_a_block_of_markdown_is_text(text: str, shown: str) -> None:
    assert markdown_block(text) == shown


def test_within_a_line_a_sign_stays_as_it_is() -> None:
    assert markdown("+ trans") == "+ trans"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u03b1 \u2264 \u03a9", r"\ensuremath{\alpha} \ensuremath{\leq} \ensuremath{\Omega}"),
        ("x\u2082 10\u2075", r"x\ensuremath{_2} 10\ensuremath{^5}"),
        ("A\u0301ngel \u010cech", "Ángel Čech"),
        ("\u0105", r"{\fontencoding{T1}\selectfont ą}"),
        ("日本 \U0001f600 o\u0331", r"\texttt{U+65E5}\texttt{U+672C} \texttt{U+1F600} o\texttt{U+0331}"),
    ],
)
def test_signs_that_latex_lacks_have_what_stands_for_them(text: str, shown: str) -> None:
    assert latex(text) == shown


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs TeX")
@pytest.mark.parametrize("encoding", ["OT1", "T1"])
def test_latex_takes_every_character(encoding: str, tmp_path: Path) -> None:
    characters = [chr(code) for code in (*range(0x20, 0x250), *range(0x370, 0x400), *range(0x1E00, 0x2600))]
    lines = "\n\n".join(latex(char) for char in [*characters, "日", "\U0001f600", "e\u0331"])
    (tmp_path / "all.tex").write_text(
        rf"\documentclass{{article}}\usepackage[{encoding}]{{fontenc}}\usepackage{{amssymb}}"
        rf"\begin{{document}}\tableofcontents\section{{{latex('ą ≤ 日')}}}{lines}\end{{document}}",
        encoding="utf-8",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-600:]
