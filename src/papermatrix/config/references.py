"""Whether the names in one file find what they refer to in another.

Each check yields key paths in its file and what is wrong there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobkit.errors import did_you_mean, nearest, one_line
from jobkit.folder import LOG
from jobkit.ledger import LEDGER
from jobkit.result import RESULT, SETTINGS
from jobkit.settings import Flat, nested
from jobkit.source import why_no_source
from jobkit.validation import show
from jobkit.yaml12 import KeyPath
from papermatrix.config.config_file import Config
from papermatrix.config.fields import is_number
from papermatrix.config.metric import parse_metric
from papermatrix.config.reported import Reported, ReportedCell
from papermatrix.config.settings_schema import Issue, SettingsSchema
from papermatrix.config.stages import Stage, StagesFile
from papermatrix.config.stand_in import is_stand_in
from papermatrix.config.tables import SEED, Column, Level, Row, Table
from papermatrix.config.templates import holds, render_slug

ALWAYS_KEPT = (RESULT, SETTINGS, LEDGER, LOG)
"""Files that a result is nothing without, or that tell of it."""


@dataclass(frozen=True)
class Known:
    """What names can refer to."""

    schema: SettingsSchema
    stages: StagesFile
    scales: Sequence[str]
    tables: Mapping[str, Table]
    with_sources: bool = True
    """Whether modules have to be there."""

    def setting(self, path: KeyPath, key: str) -> Iterator[Issue]:
        if key not in self.schema.settings:
            yield path, self.schema.unknown(key)

    def stage(self, path: KeyPath, stage: str) -> Iterator[Issue]:
        yield from one_of(path, "stage", stage, self.stages.stages)

    def scale(self, path: KeyPath, scale: str) -> Iterator[Issue]:
        if scale not in self.scales and not is_stand_in(scale):
            yield path, f"no such scale{did_you_mean(scale, self.scales)}"

    def uses(self, path: KeyPath, keys: Sequence[str]) -> Iterator[Issue]:
        for index, key in enumerate(keys):
            if not self.schema.keys_of(key):
                yield (*path, index), self.schema.unknown(key)

    def source(self, path: KeyPath, names: Sequence[str]) -> Iterator[Issue]:
        """Check that modules and files are where results are held to them; nothing is imported."""
        for name in names if self.with_sources else ():
            if (message := why_no_source(name)) is not None:
                yield path, message

    def metric(self, path: KeyPath, text: str) -> Iterator[Issue]:
        try:
            metric = parse_metric(text, self.stages.stages, self.stages.scores)
        except ValueError as error:
            yield path, str(error)
            return
        if metric.stage in self.stages.stages:
            for message in self.stages.unknown_score(metric, self.schema.choices):
                yield path, message

    def seeds(self, path: KeyPath, seeds: tuple[int, ...] | None) -> Iterator[Issue]:
        if seeds and SEED not in self.schema.settings:
            yield (*path, "seeds"), f"seeds are given, but jobs know no setting {SEED}"
            return
        for index, seed in enumerate(seeds or ()):
            if message := self.schema.settings[SEED].mismatch(seed):
                yield (*path, "seeds", index), message

    def not_setting_of(self, stage: str, key: str) -> Iterator[str]:
        """Yield what is wrong with a key that is to be a setting of a stage's jobs."""
        if key not in self.schema.settings:
            yield self.schema.unknown(key)
        elif key not in self.settings_of(stage):
            yield f"no setting of {stage}, nor of a stage before it"

    def settings_of(self, stage: str) -> list[str]:
        """Return the settings that a stage's jobs are given: those that it and the stages before it use."""
        stages = (*self.stages.before(stage), stage)
        uses = (used for name in stages for used in self.stages.stages[name].uses)
        return self.schema.keys_of(*uses)


def one_of(path: KeyPath, kind: str, name: str, known: Iterable[str]) -> Iterator[Issue]:
    """Check that a name is known; where one is missing there, a name like no other may be meant for it."""
    names = list(known)
    words = [word for word in names if not is_stand_in(word)]
    if name in names or is_stand_in(name) or (len(words) < len(names) and nearest(name, words) is None):
        return
    yield path, f"unknown {kind}{did_you_mean(name, words)}"


def check_data_root(config: Config, stages: StagesFile, settings: Flat) -> Iterator[Issue]:
    """Check that the folder of the recorded data is there, where jobs with these settings read it."""
    needs = (stage.reads_data_root for stage in stages.stages.values())
    is_read = any(need is not None and need.items() <= settings.items() for need in needs)
    if is_read and config.data_folder and not config.data_folder.is_dir():
        yield ("data_root",), f"no such folder {config.data_root!r}"


def check_stages(known: Known, written: Collection[str]) -> Iterator[Issue]:
    """Check stages.yaml; `written` are its outermost keys."""
    file = known.stages
    yield from known.stage(("scores",), file.scores)
    for label, key in file.header.items():
        yield from known.setting(("header", label), key)
    header_scores = "counted" if "counted" in written else "header_scores"
    for label, metric in file.header_scores.items():
        yield from known.metric((header_scores, label), metric)
    yield from known.source(("settings_modules",), file.settings_modules)
    for name, stage in file.stages.items():
        for inner, message in _stage(name, stage, known):
            yield ("stages", name, *inner), message


def _stage(name: str, stage: Stage, known: Known) -> Iterator[Issue]:
    yield from known.uses(("uses",), stage.uses)
    yield from known.source(("source",), stage.source)
    for index, file in enumerate(stage.checkpoint):
        if file in ALWAYS_KEPT:
            yield (
                ("checkpoint", index),
                f"{file} is kept with every result; expected a file that can be missed",
            )
    if stage.needs is not None and stage.needs not in known.stages.stages:
        yield from known.stage(("needs",), stage.needs)
    elif name in known.stages.before(name):
        yield ("needs",), "the stage needs itself"
    for index, score in enumerate(stage.scores or ()):
        for key in score.keys:
            yield from (
                (("scores", index), f"{key}: {message}") for message in known.not_setting_of(name, key)
            )
    yield from _part(stage, known)
    defaults = known.schema.complete({})
    try:
        render_slug(stage.slug, nested({key: defaults[key] for key in known.settings_of(name)}))
    except ValueError as error:
        yield ("slug",), str(error)
    for index, ignored in enumerate(stage.ignores):
        path: KeyPath = ("ignores", index)
        yield from known.uses((*path, "settings"), ignored.settings)
        try:
            holds(ignored.when, nested(defaults))
        except ValueError as error:
            yield (*path, "when"), str(error)


def _part(stage: Stage, known: Known) -> Iterator[Issue]:
    """Check that a part of the data is that of scores which the stage declares."""
    if not isinstance(stage.part, dict) or stage.scores is None:
        return
    names = (name for score in stage.scores for name in score.pattern.names(known.schema.choices))
    scores = list(dict.fromkeys(name.partition(".")[0] for name in names))
    for score in stage.part if "*" not in scores else ():
        yield from one_of(("part", score), "score", score, scores)


def check_table(table: Table, known: Known) -> Iterator[Issue]:
    """Check one table of tables.yaml."""
    for kind, levels in (("rows", table.rows), ("columns", table.columns), ("variants", table.variants)):
        yield from _labels(kind, [level.label for level in levels])
        yield from _labels(kind, [level.shown for level in levels])
    for path, level in _levels(table):
        yield from known.seeds(path, level.seeds)
        for scale in level.at:
            yield from known.scale((*path, "at", scale), scale)
    if table.transpose and table.compare is True:
        yield ("transpose",), "goes with compare: compact, not with columns of three parts"
    if table.metric is not None:
        yield from known.metric(("metric",), table.metric)
    for index, column in enumerate(table.columns):
        for inner, message in _column(column, table, known):
            yield ("columns", index, *inner), message
    columns = [column.label for column in table.columns]
    for index, row in enumerate(table.rows):
        for label in row.values:
            yield from one_of(("rows", index, "values", label), "column", label, columns)


def _levels(table: Table) -> Iterator[tuple[KeyPath, Level]]:
    """Return a table, its rows, columns and variants, each with its key path."""
    yield (), table
    kinds: dict[str, Sequence[Level]] = {
        "rows": table.rows, "columns": table.columns, "variants": table.variants,
    }  # fmt: skip
    for kind, levels in kinds.items():
        for index, level in enumerate(levels):
            yield (kind, index), level


def _labels(kind: str, labels: list[str]) -> Iterator[Issue]:
    """Check that labels can be told apart by what is seen of them."""
    visible = [one_line(label) for label in labels]
    for index, label in enumerate(visible):
        if not label:
            yield (kind, index, "label"), f"expected a label that can be seen, found {labels[index]!r}"
        elif (first := visible.index(label)) < index:
            yield (kind, index, "label"), f"{kind}[{first}] is called {label!r} too"


def _column(column: Column, table: Table, known: Known) -> Iterator[Issue]:
    if column.derivation is not None:
        return
    if column.show is None:
        if column.metric is not None:
            yield from known.metric(("metric",), column.metric)
        elif table.metric is None and any(
            not row.derivation and column.label not in row.values for row in table.rows
        ):
            yield (), "neither the column nor the table states a metric"
        for key in column.model_fields_set & {"equals", "names"}:
            yield (key,), "goes with show only"
        return
    if column.better not in (None, "none"):
        yield ("better",), "of settings none is better"
    if column.metric is not None:
        yield ("metric",), "a column has either a metric or show"
    yield from known.setting(("show",), column.show)
    setting = known.schema.settings.get(column.show)
    if setting and column.equals is not None and not setting.holds(column.equals):
        yield ("equals",), f"{column.show} is never {show(column.equals)}"


def check_reported(reported: Reported, table: Table) -> Iterator[Issue]:
    """Check a table's reported numbers."""
    rows = {row.label: row for row in table.rows}
    columns = {column.label: column for column in table.columns}
    for label, cells in reported.items():
        yield from one_of((label,), "row", label, rows)
        for name, cell in cells.items():
            yield from one_of((label, name), "column", name, columns)
            count, variants = len(cell.values), len(table.variants)
            if count not in (1, variants):
                yield (label, name), f"{count} values, but the table has {variants} variants"
            if label in rows and name in columns and not _has_width(cell, rows[label], columns[name], table):
                tolerance = table.tolerance_of(columns[name], cell)
                yield (label, name), f"expected its sd, since its tolerance is {tolerance}"


def _has_width(cell: ReportedCell, row: Row, column: Column, table: Table) -> bool:
    """Return whether a tolerance in standard deviations finds one wherever the cell is compared."""
    tolerance = table.tolerance_of(column, cell)
    is_compared = not cell.suspect and not column.show and column.label not in row.values
    return (
        tolerance is None
        or not is_compared
        or all(not is_number(v.mean) or tolerance.around(v.mean, v.sd) is not None for v in cell.values)
    )
