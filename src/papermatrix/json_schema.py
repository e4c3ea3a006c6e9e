"""JSON Schemas of the files that people write, for editors to complete and check them by."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from papermatrix.paperfile import PaperFile
from papermatrix.settings import SettingsSchema
from papermatrix.spec import Config, ReportedFile, StagesFile, TablesFile

FILES: dict[str, type[BaseModel]] = {
    "tables": TablesFile,
    "reported": ReportedFile,
    "stages": StagesFile,
    "paper": PaperFile,
    "config": Config,
}
SETTINGS = "Settings"
_HOLD_SETTINGS = ("with", "when", "unless")
_BY_SCALE = "at"


def json_schema(file: str, settings: SettingsSchema) -> dict[str, Any]:
    """One file's schema; where settings stand in it, they are those that jobs know."""
    schema = FILES[file].model_json_schema()
    _refer_to_settings(schema)
    definitions = schema.setdefault("$defs", {})
    if f"#/$defs/{SETTINGS}" in str(schema):
        definitions |= {**settings.definitions, SETTINGS: settings.json_schema()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _refer_to_settings(schema: Any) -> None:
    if isinstance(schema, list):
        for item in schema:
            _refer_to_settings(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key in _HOLD_SETTINGS and value.get("type") == "object":
                about = {"description": value["description"]} if "description" in value else {}
                schema[key] = {"$ref": f"#/$defs/{SETTINGS}", **about}
            elif key == _BY_SCALE and value.get("type") == "object":
                value["additionalProperties"] = {"$ref": f"#/$defs/{SETTINGS}"}
            else:
                _refer_to_settings(value)
