"""Answers what rules ask papermatrix: files, the commands of jobs, and by wildcards inputs and parameters."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from jobkit.declared import VARIABLE, Declared
from jobkit.digest import canonical_json, digest
from jobkit.errors import UserError, reason
from jobkit.folder import BENCHMARK, LOG
from jobkit.result import RESULT
from jobkit.start import START
from jobkit.yaml12 import read_yaml
from papermatrix.analysis.facts import FACTS, facts_of_table
from papermatrix.config.load import CONFIG, Project
from papermatrix.config.outputs import Outputs
from papermatrix.matrix.expand import load_every_scale, load_matrix
from papermatrix.matrix.jobs import JOBS, Job
from papermatrix.render import fingerprint
from papermatrix.render.curves import jobs_of_figure
from papermatrix.render.figures import SUFFIXES as FIGURE_SUFFIXES
from papermatrix.render.fingerprint import DIGITS, PARTS, Fingerprint
from papermatrix.render.macros import jobs_of_numbers
from papermatrix.render.table import SUFFIXES as TABLE_SUFFIXES
from papermatrix.results.disk import FOR_GOOD, Disk, remove
from papermatrix.results.migration import has_older_results
from papermatrix.results.partial import remove_complete
from papermatrix.results.store import DATA_DIGESTS, Store, stale_jobs
from papermatrix.rules.terminal import ERROR

JOB = f"{JOBS}/{{stage}}/{{id}}"
JOB_RESULT, JOB_LOG, JOB_BENCHMARK = f"{JOB}/{RESULT}", f"{JOB}/{LOG}", f"{JOB}/{BENCHMARK}"
FACT = f"{FACTS}/{{fact}}.json"
NAME = "[a-z0-9_]+"
"""Of a table or a figure, as a regular expression."""
RESULTS = "results"
"""The part of a fingerprint that changes when a result of a rendered output is gone."""

RERUN = "PAPERMATRIX_RERUN"
"""The environment variable of a run that reruns all stale jobs behind what it renders."""

FOREGROUND = "PAPERMATRIX_FOREGROUND"
"""The environment variable that holds the folder of the job that has the terminal, in place of a log."""

Wildcards = Any
"""An object with an attribute for each; Snakemake's own class is not imported here."""


def job_command(command: str) -> str:
    """Return the shell command of a stage's jobs: `command` with settings and folders, its output in the log.

    The shell holds the folder's `.start` from before the process imports its science until it has ended, and
    records there how a process ended that failed. The job that `FOREGROUND` names has the terminal instead of
    the log: the shell's job control makes it the terminal's foreground, so that keys such as Ctrl-C reach it,
    and not Snakemake. The text is the same for both: Snakemake records it.
    """
    python = _as_template(quote(sys.executable))
    return (
        "upstream={input:q}; folder=$(dirname {output}); "
        f'exec 9> "$folder/{START}"; {python} -m jobkit.start 9; '
        f'if [ "${{{{{FOREGROUND}:-}}}}" = "$folder" ]; then set -m; else exec >> {{log}} 2>&1; fi; '
        f'{command} --settings {{params.settings:q}} --out "$folder"'
        ' ${{upstream:+--needs "${{upstream%/*}}"}}'
        f' || {python} -m jobkit.failure $? $SECONDS "$folder"'
    )


def render_command(command: str) -> str:
    """Return the shell command of an output: `command` with its configuration, what it prints in the log.

    Beside the log it keeps which results were gone, see `Planner.table_fingerprint`. Where it fails, what was
    rendered before stays, and Snakemake records it as what today's parameters make; so the time is kept, and
    changes the next run's parameters.
    """
    return (
        f"log={{log}}; kept=${{{{log%.txt}}}}.{RESULTS}; "
        f"{command} --config {{params.config:q}} > $log 2>&1 && echo {{params.{RESULTS}:q}} > $kept"
        " || {{ echo failed:$(date +%s%N) > $kept; exit 1; }}"
    )


def by_part(ask: Callable[[Wildcards], Fingerprint]) -> dict[str, Callable[[Wildcards], str]]:
    """Return a function for each part of a fingerprint: Snakemake shows the parameters that have changed."""

    def of_part(part: str) -> Callable[[Wildcards], str]:
        return lambda wildcards: ask(wildcards)[part]

    return {part: of_part(part) for part in (*PARTS, RESULTS)}


def shell_prefix(project: Project) -> str:
    """Return what every command begins with.

    Idle threads that spin would starve the jobs beside them; this environment may not be activated; device
    and folder of the data are no parameters of jobs, since others rerun none.
    """
    config, stages = project.config, project.stages
    sources = {name: stages.source(name) for name, stage in stages.stages.items() if stage.source}
    variables = {
        "OMP_WAIT_POLICY": "passive",
        "DEVICE": config.device,
        "DATA_ROOT": str(config.data_folder or ""),
        VARIABLE: str(Declared(sources, str(DATA_DIGESTS))),
    }
    stated = " ".join(f"{name}={quote(value)}" for name, value in variables.items())
    return _as_template(f'export PATH="$PATH:{Path(sys.executable).parent}" {stated}; ')


class Planner:
    """The matrix of one run, for its rules; the status of a job is read once."""

    def __init__(self, config: Mapping[str, Any]):
        self.matrix = load_matrix(config)
        self.outputs = self.matrix.project.outputs
        self._store = _NothingStale(self.matrix) if RERUN in os.environ else Store(self.matrix)
        self._config = dict(config)
        self._fingerprints: dict[str, Fingerprint] = {}
        if has_older_results(self.matrix):
            print(f"{JOBS} has results of an older form: papermatrix migrate", file=sys.stderr)
        # All of it lives as long as the run: the collector need not visit it.
        gc.freeze()

    def job(self, wildcards: Wildcards) -> Job:
        """Return the job of a folder; a `UserError` where no table needs it."""
        job = self.matrix.jobs.get(wildcards.id)
        if job is None or job.stage != wildcards.stage:
            raise UserError(f"{wildcards.stage} {wildcards.id}: no table needs such a job")
        return job

    def upstream(self, wildcards: Wildcards) -> list[str]:
        """Return the result of a job's upstream, if it has one."""
        upstream = self.job(wildcards).upstream
        return [_result(upstream)] if upstream else []

    def settings(self, wildcards: Wildcards) -> str:
        """Return a job's settings as canonical text."""
        return canonical_json(self.job(wildcards).settings)

    def table_files(self) -> list[str]:
        return [
            f"{self.outputs.tables}/{name}{suffix}" for name in self.matrix.cells for suffix in TABLE_SUFFIXES
        ]

    def results_of_table(self, wildcards: Wildcards) -> list[str]:
        """Return the results that a table shows."""
        return self._results(self.matrix.shown_jobs(wildcards.table))

    def facts_of_table(self, wildcards: Wildcards) -> list[str]:
        """Return the facts that a table's footnotes need."""
        return [str(fact.path) for fact in facts_of_table(self.matrix, wildcards.table).values()]

    def table_fingerprint(self, wildcards: Wildcards) -> Fingerprint:
        """Digest all else that a table shows: it alone is rendered again when that changes."""
        name = wildcards.table
        return self._fingerprint(
            f"table_{name}",
            lambda: fingerprint.of_table(self.matrix, name, self._store),
            lambda: [*self.results_of_table(wildcards), *self.facts_of_table(wildcards)],
        )

    def figure_files(self) -> list[str]:
        """Return the files of every figure whose table exists."""
        declared = self.matrix.project.paper.figures
        names = [name for name, figure in declared.items() if figure.table in self.matrix.cells]
        return [f"{self.outputs.figures}/{name}{suffix}" for name in names for suffix in FIGURE_SUFFIXES]

    def results_of_figure(self, wildcards: Wildcards) -> list[str]:
        return self._results(jobs_of_figure(self.matrix, wildcards.figure).values())

    def figure_fingerprint(self, wildcards: Wildcards) -> Fingerprint:
        """Digest all else that a figure shows."""
        name = wildcards.figure
        return self._fingerprint(
            f"figure_{name}",
            lambda: fingerprint.of_figure(self.matrix, name, self._store),
            lambda: self.results_of_figure(wildcards),
        )

    def results_of_numbers(self, wildcards: Wildcards) -> list[str]:
        return self._results(jobs_of_numbers(self.matrix).values())

    def macros_fingerprint(self, wildcards: Wildcards) -> Fingerprint:
        """Digest all else that the numbers of the text depend on."""
        return self._fingerprint(
            "numbers",
            lambda: fingerprint.of_macros(self.matrix, self._store),
            lambda: self.results_of_numbers(wildcards),
        )

    def paper_fingerprint(self, wildcards: Wildcards) -> str:
        """Return what changes where TeX failed; all that the paper shows is in its files."""
        return self._which_results("paper", [])

    def files_of_paper(self, wildcards: Wildcards) -> list[str]:
        """Return the tables and figures that the article includes."""
        return [
            file for file in (*self.table_files(), *self.figure_files()) if file.endswith((".tex", ".pdf"))
        ]

    def render_config(self, wildcards: Wildcards, output: Any = None) -> list[str]:
        """Return the scale and what else of config.yaml this run changes, for `--config`.

        Snakemake compares no parameter that depends on `output`: what it changes is in the fingerprint.
        """
        stated = read_yaml(CONFIG).content
        return [
            f"{key}={canonical_json(value)}"
            for key, value in sorted(self._config.items())
            if key == "scale" or stated.get(key, ...) != value
        ]

    def other_scales(self) -> str:
        """Return a regular expression of the files that are rendered at other scales than this run's."""
        chosen = self.matrix.project.config.scale
        by_scale = self.matrix.project.outputs_by_scale
        return "|".join(_files(outputs) for scale, outputs in by_scale.items() if scale != chosen) or "(?!)"

    def wrong_scale(self, wildcards: Wildcards) -> list[str]:
        """Raise a `UserError` for a file of another scale: which that is, and what this run has instead."""
        file, chosen = wildcards.file, self.matrix.project.config.scale
        by_scale = self.matrix.project.outputs_by_scale
        scale = next(name for name, outputs in by_scale.items() if re.fullmatch(_files(outputs), file))
        other = by_scale[scale]
        here = self.outputs.numbers
        if Path(file) != other.numbers:
            here = self.outputs.tables / Path(file).relative_to(other.tables)
        raise UserError(
            f"{file} is of scale {scale}: give --config scale={scale}, or ask for {here}, of scale {chosen}"
        )

    def partial_command(self) -> str:
        """Return the command that renders incomplete tables, with braces doubled: Snakemake formats it."""
        config = " ".join(map(quote, self.render_config(None)))
        return _as_template(f"papermatrix render --partial --config {config}")

    def remove_partial_tables(self) -> None:
        remove_complete(self.matrix, Store(self.matrix), self.outputs.partial)

    def remove_spent_checkpoints(self) -> None:
        """Remove the checkpoints that nothing needs by now, where config.yaml's `keep` says so."""
        keep = self.matrix.project.config.keep
        if keep == FOR_GOOD:
            return
        try:
            spent = list(Disk(load_every_scale(self._config)).spent(keep))
        except UserError as error:  # of another scale than that of this run, which has succeeded
            print(f"warning: checkpoints stay: {error.lines[0]}", file=sys.stderr)
            return
        for item in spent:
            if remove(item):
                print(f"removed {item}: {item.why}", file=sys.stderr)

    def _results(self, jobs: Iterable[Job]) -> list[str]:
        """Return the results of jobs; with `on_stale: fail` raise a `UserError` that lists the stale ones."""
        jobs = list(jobs)
        if self.matrix.project.config.on_stale == "fail" and (stale := stale_jobs(jobs, self._store)):
            raise UserError(self._store.stale_line(job) for job in stale)
        return [_result(job) for job in jobs]

    def _fingerprint(
        self, name: str, shown: Callable[[], Fingerprint], files: Callable[[], Iterable[str]]
    ) -> Fingerprint:
        """Return an output's fingerprint, as it was when first asked for: before this run makes `files`."""
        if name not in self._fingerprints:
            self._fingerprints[name] = {**shown(), RESULTS: self._which_results(name, files())}
        return self._fingerprints[name]

    def _which_results(self, name: str, files: Iterable[str]) -> str:
        """Digest which files an output was to be rendered without: then, before, and so on.

        Snakemake makes a missing file only for an output that it renders, so a file that is gone changes this
        digest. What renders the output keeps the digest, and it stays the same when the file is there again.
        """
        kept = self.outputs.logs / f"{name}.{RESULTS}"
        past = kept.read_text().strip() if kept.exists() else f"{RESULTS}:{'0' * DIGITS}"
        gone = [file for file in files if not Path(file).exists()]
        return f"{RESULTS}:{digest([past, gone])[:DIGITS]}" if gone else past


class _NothingStale(Store):
    """The jobs as they will be once the stale ones have been rerun: else a table would be rendered twice."""

    def is_stale(self, job: Job) -> bool:
        return False


def in_one_line(ask: Callable[..., Any], error_class: type[Exception]) -> Callable[..., Any]:
    """Wrap `ask` to raise its `UserError`s as `error_class`: Snakemake shows its own without a traceback."""

    def answer(*arguments: Any) -> Any:
        try:
            return ask(*arguments)
        except UserError as error:
            raise error_class("\n".join(f"{ERROR}{line}" for line in error.lines)) from None
        except OSError as error:
            raise error_class(f"{ERROR}{error.filename}: {reason(error)}") from None

    return answer


def _as_template(text: str) -> str:
    """Return a text as Snakemake, which formats it, leaves it as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _files(outputs: Outputs) -> str:
    """Return a regular expression of what is rendered at one scale."""
    folders = ((outputs.tables, TABLE_SUFFIXES), (outputs.figures, FIGURE_SUFFIXES))
    named = (f"{re.escape(str(folder))}/{NAME}({'|'.join(suffixes)})" for folder, suffixes in folders)
    return "|".join((*named, re.escape(str(outputs.paper)), re.escape(str(outputs.numbers))))


def _result(job: Job) -> str:
    return str(job.folder / RESULT)
