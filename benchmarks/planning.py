"""What planning costs: `snakemake -n` on a generated matrix, beside bare Snakefiles with the same jobs.

A round runs each contender once, in turn. Given are medians over the rounds: of the time, and of the ratio of
our time to the other's in the same round.

    python benchmarks/planning.py [--jobs 1000 10000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from jobkit.digest import canonical_json
from papermatrix.matrix.expand import load_matrix

PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "config")
ROWS = 10
"""In each table; with one training, four rebuildings, four evaluations and one profile each."""
JOBS_OF_A_ROW = 10

BARE_RULE = """
rule {stage}:
    input:
        upstream,
    output:
        "results/jobs/{stage}/{{id}}/result.json",{log}
    params:
        settings=settings,
    shell:
        "beamfusion job {stage} --settings {{params.settings:q}} --out $(dirname {{output}})"
"""
LOG_AND_MORE = """
    log:
        "results/jobs/{stage}/{{id}}/log.txt",
    benchmark:
        "results/jobs/{stage}/{{id}}/benchmark.tsv"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=1440,
        gpu=0,
        gpu_model="",
    message:
        "{stage} {{wildcards.id}}"
"""
BARE = """
import json

with open("jobs.json") as file:
    content = json.load(file)
jobs, tables = content["jobs"], content["tables"]


wildcard_constraints:
    id="[^/]+",
    table="[^/]+",


def result(job):
    return f"results/jobs/{jobs[job]['stage']}/{job}/result.json"


def upstream(wildcards):
    needs = jobs[wildcards.id]["needs"]
    return [result(needs)] if needs else []


def settings(wildcards):
    return jobs[wildcards.id]["settings"]


def results(wildcards):
    return [result(job) for job in tables[wildcards.table]]


rule all:
    input:
        [f"results/{table}.md" for table in tables],


rule table:
    input:
        results,
    output:
        "results/{table}.md",
    shell:
        "papermatrix render {wildcards.table}"
"""


def tables_yaml(jobs: int) -> str:
    """Write a matrix of about so many jobs: rows differ in a learning rate, columns in what is missing."""
    rows = max(jobs // JOBS_OF_A_ROW, 1)
    tables = {}
    for first in range(0, rows, ROWS):
        tables[f"table{first // ROWS}"] = {
            "title": f"Table {first // ROWS}",
            "metric": "dba",
            "with": {"rebuild.enabled": True},
            "rows": [
                {"label": f"row {row}", "with": {"train.lr": 1e-4 + row * 1e-8}}
                for row in range(first, min(first + ROWS, rows))
            ],
            "columns": [
                *(
                    {"label": f"no {name}", "with": {"missing.modalities": [name]}}
                    for name in ("image", "lidar", "radar", "gps")
                ),
                {"label": "FPS", "metric": "profile.fps"},
            ],
        }
    return json.dumps({"tables": tables}, indent=1)


def make_ours(folder: Path, jobs: int) -> None:
    """Copy the project with other tables; no figures, audit or reported numbers: the bare ones have none."""
    for part in PARTS:
        if (PROJECT / part).is_dir() and not (PROJECT / part).is_symlink():
            shutil.copytree(PROJECT / part, folder / part, symlinks=True)
        else:
            shutil.copy(PROJECT / part, folder / part, follow_symlinks=False)
    (folder / "config/config.yaml").write_text("scale: demo\n")
    (folder / "config/tables.yaml").write_text(tables_yaml(jobs))


def make_bare(folder: Path, ours: Path, directives: str) -> int:
    """Write the same jobs as one JSON file and one Snakefile with the same profile; return their number."""
    previous = Path.cwd()
    os.chdir(ours)
    matrix = load_matrix()
    os.chdir(previous)
    content = {
        "jobs": {
            job.id: {
                "stage": job.stage,
                "needs": job.upstream.id if job.upstream else None,
                "settings": canonical_json(job.settings),
            }
            for job in matrix.jobs.values()
        },
        "tables": {
            table: list(dict.fromkeys(cell.job.id for cell in cells if cell.job))
            for table, cells in matrix.cells.items()
        },
    }
    (folder / "jobs.json").write_text(json.dumps(content))
    stages = dict.fromkeys(job.stage for job in matrix.jobs.values())
    rules = [BARE_RULE.format(stage=stage, log=directives.format(stage=stage).rstrip()) for stage in stages]
    (folder / "Snakefile").write_text(BARE + "\n".join(rules))
    shutil.copytree(ours / "workflow/profiles", folder / "profiles")
    return len(matrix.jobs)


def plan(folder: Path) -> tuple[float, float]:
    """Return the seconds of wall and of CPU time that a dry run takes."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        sys.exit(run.stdout + run.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def compare(jobs: int, rounds: int, folder: Path) -> dict[str, float]:
    """Print a line for each contender; return the median ratio of our CPU time to each of theirs."""
    contenders: dict[str, Callable[[Path], object]] = {
        "papermatrix": lambda at: make_ours(at, jobs),
        "bare, the same directives": lambda at: make_bare(at, folder / "papermatrix", LOG_AND_MORE),
        "bare, barest": lambda at: make_bare(at, folder / "papermatrix", ""),
    }
    count: object = 0
    for name, make in contenders.items():
        (folder / name).mkdir()
        count = make(folder / name)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in contenders:
            times[name].append(plan(folder / name))
    print(f"{count} jobs, {rounds} rounds")
    ours = times["papermatrix"]
    medians: dict[str, float] = {}
    for name, their_times in times.items():
        words = [f"  {name:26}"]
        for kind, index in (("wall", 0), ("CPU", 1)):
            ratios = [own[index] / other[index] for own, other in zip(ours, their_times, strict=True)]
            medians[name] = statistics.median(ratios)
            words.append(f"{kind} {statistics.median(time[index] for time in their_times):6.2f} s")
            words.append(f"(x {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f})")
        print(" ".join(words), flush=True)
    return medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for jobs in options.jobs:
        with tempfile.TemporaryDirectory() as folder:
            compare(jobs, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
