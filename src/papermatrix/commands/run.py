"""`papermatrix run`: makes one row or cell alone, and prints what it shows."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from jobkit.errors import UserError
from jobkit.numerals import whole_number
from papermatrix.commands.options import Commands, new_parser, overrides

if TYPE_CHECKING:
    from papermatrix.matrix.cells import Cell
    from papermatrix.matrix.expand import Matrix
    from papermatrix.matrix.jobs import Job


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "run", _run, "make one row or cell, and print it")
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("row", metavar="ROW", help="its label")
    parser.add_argument("column", metavar="COLUMN", nargs="?", help="its label; without it, the whole row")
    parser.add_argument("--variant", metavar="LABEL", help="which of each cell's values")
    parser.add_argument("--seed", type=whole_number, metavar="N", help="one of several; without it, all")
    parser.add_argument("--cores", metavar="N", help="for Snakemake; default: what its profile says")
    parser.add_argument("--dry-run", action="store_true", help="say what would run")
    parser.add_argument(
        "--debug",
        action="store_true",
        help="run the cell's one job in the foreground, for a debugger such as breakpoint()",
    )
    parser.epilog = "What follows `--` is given to Snakemake as it is."


def _run(options: argparse.Namespace) -> int:
    from jobkit.result import RESULT
    from papermatrix.matrix.expand import load_matrix
    from papermatrix.results.lineage import find_cells, of_seed
    from papermatrix.rules.planner import FOREGROUND

    matrix = load_matrix(overrides(options), [options.table])
    cells = find_cells(matrix, options.table, options.row, options.column, options.variant)
    cells = [of_seed(cell, options.seed) if cell.runs else cell for cell in cells]
    jobs = list({job.id: job for cell in cells for job in cell.jobs}.values())
    command = [sys.executable, "-m", "snakemake", *(str(job.folder / RESULT) for job in jobs)]
    environment = dict(os.environ)
    if options.debug:
        environment[FOREGROUND] = str(_to_debug(jobs, matrix).folder)
        command += ["--force"]
    command += ["--cores", options.cores] if options.cores else []
    command += ["--dry-run"] if options.dry_run else []
    command += ["--config", *options.config] if options.config else []
    code = _call([*command, *options.passed], environment) if jobs else 0
    if not options.dry_run:
        _print(cells, matrix)
    return code


def _to_debug(jobs: Sequence[Job], matrix: Matrix) -> Job:
    """Return the one job; a `UserError` where there is another number of them, or nothing left to run."""
    from papermatrix.results.store import Store

    if len(jobs) != 1:
        raise UserError(
            f"--debug: expected one job, found {len(jobs)}; a column, --variant and --seed choose one"
        )
    (job,) = jobs
    store = Store(matrix)
    if store.result(job) is not None and not store.is_stale(job):
        raise UserError(f"{job.stage} {job.id}: has its result; to run it again, remove {job.folder}")
    return job


def _call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run Snakemake to its end: Ctrl-C reaches it too, and it ends its jobs."""
    sys.stdout.flush()
    with subprocess.Popen(command, env=environment) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while process.returncode is None:
            try:
                process.wait()
            except KeyboardInterrupt:
                continue
    return 1 if process.returncode else 0


def _print(cells: Sequence[Cell], matrix: Matrix) -> None:
    from papermatrix.render.text import cell_name, cell_text
    from papermatrix.results.lineage import why
    from papermatrix.results.store import Store
    from papermatrix.results.values import cell_result

    store = Store(matrix)
    for cell in cells:
        result = cell_result(cell, store)
        status = [] if result.has_value and not result.status.is_stale else [str(result.status)]
        about = dict.fromkeys(filter(None, [*status, *(why(value, store) for value in result.values)]))
        text = cell_text(result)
        print(f"{cell_name(cell)}: {'; '.join([text, *(part for part in about if part != text)])}")
