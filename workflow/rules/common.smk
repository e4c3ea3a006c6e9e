# What rules ask papermatrix: what a job stands on, its settings, and what a table needs and shows.
import sys
from pathlib import Path
from shlex import quote

from jobkit.digest import canonical_json
from jobkit.errors import UserError, did_you_mean
from jobkit.result import RESULT
from papermatrix.expand import load_matrix
from papermatrix.store import rendered_from
from snakemake.exceptions import WorkflowError

try:
    matrix = load_matrix(config)
except UserError as error:
    raise WorkflowError(str(error)) from None

TABLE_FORMS = [".md", ".tex", ".html", ".csv"]

# Idle threads that spin would starve the jobs beside them; this environment may not be activated; what jobs run
# on is no parameter of theirs, since another device starts no job again.
shell.prefix(
    f'export OMP_WAIT_POLICY=passive PATH="$PATH:{Path(sys.executable).parent}"'
    f" DEVICE={quote(matrix.project.config.device)}; "
)


wildcard_constraints:
    id=r"[A-Za-z0-9.+-]+",
    table=r"[a-z0-9_]+",


def job_of(wildcards):
    if wildcards.id not in matrix.jobs:
        raise WorkflowError(f"{wildcards.id}: no table needs such a job")
    return matrix.jobs[wildcards.id]


def result_below(wildcards):
    """The result of the job that a job stands on, if there is one."""
    needs = job_of(wildcards).needs
    return [needs.folder / RESULT] if needs else []


def settings(wildcards):
    """A text, and canonical: Snakemake runs a job again when its parameters' text changes."""
    return canonical_json(job_of(wildcards).settings)


def needs(wildcards):
    below = job_of(wildcards).needs
    return f"--needs {below.folder}" if below else ""


def table_files():
    return [f"results/{table}{form}" for table in matrix.cells for form in TABLE_FORMS]


def results_of(wildcards):
    """The results that a table shows."""
    if wildcards.table not in matrix.cells:
        known = did_you_mean(wildcards.table, list(matrix.cells))
        raise WorkflowError(f"{wildcards.table}: no such table{known}")
    jobs = {cell.job.id: cell.job for cell in matrix.cells[wildcards.table] if cell.job}
    return [job.folder / RESULT for job in jobs.values()]


def shown(wildcards):
    """All else that a table shows: only the table is made again when it changes."""
    return canonical_json(rendered_from(matrix, wildcards.table))


def render_config(wildcards):
    return [
        f"{key}={canonical_json(config[key])}"
        for key in sorted(config)
        if key != "device"
    ]
