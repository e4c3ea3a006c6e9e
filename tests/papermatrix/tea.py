"""A small paper about tea: leaves are dried, perhaps steeped, and tasted. Nothing here knows of beams."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobkit.failure import record_failure
from jobkit.result import Cost, Result, write_result
from papermatrix.config.metric import Metric
from papermatrix.matrix.expand import Matrix, load_matrix
from papermatrix.matrix.jobs import Job

SETTINGS = {
    "type": "object",
    "$defs": {
        "Leaf": {
            "type": "object",
            "properties": {
                "published": {"type": "boolean", "default": False},
                "kind": {"enum": ["green", "black"], "type": "string", "default": "green"},
                "grams": {"type": "number", "default": 2.0, "exclusiveMinimum": 0},
                "notes": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {"enum": ["sweet", "bitter", "smoky"], "type": "string"},
                    "default": ["sweet"],
                },
                "dust": {"type": "boolean", "default": False, "x-published": True},
                "filter": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
            },
        }
    },
    "properties": {
        "leaf": {"$ref": "#/$defs/Leaf"},
        "steep": {
            "type": "object",
            "properties": {
                "enabled": {"type": "boolean", "default": False},
                "minutes": {"type": "integer", "default": 3, "minimum": 1},
            },
        },
        "cup": {"type": "object", "properties": {"colour": {"type": "string", "default": "white"}}},
        "seed": {"type": "integer", "default": 100, "minimum": 0},
    },
}
CONFIG = """
scale: small
"""
SCALE = """
leaf.grams: 1
"""
STAGES = """
scores: taste
header: {kind: leaf.kind}
stages:
  dry: {uses: [leaf, seed], slug: "{{ leaf.kind }}-{{ leaf.notes | initials }}"}
  steep: {needs: dry, uses: [steep], when: {steep.enabled: true}}
  taste: {needs: steep, uses: [cup]}
"""
TABLES = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
      - {label: black, with: {leaf.kind: black}}
      - {label: steeped, with: {steep.enabled: true}}
    columns:
      - label: white cup
      - {label: blue cup, with: {cup.colour: blue}}
"""


OF_OTHER_SOURCE = {"source": [{"jobkit.digest": "of another day"}]}
"""Provenance of a result that other code made than today's, of a stage whose source is jobkit.digest."""


class Paper:
    """The files of one paper, in the current folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.write("config/config.yaml", CONFIG)
        self.write("config/settings.schema.json", json.dumps(SETTINGS))
        self.write("config/scales/small.yaml", SCALE)
        self.write("config/stages.yaml", STAGES)
        self.write("config/tables.yaml", TABLES)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))

    def setting(self, key: str, schema: dict[str, Any]) -> None:
        """Declare a setting, in place of one of that name."""
        path = self.folder / "config/settings.schema.json"
        content, (section, name) = json.loads(path.read_text()), key.split(".")
        content["$defs"][section.title()]["properties"][name] = schema
        path.write_text(json.dumps(content))

    def tables(self, text: str) -> Matrix:
        """Return the matrix of other tables."""
        self.write("config/tables.yaml", text)
        return self.matrix()

    def matrix(self, **overrides: Any) -> Matrix:
        return load_matrix(overrides)


def finish(job: Job, scores: Mapping[str, Any] | None = None, **fields: Any) -> None:
    """Write a job's result."""
    job.folder.mkdir(parents=True, exist_ok=True)
    given = {"cost": Cost(seconds=60.0, device_hours=0.5), **fields}
    write_result(job.folder, Result(stage=job.stage, id=job.id, scores=dict(scores or {}), **given))


@dataclass(frozen=True)
class CellRun:
    """One seed of a cell, by its labels."""

    row: str
    column: str
    variant: str | None
    seed: int | None
    job: Job | None
    metric: Metric | None
    name: str = ""
    value: Any = None


def runs(matrix: Matrix, table: str = "cups") -> list[CellRun]:
    """Return every seed of every cell of a table, in its order; one of those that no job makes."""
    return [
        CellRun(*cell.labels, cell.variant_label, seed, job, cell.metric, cell.name, cell.value)
        for cell in matrix.cells[table]
        for seed, job in [(run.seed, run.job) for run in cell.runs] or [(None, None)]
    ]


def fail(job: Job, log: str, exit_code: int = 1) -> None:
    """Leave what a process leaves that ended with an error, or by a signal."""
    job.folder.mkdir(parents=True, exist_ok=True)
    (job.folder / "log.txt").write_text(log)
    record_failure(job.folder, exit_code, 0)


def finish_all(matrix: Matrix, flavour: Callable[[CellRun], Any] = lambda run: 0.5, **fields: Any) -> None:
    """Write the results of all jobs; a cell's flavour is what the function says."""
    for job in matrix.jobs.values():
        finish(job, **fields)
    for table in matrix.cells:
        for run in runs(matrix, table):
            if run.job and run.job.stage == "taste":
                finish(run.job, {"flavour": flavour(run)}, **fields)
