# What rules ask papermatrix: what a job stands on, its settings, and what a table needs and shows.
import gc
import sys
from pathlib import Path
from shlex import quote

from jobkit.digest import canonical_json
from jobkit.errors import UserError, did_you_mean
from jobkit.result import RESULT
from papermatrix.expand import load_matrix
from papermatrix.facts import facts_of_table
from papermatrix.rendered_from import rendered_from
from papermatrix.store import Store, stale_jobs
from snakemake.exceptions import WorkflowError

try:
    matrix = load_matrix(config)
except UserError as error:
    raise WorkflowError(str(error)) from None

# All of it lives as long as the run: the collector need not go through it again and again.
gc.freeze()

store = Store(matrix)
on_stale = matrix.project.config.on_stale

TABLE_FORMS = [".md", ".tex", ".html", ".csv"]
PARTIAL = Path("results/partial")

# Idle threads that spin would starve the jobs beside them; this environment may not be activated; what jobs run
# on is no parameter of theirs, since another device starts no job again.
shell.prefix(
    f'export OMP_WAIT_POLICY=passive PATH="$PATH:{Path(sys.executable).parent}"'
    f" DEVICE={quote(matrix.project.config.device)}; "
)


wildcard_constraints:
    id=r"[A-Za-z0-9.+-]+",
    table=r"[a-z0-9_]+",


def found(find, *names):
    """What papermatrix finds; what it does not find stops the run in one line."""
    try:
        return find(*names)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def job_of(wildcards):
    if wildcards.id not in matrix.jobs:
        raise WorkflowError(f"{wildcards.id}: no table needs such a job")
    return matrix.jobs[wildcards.id]


def result_below(wildcards):
    """The result of the job that a job stands on, if there is one; asked for every job of a run."""
    job = job_of(wildcards)
    if on_stale == "rerun" and store.is_stale(job):
        workflow.dag.forcefiles.add(str(job.folder / RESULT))
    return [str(job.needs.folder / RESULT)] if job.needs else []


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
    refuse_stale(jobs.values())
    return [str(job.folder / RESULT) for job in jobs.values()]


def facts_of(wildcards):
    """The facts that a table's footnotes need."""
    facts = found(facts_of_table, matrix, wildcards.table)
    return [str(fact.path) for fact in facts.values()]


def refuse_stale(jobs):
    """With `on_stale: fail`, stops a run that meets stale jobs: lists them and those of all tables asked for."""
    if (
        on_stale != "fail"
        or not workflow.is_main_process
        or not stale_jobs(jobs, store)
    ):
        return
    files = {Path(file).stem for file in workflow.dag.targetfiles}
    asked = [
        job
        for name in matrix.cells
        if workflow.dag.targetrules or name in files
        for job in matrix.jobs_of(name)
    ]
    raise WorkflowError("\n".join(stale_jobs([*asked, *jobs], store)))


def shown(wildcards):
    """All else that a table shows: only the table is made again when it changes."""
    return canonical_json(rendered_from(matrix, wildcards.table, store))


def render_config(wildcards):
    """What changes the words of a table: neither what jobs run on, nor what becomes of stale ones."""
    return [
        f"{key}={canonical_json(config[key])}"
        for key in sorted(config)
        if key not in ("device", "on_stale", "gpu", "gpu_model")
    ]


def write_partial_tables():
    """After a failure: every table that the run was to make, with marks where results are missing."""
    tables, options = sorted(tables_of_run()), map(quote, render_config(None))
    if tables:
        shell(
            f"papermatrix render --partial --out {PARTIAL} {' '.join(tables)}"
            f" --config {' '.join(options)} || true"
        )


def remove_partial_tables():
    """After a success, for the same tables."""
    for table in tables_of_run():
        for form in TABLE_FORMS:
            (PARTIAL / f"{table}{form}").unlink(missing_ok=True)


def tables_of_run():
    return {
        job.wildcards.table for job in workflow.dag.jobs if job.rule.name == "table"
    }
