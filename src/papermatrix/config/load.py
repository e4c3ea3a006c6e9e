"""Reads all that people wrote about one paper, checks it together and reports everything wrong at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jobkit.errors import Diagnostic, UserError, did_you_mean, nearest
from jobkit.settings import Flat
from jobkit.validation import parse
from jobkit.yaml12 import Document, KeyPath, read_yaml, resolved
from papermatrix.config.config_file import Config, ConfigDocument
from papermatrix.config.derived_references import check_derived
from papermatrix.config.fields import SETTINGS
from papermatrix.config.labels import fill_labels
from papermatrix.config.numerals import with_whole_numbers
from papermatrix.config.outputs import FOLDERS, RESULTS, Outputs, outputs_of
from papermatrix.config.paper import PaperFile
from papermatrix.config.paper_references import check_paper
from papermatrix.config.references import Known, check_data_root, check_reported, check_stages, check_table
from papermatrix.config.repeated import with_repeated
from papermatrix.config.reported import Reported, ReportedFile
from papermatrix.config.schema_age import why_outdated
from papermatrix.config.settings_schema import Issue, SettingsSchema, read_schema
from papermatrix.config.stages import StagesFile
from papermatrix.config.stand_in import is_stand_in, stand_in
from papermatrix.config.tables import Table, TablesFile

CONFIG = Path("config/config.yaml")
ROUNDS = 3
"""Of leaving out what does not fit: what stands inside of it shows only without it."""
HOLDS_NUMBERS: dict[type[BaseModel], Callable[[KeyPath], bool]] = {
    ReportedFile: lambda path: path[:1] == ("tables",),
    TablesFile: lambda path: path[2:3] == ("reported",) or path[4:5] == ("values",),
}
"""In which lists of a file `0,8883` is one number that was written with a comma."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Project:
    """Everything that jobs and tables are made from; settings are in canonical form."""

    config: Config
    schema: SettingsSchema
    stages: StagesFile
    base: Flat
    """What the scale states."""
    tables: Mapping[str, Table]
    reported: Mapping[str, Reported]
    """The authors' numbers by table."""
    reported_source: str
    """What the authors' numbers are, in a sentence."""
    reported_scale: str | None
    """The scale at which ours could be compared with them."""
    as_reported: Mapping[str, Table]
    """The tables with labels for that scale, where it is another that is known."""
    paper: PaperFile
    """What the paper holds besides its tables."""
    outputs_by_scale: Mapping[str, Outputs]
    """The files that are rendered at each scale."""

    @property
    def outputs(self) -> Outputs:
        """The files that are rendered at the chosen scale."""
        return self.outputs_by_scale[self.config.scale]


def load(
    overrides: Mapping[str, Any] | None = None, *, thorough: bool = False, with_sources: bool = True
) -> Project:
    """Load the project in this folder, with values of config.yaml replaced.

    A `UserError` has every diagnostic of every file; with `thorough`, also of scales that are not chosen and
    of what only jobs need: the folder of the data, and a schema of the settings that is of today. Without
    `with_sources` none of modules that are not there.
    """
    return _Loader(overrides or {}).load(thorough, with_sources)


class _Loader:
    """Reads one file after the other and keeps what is wrong with each."""

    def __init__(self, overrides: Mapping[str, Any]):
        self._diagnostics: list[Diagnostic] = []
        self._config_document, self.config = self._read_config(overrides)
        self._scales = scale_names(self.config)
        self._context: dict[str, Any] | None = None

    def load(self, thorough: bool, with_sources: bool) -> Project:
        config = self.config
        schema = self._try(lambda: read_schema(self.file("settings")))
        if schema is not None:
            self._context = {SETTINGS: schema}
        stages_document, stages = self._read(StagesFile, "stages")
        tables_document, tables_file = self._read(TablesFile, "tables")
        reported_document, reported_file = Document(""), None
        if config.reported:
            reported_document, reported_file = self._read(ReportedFile, "reported")
        base = self._base(schema, every_scale=thorough)
        if schema is None or stages is None:
            raise self._error()
        if thorough:
            self._check(self._config_document, (), check_data_root(config, stages, schema.complete(base)))
            if message := why_outdated(Path(config.settings)):
                self._diagnostics.append(Diagnostic(message, config.settings))
        tables = tables_file.tables if tables_file else self._fitting_tables(tables_document)
        of_reported = self._as_reported(tables, reported_file, tables_document, schema)
        tables = self._with_labels(tables, tables_document, config.scale, base, schema)
        known = Known(schema, stages, self._scales, tables, with_sources)
        self._check(self._config_document, (), known.seeds((), config.seeds))
        self._check(stages_document, (), check_stages(known, stages_document.content))
        for name, table in tables.items():
            self._check(tables_document, ("tables", name), check_table(table, known))
            self._check(tables_document, ("tables", name), check_derived(table))
        reported = dict(reported_file.tables) if reported_file else {}
        for name, numbers in reported.items():
            if name in tables:
                self._check(reported_document, ("tables", name), check_reported(numbers, tables[name]))
        self._add_inline_reported(tables, reported, tables_document)
        paper = self._read_paper(known)
        if self._diagnostics:
            raise self._error()
        return Project(
            config=config,
            schema=schema,
            stages=stages,
            base=base,
            tables=tables,
            reported=reported,
            reported_source=reported_file.source if reported_file else "As reported by the authors.",
            reported_scale=reported_file.scale if reported_file else None,
            as_reported=of_reported,
            paper=paper,
            outputs_by_scale={
                scale: outputs_of(scale, self._own_scale, paper.main) for scale in self._scales
            },
        )

    def _error(self) -> UserError:
        """Return every diagnostic once, by file and line."""
        ordered = sorted(
            dict.fromkeys(self._diagnostics), key=lambda diagnostic: (diagnostic.file, diagnostic.line)
        )
        return UserError(ordered)

    def _check(self, document: Document, above: KeyPath, issues: Iterable[Issue]) -> None:
        """Keep issues whose key paths begin at `above`."""
        self._diagnostics += [document.diagnostic((*above, *path), message) for path, message in issues]

    def _try(self, read: Any) -> Any:
        """Return what `read` returns; None where it raises a `UserError`, which is kept."""
        try:
            return read()
        except UserError as error:
            self._diagnostics += error.diagnostics
            return None

    def file(self, key: str) -> Path:
        """Return the file that a key of config.yaml names; a `UserError` where none is there."""
        path = Path(getattr(self.config, key))
        if self._config_document.value((key,)) is not None and not path.exists():
            match = nearest(str(path), map(str, path.parent.glob(f"*{path.suffix}")))
            hint = f"; did you mean {match}?" if match else ""
            raise UserError(self._config_document.diagnostic((key,), f"no such file {str(path)!r}{hint}"))
        return path

    def _read(self, model: type[Model], key: str) -> tuple[Document, Model | None]:
        """Read a file; where it has errors, keep what fits, so that the rest of it is checked too."""
        document = self._try(lambda: read_yaml(self.file(key)))
        if document is None:
            return Document(getattr(self.config, key)), None
        if document.commas:
            document, issues = with_whole_numbers(document, HOLDS_NUMBERS.get(model, _nowhere))
            self._check(document, (), issues)
        if model is TablesFile:
            document, issues = with_repeated(document)
            self._diagnostics += [replace(document, origins={}).diagnostic(*issue) for issue in issues]
        content = self._try(lambda: parse(model, document, self._context))
        return document, content or _fitting(model, document.content, self._context)

    def _read_config(self, overrides: Mapping[str, Any]) -> tuple[ConfigDocument, Config]:
        if not CONFIG.exists():
            raise UserError(f"{CONFIG}: no such file; run it in the project's folder")
        file = read_yaml(CONFIG)
        content = file.content if isinstance(file.content, dict) else {}
        self._own_scale = content.get("scale")
        changed = {key: value for key, value in _values(overrides).items() if content.get(key, ...) != value}
        document = ConfigDocument(file.path, {**content, **changed}, file.lines, changed=changed.keys())
        config = self._try(lambda: parse(Config, document)) or _fitting(Config, document.content, None)
        return document, config or Config(scale=stand_in(overrides))

    def _base(self, schema: SettingsSchema | None, *, every_scale: bool) -> Flat:
        """Return the settings of the chosen scale."""
        scale = self.config.scale
        base: Flat = {}
        if scale not in self._scales and not is_stand_in(scale):
            hint = did_you_mean(scale, self._scales) or f"; {self.config.scales} holds none"
            self._check(self._config_document, (), [(("scale",), f"no such scale {scale!r}{hint}")])
        for name in self._scales:
            if name in FOLDERS and name != self._own_scale and (every_scale or name == scale):
                message = f"{RESULTS / name} holds other files than its tables; expected another name"
                self._diagnostics.append(Diagnostic(message, str(_scale_path(self.config, name))))
            if schema is not None and (every_scale or name == scale):
                settings = self._try(lambda name=name: _read_scale(self.config, name, schema))
                base = settings or {} if name == scale else base
        return base

    def _with_labels(
        self, tables: Mapping[str, Table], document: Document, scale: str, base: Flat, schema: SettingsSchema
    ) -> dict[str, Table]:
        """Fill in the settings that labels hold, as they are at a scale."""
        filled = {}
        for name, table in tables.items():
            filled[name], issues = fill_labels(table, base, scale, self.config.seeds, schema)
            self._check(document, ("tables", name), issues)
        return filled

    def _as_reported(
        self,
        tables: Mapping[str, Table],
        reported: ReportedFile | None,
        document: Document,
        schema: SettingsSchema,
    ) -> dict[str, Table]:
        """Return the tables with labels for the scale of the authors' numbers, where that is another."""
        if reported is None or reported.scale == self.config.scale or reported.scale not in self._scales:
            return {}
        try:
            base = _read_scale(self.config, reported.scale, schema)
        except UserError:
            return {}
        return self._with_labels(tables, document, reported.scale, base, schema)

    def _add_inline_reported(
        self, tables: Mapping[str, Table], reported: dict[str, Reported], document: Document
    ) -> None:
        """Add the reported numbers that stand in tables.yaml."""
        for name, table in tables.items():
            if table.reported is None:
                continue
            path = ("tables", name, "reported")
            self._check(document, path, check_reported(table.reported, table))
            if name in reported:
                self._check(document, path, [((), f"{self.config.reported} has the table's numbers too")])
            reported[name] = table.reported

    def _read_paper(self, known: Known) -> PaperFile:
        if self.config.paper is None:
            return PaperFile()
        document, file = self._read(PaperFile, "paper")
        if file is not None:
            self._check(document, (), check_paper(file, known))
        return file or PaperFile()

    def _fitting_tables(self, document: Document) -> dict[str, Table]:
        """Return the tables that fit, each by itself."""
        contents = document.value(("tables",))
        contents = contents if isinstance(contents, dict) else {}
        tables = {name: _fitting(Table, content, self._context) for name, content in contents.items()}
        return {name: table for name, table in tables.items() if table is not None}


def _values(overrides: Mapping[str, Any]) -> dict[str, Any]:
    values = {}
    for key, value in overrides.items():
        try:
            values[key] = resolved(value)
        except ValueError as error:
            raise UserError(f"--config {key}: {error}") from None
    return values


def _fitting(model: type[Model], content: Any, context: Mapping[str, Any] | None) -> Model | None:
    """Return the model of what fits in the content; None where too little does."""
    content = copy.deepcopy(content)
    for _ in range(ROUNDS):
        try:
            return model.model_validate(content, context=context)
        except ValidationError as error:
            _leave_out(content, error)
    return None


def _leave_out(content: Any, error: ValidationError) -> None:
    """Take out what does not fit, and put a word where something is missing."""
    errors = error.errors()
    holders = {details["loc"][:end] for details in errors for end in range(len(details["loc"]))}
    for details in errors:
        if details["loc"] in holders:  # it may be right without what is inside
            continue
        *above, last = [step for step in details["loc"] if step != "[key]"] or [""]
        inner = content
        for step in above:
            is_there = isinstance(inner, dict | list) and (isinstance(step, int) or step in inner)
            inner = inner[step] if is_there else inner
        if isinstance(inner, dict):
            inner.pop(last, None)
            if details["type"] == "missing":
                inner[last] = stand_in(inner)


def scale_names(config: Config) -> list[str]:
    """Return the scales that have a file."""
    return sorted(path.stem for path in Path(config.scales).glob("*.yaml"))


def _scale_path(config: Config, name: str) -> Path:
    return Path(config.scales) / f"{name}.yaml"


def _read_scale(config: Config, name: str, schema: SettingsSchema) -> Flat:
    """Return what a scale states; a `UserError` has every diagnostic."""
    document, issues = with_whole_numbers(read_yaml(_scale_path(config, name)), _nowhere)
    diagnostics = [document.diagnostic(path, message) for path, message in issues]
    try:
        settings = schema.read(document)
    except UserError as error:
        raise UserError([*diagnostics, *error.diagnostics]) from None
    if diagnostics:
        raise UserError(diagnostics)
    return settings


def _nowhere(path: KeyPath) -> bool:
    return False


def scales_of(project: Project) -> dict[str, Flat]:
    """Return every setting's value at each scale whose file can be read."""
    scales = {project.config.scale: project.schema.complete(project.base)}
    for name in scale_names(project.config):
        try:
            settings = _read_scale(project.config, name, project.schema)
        except UserError:
            continue
        scales.setdefault(name, project.schema.complete(settings))
    return scales


def reported_without_table(project: Project) -> list[Diagnostic]:
    """Return reported tables that are not there: their names may be misspelt, or the tables gone."""
    unknown = [name for name in project.reported if name not in project.tables]
    if not unknown or not project.config.reported:
        return []
    document, known = read_yaml(Path(project.config.reported)), list(project.tables)
    return [
        document.diagnostic(
            ("tables", name), f"no such table, its numbers are left out{did_you_mean(name, known)}"
        )
        for name in unknown
    ]


def load_config(overrides: Mapping[str, Any] | None = None) -> Config:
    """Load what config.yaml states alone, or what fits of it."""
    return _Loader(overrides or {}).config


def load_settings_schema(overrides: Mapping[str, Any] | None = None) -> SettingsSchema:
    """Load the schema of all settings alone, whatever the other files hold."""
    return read_schema(_Loader(overrides or {}).file("settings"))
