"""The JSON Schemas that editors use are those of today's code, and the project's files fit them."""

import json
from typing import Any

import jsonschema
import pytest

from beamfusion.cli import settings_schema
from beamfusion.stages import STAGES
from jobkit.yaml12 import read_yaml
from papermatrix.config.json_schema import FILES, json_schema
from papermatrix.config.settings_schema import SettingsSchema
from tests.workflow.snake import PROJECT

CONFIG = PROJECT / "config"
YAML = sorted(CONFIG.rglob("*.yaml"))


def read(name: str) -> Any:
    return json.loads((CONFIG / name).read_text())


def test_the_settings_schema_is_beamfusions() -> None:
    # `beamfusion schema --out config/settings.schema.json` writes it.
    assert read("settings.schema.json") == json.loads(json.dumps(settings_schema()))


def test_each_stage_is_stale_by_the_module_that_does_its_work() -> None:
    declared = read_yaml(CONFIG / "stages.yaml").content["stages"]
    assert {name: stage["source"] for name, stage in declared.items()} == {
        name: f"beamfusion.stages.{name}" for name in STAGES
    }


@pytest.mark.parametrize("file", FILES)
def test_the_schemas_for_editors_are_current(file: str) -> None:
    # `papermatrix schema --out config/schema` writes them.
    settings = SettingsSchema(read("settings.schema.json"))
    assert read(f"schema/{file}.json") == json.loads(json.dumps(json_schema(file, settings)))


@pytest.mark.parametrize("path", YAML, ids=[str(path.relative_to(CONFIG)) for path in YAML])
def test_a_file_names_its_schema_in_its_first_line_and_fits_it(path: Any) -> None:
    marker, _, name = path.read_text().partition("\n")[0].partition("=")
    assert marker == "# yaml-language-server: $schema"
    schema = json.loads((path.parent / name).read_text())
    jsonschema.Draft202012Validator(schema).validate(read_yaml(path).content)
