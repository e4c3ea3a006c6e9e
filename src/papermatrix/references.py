"""What the form of a file cannot show: whether the names in it find what they refer to.

Each check yields places in its file and what is wrong there.
"""

from __future__ import annotations

from collections.abc import Iterator

from jobkit.errors import did_you_mean
from jobkit.provenance import why_no_source
from papermatrix.digest import render_slug
from papermatrix.escape import one_line
from papermatrix.metric import parse_metric
from papermatrix.settings import SettingsSchema, nested
from papermatrix.spec import Column, Reported, StagesFile, Table
from papermatrix.yamlfile import Document, Place

Fault = tuple[Place, str]
SEED = "seed"
"""The setting that a level's seeds are values of."""


def places_of_settings(document: Document) -> Iterator[Place]:
    """Every `with` and `at` that tables.yaml can have, also where the file has faults elsewhere."""
    for level in _levels(document):
        yield (*level, "with")
        scales = document.value((*level, "at"))
        for scale in scales if isinstance(scales, dict) else ():
            yield (*level, "at", scale)


def _levels(document: Document) -> Iterator[Place]:
    tables = document.value(("tables",))
    for name, table in tables.items() if isinstance(tables, dict) else ():
        yield ("tables", name)
        for kind in ("rows", "columns", "variants"):
            levels = document.value(("tables", name, kind)) if isinstance(table, dict) else None
            for index in range(len(levels) if isinstance(levels, list) else 0):
                yield ("tables", name, kind, index)


def check_stages(file: StagesFile, schema: SettingsSchema) -> Iterator[Fault]:
    names, defaults = list(file.stages), schema.complete({})
    if file.scores not in names:
        yield ("scores",), f"unknown stage{did_you_mean(file.scores, names)}"
    for label, key in file.header.items():
        if key not in schema.settings:
            yield ("header", label), schema.unknown(key)
    for label, metric in file.counted.items():
        yield from _metric(("counted", label), metric, file)
    if file.data_root and file.data_root.setting not in schema.settings:
        yield ("data_root", "setting"), schema.unknown(file.data_root.setting)
    for name, stage in file.stages.items():
        place = ("stages", name)
        for index, key in enumerate(stage.uses):
            if not schema.keys_of(key):
                yield (*place, "uses", index), schema.unknown(key)
        yield from check_source((*place, "source"), stage.source)
        if stage.needs is not None and stage.needs not in names:
            yield (*place, "needs"), f"unknown stage{did_you_mean(stage.needs, names)}"
        elif name in _stages_before(file, name):
            yield (*place, "needs"), "the stage needs itself"
        try:
            visible = settings_of(file, name, schema)
            render_slug(stage.slug, nested({key: defaults[key] for key in visible}))
        except ValueError as error:
            yield (*place, "slug"), str(error)


def check_source(place: Place, module: str | None) -> Iterator[Fault]:
    """Whether the source of a module is where its results would be held to it; the module is not imported."""
    if module is not None and (fault := why_no_source(module)) is not None:
        yield place, fault


def settings_of(file: StagesFile, name: str, schema: SettingsSchema) -> list[str]:
    """The settings that a stage's jobs are given: those that it and the stages before it use."""
    stages = (*_stages_before(file, name), name)
    return [key for stage in stages for used in file.stages[stage].uses for key in schema.keys_of(used)]


def _stages_before(file: StagesFile, name: str) -> list[str]:
    before: list[str] = []
    needs = file.stages[name].needs
    while needs in file.stages and needs not in before:
        before.append(needs)
        needs = file.stages[needs].needs
    return before


def check_table(table: Table, stages: StagesFile, schema: SettingsSchema) -> Iterator[Fault]:
    yield from _labels("rows", [level.label for level in table.rows])
    yield from _labels("columns", [level.label for level in table.columns])
    yield from _labels("variants", [level.label for level in table.variants])
    if table.metric is not None:
        yield from _metric(("metric",), table.metric, stages)
    for index, column in enumerate(table.columns):
        for inner, fault in _column(column, table, stages, schema):
            yield ("columns", index, *inner), fault
    columns = [column.label for column in table.columns]
    for index, row in enumerate(table.rows):
        for label in row.values:
            if label not in columns:
                yield ("rows", index, "values", label), f"unknown column{did_you_mean(label, columns)}"
    yield from check_seeds((), table.seeds, schema)
    for kind, levels in (("rows", table.rows), ("columns", table.columns), ("variants", table.variants)):
        for index, level in enumerate(levels):
            yield from check_seeds((kind, index), level.seeds, schema)


def check_seeds(above: Place, seeds: tuple[int, ...] | None, schema: SettingsSchema) -> Iterator[Fault]:
    """Seeds are values of the setting of that name."""
    if seeds and SEED not in schema.settings:
        yield (*above, "seeds"), f"seeds are given, but jobs know no setting {SEED}"
        return
    for index, seed in enumerate(seeds or ()):
        if fault := schema.settings[SEED].fault(seed):
            yield (*above, "seeds", index), fault


def _labels(kind: str, labels: list[str]) -> Iterator[Fault]:
    """A label is told from others by what is seen of it."""
    seen = [one_line(label) for label in labels]
    for index, label in enumerate(seen):
        if not label:
            yield (kind, index, "label"), f"expected a label that can be seen, found {labels[index]!r}"
        elif (first := seen.index(label)) < index:
            yield (kind, index, "label"), f"{kind}[{first}] is called {label!r} too"


def _column(column: Column, table: Table, stages: StagesFile, schema: SettingsSchema) -> Iterator[Fault]:
    if column.show is None:
        if column.metric is not None:
            yield from _metric(("metric",), column.metric, stages)
        elif table.metric is None and any(column.label not in row.values for row in table.rows):
            yield (), "neither the column nor the table states a metric"
        for key in column.model_fields_set & {"equals", "names"}:
            yield (key,), "goes with show only"
        return
    if column.better not in (None, "none"):
        yield ("better",), "of settings none is better"
    if column.metric is not None:
        yield ("metric",), "a column has either a metric or show"
    if column.show not in schema.settings:
        yield ("show",), schema.unknown(column.show)
    elif column.equals is not None and not schema.settings[column.show].holds(column.equals):
        yield ("equals",), f"{column.show} is never {column.equals!r}"


def _metric(place: Place, text: str, stages: StagesFile) -> Iterator[Fault]:
    try:
        parse_metric(text, stages.stages, stages.scores)
    except ValueError as error:
        yield place, str(error)


def check_reported(reported: Reported, table: Table) -> Iterator[Fault]:
    rows = [row.label for row in table.rows]
    columns = [column.label for column in table.columns]
    for label, cells in reported.items():
        if label not in rows:
            yield (label,), f"unknown row{did_you_mean(label, rows)}"
        for column, cell in cells.items():
            if column not in columns:
                yield (label, column), f"unknown column{did_you_mean(column, columns)}"
            count, variants = len(cell.each), len(table.variants)
            if count not in (1, variants):
                yield (label, column), f"{count} values, but the table has {variants} variants"


def in_words(document: Document, above: Place, faults: Iterator[Fault]) -> list[str]:
    """Faults as lines for the user; `above` is where in the document their places begin."""
    return [f"{document.at((*above, *place))}: {fault}" for place, fault in faults]
