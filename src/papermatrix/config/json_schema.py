"""JSON Schemas of the files that people write, for editors to complete and check them by."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from papermatrix.config.config_file import Config
from papermatrix.config.fields import IS_SETTINGS
from papermatrix.config.paper import PaperFile
from papermatrix.config.reported import ReportedFile
from papermatrix.config.settings_schema import SettingsSchema
from papermatrix.config.stages import StagesFile
from papermatrix.config.tables import TablesFile

FILES: dict[str, type[BaseModel]] = {
    "tables": TablesFile,
    "reported": ReportedFile,
    "stages": StagesFile,
    "paper": PaperFile,
    "config": Config,
}
DEFINITION = "Settings"


def json_schema(file: str, settings: SettingsSchema) -> dict[str, Any]:
    """Return one file's schema; where settings stand in it, they are those that jobs know."""
    schema = FILES[file].model_json_schema()
    if _refer_to_settings(schema):
        definitions = schema.setdefault("$defs", {})
        definitions |= {**settings.definitions, DEFINITION: settings.json_schema()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _refer_to_settings(schema: Any) -> bool:
    """Put a reference in place of every mapping of settings, and return whether there is one."""
    if isinstance(schema, list):
        return sum(map(_refer_to_settings, schema)) > 0
    if not isinstance(schema, dict):
        return False
    if not schema.get(IS_SETTINGS):
        return sum(map(_refer_to_settings, schema.values())) > 0
    about = {"description": schema["description"]} if "description" in schema else {}
    schema.clear()
    schema |= {"$ref": f"#/$defs/{DEFINITION}", **about}
    return True
