"""Convert checkpoints of the authors' code to networks of ours, to be loaded by their folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from beamfusion.models.author_checkpoint import alternatives, history_of, load_tensors, recognise
from beamfusion.models.checkpoint import CHECKPOINT, read_tensors, save_checkpoint
from beamfusion.models.networks import new_predictor
from beamfusion.models.predictor import Predictor
from beamfusion.settings import Settings, parse_settings
from jobkit.errors import UserError
from jobkit.files import write_json
from jobkit.result import SETTINGS
from jobkit.settings import merged

PREFIX = "module."
"""DataParallel puts this before each name."""
WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net")
"""Keys of a network's tensors in other programs' files; of those with as many, most telling first."""


def import_checkpoint(file: Path, folder: Path, overrides: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Write an author checkpoint to `folder`, as `load_predictor` reads it; return its settings, and remarks.

    Settings are the published ones, the network's kind is read off the tensors, and `overrides` has the last
    word. A UserError says what does not fit.
    """
    tensors, remarks = tensors_of(read_tensors(file), str(file))
    published = {"frames": {"published": True}, "model": {"published": True}}
    recognised = recognise(tensors, str(file))
    document = merged(merged(published, recognised), overrides)
    settings = parse_settings(document)
    if "history" not in document["data"]:
        history = history_of(tensors, settings.model, str(file))
        settings = parse_settings(merged(document, {"data": {"history": history}}))
    predictor = new_predictor(settings)
    if not isinstance(predictor, Predictor):
        raise UserError(f"model.kind: an author checkpoint is of kind fusion, not {settings.model.kind}")
    others = alternatives(tensors, recognised["model"])
    remarks += [
        f"{file}: read as {key} {recognised['model'][key]}; one of {other} has the same tensors:"
        f" --set model.{key}={other}"
        for key, other in others.items()
        if key not in overrides.get("model", {})
    ]
    remarks += load_tensors(predictor, tensors, str(file))
    write_json(folder / SETTINGS, {"settings": settings.model_dump(mode="json")})
    save_checkpoint(folder / CHECKPOINT, {"predictor": predictor})
    return settings, remarks


def tensors_of(content: Mapping[str, Any], source: str) -> tuple[dict[str, Tensor], list[str]]:
    """Return the tensors in a checkpoint by name, without prefix, and remarks on what else it holds.

    They are those of the file itself or of a mapping in it, whichever has most.
    """
    inside = {
        key: value
        for key, value in content.items()
        if isinstance(value, Mapping) and any(isinstance(x, Tensor) for x in value.values())
    }
    order = [key for key in WRAPPERS if key in inside] + [key for key in inside if key not in WRAPPERS]
    chosen = max(order, key=lambda key: _count_tensors(inside[key]), default=None)
    remarks = []
    if chosen is not None and _count_tensors(inside[chosen]) > _count_tensors(content):
        if others := [key for key in content if key != chosen]:
            remarks.append(f"{source}: read {chosen}, ignored {_listed(others)}")
        content = inside[chosen]
    elif not _count_tensors(content):
        raise UserError(f"{source}: holds no tensors by name; it holds {_listed(content)}")
    tensors = {
        str(name).removeprefix(PREFIX): value for name, value in content.items() if isinstance(value, Tensor)
    }
    if others := [name for name, value in content.items() if not isinstance(value, Tensor)]:
        remarks.append(f"{source}: ignored {_listed(others)}: no tensors")
    return tensors, remarks


def _count_tensors(content: Mapping[Any, Any]) -> int:
    return sum(isinstance(value, Tensor) for value in content.values())


def _listed(names: Iterable[Any]) -> str:
    names = [str(name) for name in names]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "nothing"
