"""Facts that a declared command computes from a row's settings, each once, whatever the scale."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobkit.digest import canonical_json, digest
from jobkit.errors import UserError, did_you_mean, reason
from jobkit.files import read_json, write_json
from jobkit.settings import Flat
from jobkit.source import parse_source, source_digests
from papermatrix.config.fields import is_number
from papermatrix.config.metric import LARGEST
from papermatrix.config.outputs import RESULTS
from papermatrix.config.paper import Command, Computed
from papermatrix.config.tables import Row
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import DIGITS

FACTS = RESULTS / "facts"
SCALE, SETTINGS = "{scale}", "{settings}"
TIMEOUT = 900
"""Seconds that a command may take."""


@dataclass(frozen=True)
class Fact:
    """One call of a command."""

    id: str
    run: tuple[str, ...] = field(repr=False)

    @property
    def path(self) -> Path:
        return FACTS / f"{self.id}.json"

    def compute(self) -> None:
        """Run the command and keep its answer; a `UserError` with its last words where it fails."""
        write_json(self.path, {"run": list(self.run), "answer": _answer(self.run)})

    def number(self, path: str) -> float:
        """Return a number of the command's answer, by its dotted path; a `UserError` if there is none."""
        if not self.path.exists():
            raise UserError(f"{self.path}: not computed yet; `papermatrix audit` does")
        content = read_json(self.path)
        if not isinstance(content, dict) or "answer" not in content:
            raise UserError(f"{self.path}: not the answer of a command; remove it")
        value = content["answer"]
        for step in path.split("."):
            if not isinstance(value, Mapping) or step not in value:
                hint = did_you_mean(step, list(value)) if isinstance(value, Mapping) else ""
                raise UserError(f"{self.path}: {path}: no {step} in the answer of {self.run[0]}{hint}")
            value = value[step]
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
            raise UserError(f"{self.path}: {path}: not a finite number")
        return value


@dataclass(frozen=True)
class FactsOfRow:
    """What a rule compares a row's reported number with."""

    expected: Fact
    others: Mapping[str, Fact]
    """By the words that the row could have had instead."""

    @property
    def are_computed(self) -> bool:
        return all(fact.path.exists() for fact in (self.expected, *self.others.values()))


def facts_of_rule(matrix: Matrix, rule: Computed) -> Iterator[tuple[str, FactsOfRow]]:
    """Yield the facts that a computed rule needs, by its rows' labels."""
    reported = matrix.project.reported.get(rule.table, {})
    for row in matrix.project.tables[rule.table].rows:
        cells = reported.get(row.label, {})
        is_reported = rule.column in cells and is_number(cells[rule.column].of(0).mean)
        if (rule.rows is not None and row.label not in rule.rows) or not is_reported:
            continue
        stated = _of_row(matrix, rule, row) | rule.with_
        if rule.by is None:
            yield row.label, FactsOfRow(_fact(matrix, rule, stated), {})
            continue
        word = cells[rule.by].of(0).mean if rule.by in cells else None
        if word is None:
            continue
        facts = {choice.word: _fact(matrix, rule, stated | choice.with_) for choice in rule.choices}
        if word not in facts:
            hint = did_you_mean(str(word), list(facts))
            raise UserError(f"audit.computed, {rule.table}: no choice for {rule.by} {word!r}{hint}")
        yield row.label, FactsOfRow(facts[str(word)], {w: f for w, f in facts.items() if w != word})


def facts_of_table(matrix: Matrix, table: str) -> dict[str, Fact]:
    """Return every fact that the footnotes of a table need."""
    return {
        fact.id: fact
        for rule in matrix.project.paper.audit.computed
        if rule.table == table and table in matrix.cells
        for _, facts in facts_of_rule(matrix, rule)
        for fact in (facts.expected, *facts.others.values())
    }


def all_facts(matrix: Matrix) -> dict[str, Fact]:
    return {name: fact for table in matrix.cells for name, fact in facts_of_table(matrix, table).items()}


def _of_row(matrix: Matrix, rule: Computed, row: Row) -> Flat:
    """Return what the table and the row state at the scale of the reported numbers."""
    scale = matrix.project.reported_scale or matrix.project.config.scale
    return matrix.project.tables[rule.table].settings(scale) | row.settings(scale)


def _fact(matrix: Matrix, rule: Computed, stated: Flat) -> Fact:
    project = matrix.project
    command = project.paper.audit.commands[rule.command]
    scale = project.reported_scale or project.config.scale
    used = {
        key: value
        for key, value in sorted(stated.items())
        if any(key == name or key.startswith(f"{name}.") for name in command.uses)
    }
    run = tuple(_words(command, scale, used))
    source = source_digests(parse_source(command.source)) if command.source else None
    return Fact(f"{rule.command}-{digest({'run': run, 'source': source})[:DIGITS]}", run)


def _words(command: Command, scale: str, settings: Flat) -> Iterator[str]:
    for word in command.run:
        if word != SETTINGS:
            yield word.replace(SCALE, scale)
            continue
        for key, value in settings.items():
            for part in command.setting:
                yield part.replace("{key}", key).replace("{value}", canonical_json(value))


def _answer(run: tuple[str, ...]) -> Any:
    program = shutil.which(run[0], path=f"{os.environ.get('PATH', '')}:{Path(sys.executable).parent}")
    if program is None:
        raise UserError(f"{run[0]}: no such program")
    try:
        done = subprocess.run([program, *run[1:]], capture_output=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise UserError(f"{' '.join(run)}: took longer than {TIMEOUT} s") from None
    if done.returncode != 0:
        raise UserError(
            [
                f"{' '.join(run)}: exit code {done.returncode}",
                *done.stderr.decode(errors="replace").strip().splitlines()[-3:],
            ]
        )
    try:
        answer = json.loads(done.stdout)
        json.dumps(answer, allow_nan=False)
        return answer
    except (ValueError, RecursionError) as error:
        raise UserError(f"{' '.join(run)}: printed no JSON ({reason(error)})") from None
