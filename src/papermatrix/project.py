"""Reads all that people wrote about one paper, checks it together and reports every fault at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jobkit.errors import UserError, did_you_mean
from papermatrix import paperfile
from papermatrix.faults import parse
from papermatrix.paperfile import PaperFile, check_paper
from papermatrix.references import (
    Fault,
    check_reported,
    check_seeds,
    check_stages,
    check_table,
    in_words,
    places_of_settings,
)
from papermatrix.settings import Flat, SettingsSchema, read_schema
from papermatrix.spec import Config, Reported, ReportedFile, StagesFile, Table, TablesFile
from papermatrix.yamlfile import Document, Place, plain, read_yaml

CONFIG = Path("config/config.yaml")
DATA_ROOT = "data_root"
UNKNOWN = "_"
"""Stands for a scale that config.yaml does not state."""

ROUNDS = 3
"""Of leaving out what does not fit: what stands inside of a fault shows only without it."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Project:
    """Everything that jobs and tables are made from; settings are in canonical form."""

    config: Config
    schema: SettingsSchema
    stages: StagesFile
    when: Mapping[str, Flat]
    """With which settings each stage takes place."""
    unless: Mapping[str, Flat]
    """With which settings it does not; empty where it always does."""
    base: Flat
    """What the scale states."""
    tables: Mapping[str, Table]
    layers: Mapping[Place, Flat]
    """What each `with` of tables.yaml states, by its place there."""
    reported: Mapping[str, Reported]
    """The authors' numbers by table."""
    reported_source: str
    """What the authors' numbers are, in a sentence."""
    reported_scale: str | None
    """The scale at which ours could be compared with them."""
    paper: PaperFile
    """What the paper holds besides its tables."""
    paper_layers: Mapping[Place, Flat]
    """What each mapping of settings of its file states, by its place there."""


def load(overrides: Mapping[str, Any] | None = None, *, every_scale: bool = False) -> Project:
    """The project in this folder, with values of config.yaml replaced; a `UserError` lists all faults.

    With `every_scale`, also those of the scales that are not chosen.
    """
    faults: list[str] = []
    config_document, config = _config(overrides or {}, faults)
    schema = _schema(config.settings, faults)
    stages_document, stages = _read(StagesFile, config.stages, faults)
    tables_document, tables_file = _read(TablesFile, config.tables, faults)
    scale_document = _scale(config, faults)
    reported_document, reported_file = Document(""), None
    if config.reported:
        reported_document, reported_file = _read(ReportedFile, config.reported, faults)
    if schema is None or stages is None:
        raise UserError(_in_order(faults))

    when, unless = (
        {name: schema.read(stages_document, ("stages", name, key), faults) for name in stages.stages}
        for key in ("when", "unless")
    )
    places = list(places_of_settings(tables_document))
    layers = {place: schema.read(tables_document, place, faults) for place in places}
    faults += in_words(tables_document, (), _scales_named(places, config))
    base = schema.read(scale_document, (), faults)
    if every_scale:
        _check_other_scales(config, schema, faults)
    if stages.data_root:
        condition = schema.read(stages_document, ("data_root", "when"), faults)
        if config.data_root and condition.items() <= schema.complete(base).items():
            try:
                base[stages.data_root.setting] = absolute(config.data_root)
            except ValueError as error:
                faults.append(f"{config_document.at((DATA_ROOT,))}: {error}")

    faults += in_words(config_document, (), check_seeds((), config.seeds, schema))
    faults += in_words(stages_document, (), check_stages(stages, schema))
    tables = tables_file.tables if tables_file else _fitting_tables(tables_document)
    reported = dict(reported_file.tables) if reported_file else {}
    for name, table in tables.items():
        place = ("tables", name)
        faults += in_words(tables_document, place, check_table(table, stages, schema))
        if name in reported:
            faults += in_words(reported_document, place, check_reported(reported[name], table))
        if table.reported is not None:
            inline = (*place, "reported")
            faults += in_words(tables_document, inline, check_reported(table.reported, table))
            if name in reported:
                faults.append(f"{tables_document.at(inline)}: {config.reported} has the table's numbers too")
            reported[name] = table.reported
    paper, paper_layers = _paper(config, tables, stages, schema, faults)
    if faults:
        raise UserError(_in_order(faults))
    return Project(
        config=config,
        schema=schema,
        stages=stages,
        when=when,
        unless=unless,
        base=base,
        tables=tables,
        layers=layers,
        reported=reported,
        reported_source=reported_file.source if reported_file else "As reported by the authors.",
        reported_scale=reported_file.scale if reported_file else None,
        paper=paper,
        paper_layers=paper_layers,
    )


def _in_order(faults: Iterable[str]) -> list[str]:
    """Each fault once, by file and line."""

    def place(fault: str) -> tuple[str, int]:
        path, line, *_ = [*fault.split(":", 2), "", ""]
        return path, int(line) if line.isdecimal() else 0

    return sorted(dict.fromkeys(faults), key=place)


def scales_of(project: Project) -> dict[str, Flat]:
    """Every setting's value at each scale whose file can be read."""
    found = {project.config.scale: project.schema.complete(project.base)}
    for path in sorted(Path(project.config.scales).glob("*.yaml")):
        faults: list[str] = []
        try:
            base = project.schema.read(read_yaml(path), (), faults)
        except UserError:
            continue
        if not faults:
            found.setdefault(path.stem, project.schema.complete(base))
    return found


def reported_without_table(project: Project) -> list[str]:
    """Tables of the reported numbers that are not there: their names may be misspelt, or the tables gone."""
    unknown = [name for name in project.reported if name not in project.tables]
    if not unknown or not project.config.reported:
        return []
    document = read_yaml(Path(project.config.reported))
    known = list(project.tables)
    return [
        f"{document.at(('tables', name))}: no such table, its numbers are left out{did_you_mean(name, known)}"
        for name in unknown
    ]


def load_settings_schema(overrides: Mapping[str, Any] | None = None) -> SettingsSchema:
    """The schema of all settings alone, whatever the other files hold."""
    _, config = _config(overrides or {}, [])
    return read_schema(Path(config.settings))


def absolute(folder: str) -> str:
    """A folder's absolute path, `~` being one's home; ValueError for the home of a user that is not there."""
    try:
        return str(Path(folder).expanduser().resolve())
    except RuntimeError as error:
        raise ValueError(f"{folder!r}: {error}") from None


def _config(overrides: Mapping[str, Any], faults: list[str]) -> tuple[Document, Config]:
    """config.yaml; where it has faults, what is right of it, so that the other files are read too."""
    if not CONFIG.exists():
        raise UserError(f"{CONFIG}: no such file; run it in the project's folder")
    document = read_yaml(CONFIG)
    content = document.content if isinstance(document.content, dict) else {}
    overrides = {key: _plain(key, value) for key, value in overrides.items()}
    changed = {key: value for key, value in overrides.items() if content.get(key, ...) != value}
    lines = {place: line for place, line in document.lines.items() if place and place[0] not in changed}
    document = Document(document.path, {**content, **changed}, lines)
    try:
        return document, parse(Config, document)
    except UserError as error:
        faults += error.lines
        fitting = {key: value for key, value in document.content.items() if _fits(key, value)}
        return document, Config.model_validate({"scale": UNKNOWN, **fitting})


def _plain(key: str, value: Any) -> Any:
    try:
        return plain(value)
    except ValueError as error:
        raise UserError(f"--config {key}: {error}") from None


def _fits(key: str, value: Any) -> bool:
    try:
        Config.model_validate({"scale": UNKNOWN, key: value})
    except ValidationError:
        return False
    return True


def _read(model: type[Model], path: str, faults: list[str]) -> tuple[Document, Model | None]:
    document = Document(path)
    try:
        document = read_yaml(Path(path))
        return document, parse(model, document)
    except UserError as error:
        faults += error.lines
        return document, None


def _paper(
    config: Config, tables: dict[str, Table], stages: StagesFile, schema: SettingsSchema, faults: list[str]
) -> tuple[PaperFile, dict[Place, Flat]]:
    """What paper.yaml holds, and the settings in it."""
    if config.paper is None:
        return PaperFile(), {}
    document, file = _read(PaperFile, config.paper, faults)
    places = paperfile.places_of_settings(document)
    layers = {place: schema.read(document, place, faults) for place in places}
    if file is not None:
        faults += in_words(document, (), check_paper(file, tables, stages, schema, _scale_names(config)))
    return file or PaperFile(), layers


def _schema(path: str, faults: list[str]) -> SettingsSchema | None:
    try:
        return read_schema(Path(path))
    except UserError as error:
        faults += error.lines
        return None


def _scale(config: Config, faults: list[str]) -> Document:
    path = Path(config.scales) / f"{config.scale}.yaml"
    if config.scale == UNKNOWN:
        return Document(str(path))
    try:
        if not path.exists():
            raise UserError(f"{path}: no such scale{did_you_mean(config.scale, _scale_names(config))}")
        return read_yaml(path)
    except UserError as error:
        faults += error.lines
        return Document(str(path))


def _check_other_scales(config: Config, schema: SettingsSchema, faults: list[str]) -> None:
    for name in _scale_names(config):
        if name != config.scale:
            try:
                schema.read(read_yaml(Path(config.scales) / f"{name}.yaml"), (), faults)
            except UserError as error:
                faults += error.lines


def _scale_names(config: Config) -> list[str]:
    return sorted(path.stem for path in Path(config.scales).glob("*.yaml"))


def _scales_named(places: Iterable[Place], config: Config) -> Iterator[Fault]:
    """Scales that an `at` names, and that are not there."""
    known = _scale_names(config)
    for place in places:
        if place[-2] == "at" and place[-1] not in known:
            yield place, f"no such scale{did_you_mean(str(place[-1]), known)}"


def _fitting_tables(document: Document) -> dict[str, Table]:
    """Of a file with faults, what fits of each table: the rest of it is checked all the same."""
    fitting = {}
    tables = document.value(("tables",))
    for name, content in tables.items() if isinstance(tables, dict) else ():
        content = copy.deepcopy(content)
        for _ in range(ROUNDS):
            try:
                fitting[name] = Table.model_validate(content)
                break
            except ValidationError as error:
                _leave_out(content, error)
    return fitting


def _leave_out(content: Any, error: ValidationError) -> None:
    """Takes out of a table what does not fit, and puts a word that is not another's where one is missing."""
    for fault in error.errors():
        *above, last = [step for step in fault["loc"] if step != "[key]"] or [""]
        inner = content
        for step in above:
            is_there = isinstance(inner, dict | list) and (isinstance(step, int) or step in inner)
            inner = inner[step] if is_there else inner
        if isinstance(inner, dict):
            inner.pop(last, None)
            if fault["type"] == "missing":
                inner[last] = f"{UNKNOWN}{id(inner)}"
