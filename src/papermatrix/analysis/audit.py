"""Finds where the reported numbers contradict each other or what the paper's own models compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import prod
from typing import Any, TypeVar

from jobkit.errors import UserError, did_you_mean
from papermatrix.analysis.facts import facts_of_rule
from papermatrix.config.fields import Number, is_number
from papermatrix.config.paper import CellName, Computed, OfRows, Pair, Product, WeightedMean
from papermatrix.config.reported import Reported, ReportedCell
from papermatrix.matrix.expand import Matrix

Rule = TypeVar("Rule", bound=OfRows)

Footnotes = Mapping[tuple[str, str], tuple[str, ...]]
"""By the labels of row and column."""
_ROUNDING = 1e-9
"""Of binary fractions, relative; far below any that was reported."""


@dataclass(frozen=True)
class Finding:
    """A reported number that cannot be right, if the numbers that it is held to are."""

    rule: str
    table: str
    row: str
    column: str
    expected: float
    found: float
    text: str
    """What is wrong, in one line."""


@dataclass(frozen=True)
class RoundedNumber:
    """A number as it was reported: anything that is rounded to it."""

    number: float
    decimals: int

    @property
    def half(self) -> float:
        """The most by which it may be off: half a unit of its last decimal."""
        return float(0.5 * 10**-self.decimals)

    def __str__(self) -> str:
        return f"{self.number:,.{self.decimals}f}"

    def like(self, number: float) -> str:
        """Write another number to as many decimals."""
        return str(RoundedNumber(number, self.decimals))

    def agrees(self, expected: float, error: float = 0.0) -> bool:
        return abs(self.number - expected) <= self.half + error + _ROUNDING * abs(expected)


def findings(
    matrix: Matrix, tables: tuple[str, ...] | None = None, *, is_partial: bool = False
) -> list[Finding]:
    """Find every contradiction in some tables, or in all, in the order of the rules.

    A `UserError` where a fact was not computed, unless partial, or, without `tables`, where a rule names a
    table that is not there.
    """
    if tables is None:
        _expect_tables(matrix)
    return list(_Auditor(matrix, tables, is_partial).findings())


def footnotes(matrix: Matrix, table: str, *, is_partial: bool = False) -> Footnotes:
    """Return a table's findings as footnotes to the authors' numbers."""
    texts: dict[tuple[str, str], tuple[str, ...]] = {}
    for finding in findings(matrix, (table,), is_partial=is_partial):
        labels = (finding.row, finding.column)
        texts[labels] = (*texts.get(labels, ()), finding.text)
    return texts


def rules_of(matrix: Matrix, table: str) -> list[Any]:
    """Return what a table's footnotes depend on: its rules, and the numbers of tables that they name."""
    audit, reported = matrix.project.paper.audit, matrix.project.reported
    of_rows = (*audit.weighted_means, *audit.products, *audit.computed)
    rules = [rule for rule in of_rows if rule.table == table]
    pairs = [pair for pair in audit.same if pair.cell.table == table]
    others = {pair.other.table: reported.get(pair.other.table, {}) for pair in pairs}
    return [
        [rule.model_dump(mode="json", by_alias=True) for rule in (*rules, *pairs)],
        [
            [*labels, [value.mean for value in cell.values]]
            for cells in others.values()
            for labels, cell in _cells(cells)
        ],
    ]


def _cells(reported: Reported) -> Iterator[tuple[tuple[str, str], ReportedCell]]:
    for row, cells in reported.items():
        for column, cell in cells.items():
            yield (row, column), cell


def _expect_tables(matrix: Matrix) -> None:
    audit, known = matrix.project.paper.audit, list(matrix.project.tables)
    named = [rule.table for rule in (*audit.weighted_means, *audit.products, *audit.computed)]
    named += [cell.table for pair in audit.same for cell in (pair.cell, pair.other)]
    if missing := [name for name in dict.fromkeys(named) if name not in known]:
        raise UserError(f"audit: table {name} is not there{did_you_mean(name, known)}" for name in missing)


class _Auditor:
    def __init__(self, matrix: Matrix, tables: tuple[str, ...] | None, is_partial: bool):
        self._matrix = matrix
        self._reported = matrix.project.reported
        self._tables = matrix.project.tables
        self._is_partial = is_partial
        self._audited = tuple(matrix.project.tables) if tables is None else tables

    def findings(self) -> Iterator[Finding]:
        audit = self._matrix.project.paper.audit
        for mean in audit.weighted_means:
            yield from self._each(mean, self._weighted_mean)
        for product in audit.products:
            yield from self._each(product, self._product)
        for pair in audit.same:
            if pair.cell.table in self._audited:
                yield from self._pair(pair)
        for computed in audit.computed:
            if computed.table in self._audited:
                yield from self._computed(computed)

    def _each(self, rule: Rule, check: Callable[[Rule, str, int], Iterator[Finding]]) -> Iterator[Finding]:
        if rule.table not in self._audited:
            return
        labels = [row.label for row in self._tables[rule.table].rows]
        for row in labels if rule.rows is None else rule.rows:
            for variant in range(max(1, len(self._tables[rule.table].variants))):
                yield from check(rule, row, variant)

    def _weighted_mean(self, rule: WeightedMean, row: str, variant: int) -> Iterator[Finding]:
        whole = self._value(rule.table, row, rule.whole, variant)
        parts = {part: self._value(rule.table, row, part, variant) for part in rule.parts}
        known = {part: value for part, value in parts.items() if value is not None}
        if whole is None or len(known) < len(parts):
            return
        total = sum(rule.parts.values())
        expected = sum(rule.parts[part] * value.number for part, value in known.items()) / total
        error = sum(rule.parts[part] * value.half for part, value in known.items()) / total
        if whole.agrees(expected, error):
            return
        weights = " : ".join(f"{weight:g}" for weight in rule.parts.values())
        text = (
            f"the mean of {', '.join(rule.parts)}, weighted {weights}, is {whole.like(expected)}, not {whole}"
        )
        repeated = [part for part, value in known.items() if value.number == whole.number]
        if repeated:
            text += f"; {' and '.join(repeated)} repeats it"
        yield Finding("weighted_mean", rule.table, row, rule.whole, expected, whole.number, text)

    def _product(self, rule: Product, row: str, variant: int) -> Iterator[Finding]:
        reported = self._value(rule.table, row, rule.product, variant)
        factors = [self._value(rule.table, row, factor, variant) for factor in rule.factors]
        known = [factor for factor in factors if factor is not None]
        if reported is None or len(known) < len(factors):
            return
        expected = prod(factor.number for factor in known) / rule.divisor
        largest = prod(abs(factor.number) + factor.half for factor in known) / rule.divisor
        if reported.agrees(expected, largest - abs(expected)):
            return
        over = "" if rule.divisor == 1 else f" / {rule.divisor:g}"
        words, numbers = " x ".join(rule.factors), " x ".join(map(str, known))
        text = f"{words}{over} is {numbers}{over} = {expected:.4g}, not {reported}"
        yield Finding("product", rule.table, row, rule.product, expected, reported.number, text)

    def _pair(self, pair: Pair) -> Iterator[Finding]:
        reported, other = self._named(pair.cell), self._named(pair.other)
        if reported is None or other is None or reported.agrees(other.number, other.half):
            return
        cell, name = pair.cell, _cell_name(pair.other)
        text = f"{pair.because}: {name} is {other}, not {reported}"
        if variant := self._variant_with(pair.other, reported):
            text += f", which is its {variant} value"
        yield Finding("same", cell.table, cell.row, cell.column, other.number, reported.number, text)

    def _computed(self, rule: Computed) -> Iterator[Finding]:
        command = " ".join(self._matrix.project.paper.audit.commands[rule.command].run[:2])
        for row, facts in facts_of_rule(self._matrix, rule):
            if self._is_partial and not facts.are_computed:
                continue
            reported = self._value(rule.table, row, rule.column, 0)
            expected = facts.expected.number(rule.path)
            if reported is None or reported.agrees(expected):
                continue
            text = f"{command} computes {reported.like(expected)}, not {reported}"
            fitting = [word for word, fact in facts.others.items() if reported.agrees(fact.number(rule.path))]
            if fitting:
                text += f", which belongs to {rule.by} {' or '.join(fitting)}"
            yield Finding("computed", rule.table, row, rule.column, expected, reported.number, text)

    def _named(self, cell: CellName) -> RoundedNumber | None:
        if cell.table not in self._tables:
            return None
        variant = self._tables[cell.table].variant_index(cell.variant)
        return self._value(cell.table, cell.row, cell.column, variant)

    def _variant_with(self, cell: CellName, value: RoundedNumber) -> str | None:
        """Return the variant of a cell whose number is this."""
        for index, variant in enumerate(self._tables[cell.table].variants):
            other = self._value(cell.table, cell.row, cell.column, index)
            if other is not None and other.number == value.number:
                return variant.label
        return None

    def _value(self, table: str, row: str, column: str, variant: int) -> RoundedNumber | None:
        """Return a reported number, to the decimals of its column; None where there is none."""
        cell = self._reported.get(table, {}).get(row, {}).get(column)
        if cell is None:
            return None
        number = cell.of(variant).mean
        if not is_number(number):
            return None
        return RoundedNumber(float(number), self._decimals(table, column))

    def _decimals(self, table: str, column: str) -> int:
        """Return the most that any number of the column has: YAML drops the zeros at a number's end."""
        cells = [cells[column] for cells in self._reported[table].values() if column in cells]
        numbers = [value.mean for cell in cells for value in cell.values if is_number(value.mean)]
        return max((_written_decimals(number) for number in numbers), default=0)


def _written_decimals(number: Number) -> int:
    exponent = Decimal(str(number)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _cell_name(cell: CellName) -> str:
    variant = f" ({cell.variant})" if cell.variant else ""
    return f"{cell.table}, {cell.row}, {cell.column}{variant}"
