"""Checkpoints of the authors' code as networks of ours: converted once, then loaded by their folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from beamfusion.checkpoint import CHECKPOINT, load_checkpoint, read_tensors, save_checkpoint
from beamfusion.models.beam_predictor import BeamPredictor
from beamfusion.models.predictor import Predictor
from beamfusion.models.published import alternatives, history_of, load_published, recognise
from beamfusion.networks import new_predictor
from beamfusion.new_folder import check_unused, new_folder
from beamfusion.overrides import merged
from beamfusion.settings import Settings, parse_settings
from jobkit.errors import UserError
from jobkit.files import read_json, write_json
from jobkit.result import SETTINGS

PREFIX = "module."
"""What DataParallel puts before each name."""
WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net")
"""Where other programs put a network's tensors in a file; of those with as many, most telling first."""


def import_checkpoint(file: Path, out: Path, overrides: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Write a published checkpoint as a folder that `load_predictor` reads; its settings, and remarks.

    Settings are the published ones, the network's kind is read off the tensors, and `overrides` has the last
    word. A UserError says what does not fit, and nothing is written then.
    """
    check_unused(out)
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
        raise UserError(f"model.kind: a published checkpoint is of kind fusion, not {settings.model.kind}")
    others = alternatives(tensors, recognised["model"])
    remarks += [
        f"{file}: read as {key} {recognised['model'][key]}; one of {other} has the same tensors:"
        f" --set model.{key}={other}"
        for key, other in others.items()
        if key not in overrides.get("model", {})
    ]
    remarks += load_published(predictor, tensors, str(file))
    with new_folder(out) as folder:
        write_json(folder / SETTINGS, {"settings": settings.model_dump(mode="json")})
        save_checkpoint(folder / CHECKPOINT, {"predictor": predictor})
    return settings, remarks


def load_predictor(folder: Path) -> BeamPredictor:
    """The network that `import_checkpoint` or a job wrote there, in eval mode, on the CPU."""
    document = read_json(folder / SETTINGS)
    if not isinstance(document, dict) or "settings" not in document:
        raise UserError(
            f"{folder / SETTINGS}: states no settings; expected a folder of import-checkpoint or of a job"
        )
    predictor = new_predictor(parse_settings(document["settings"], str(folder / SETTINGS)))
    load_checkpoint(folder / CHECKPOINT, {"predictor": predictor})
    return predictor.eval()


def tensors_of(content: Mapping[str, Any], source: str) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors in a checkpoint by name, without prefix, and what else there is.

    They are those of the file itself or of a mapping in it, whichever has most.
    """
    inside = {
        key: value
        for key, value in content.items()
        if isinstance(value, Mapping) and any(isinstance(x, Tensor) for x in value.values())
    }
    order = [key for key in WRAPPERS if key in inside] + [key for key in inside if key not in WRAPPERS]
    chosen = max(order, key=lambda key: _tensors_in(inside[key]), default=None)
    remarks = []
    if chosen is not None and _tensors_in(inside[chosen]) > _tensors_in(content):
        if others := [key for key in content if key != chosen]:
            remarks.append(f"{source}: read {chosen}, left out {_listed(others)}")
        content = inside[chosen]
    elif not _tensors_in(content):
        raise UserError(f"{source}: holds no tensors by name; it holds {_listed(content)}")
    tensors = {
        str(name).removeprefix(PREFIX): value for name, value in content.items() if isinstance(value, Tensor)
    }
    if others := [name for name, value in content.items() if not isinstance(value, Tensor)]:
        remarks.append(f"{source}: left out {_listed(others)}: no tensors")
    return tensors, remarks


def _tensors_in(content: Mapping[Any, Any]) -> int:
    return sum(isinstance(value, Tensor) for value in content.values())


def _listed(names: Any) -> str:
    names = [str(name) for name in names]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "nothing"
