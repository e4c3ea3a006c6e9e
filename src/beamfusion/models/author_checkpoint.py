"""State-dict adapter: the tensors of the author checkpoints, by their names and ours."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from beamfusion.models.ffm import count_tokens
from beamfusion.models.predictor import Predictor
from beamfusion.settings import Model
from jobkit.errors import UserError

FORECAST_STEPS = 5
LISTED = 20
"""Lines about a checkpoint that does not fit; one of another network differs in a thousand tensors."""

# Their ResNets sit in wrappers of different names.
_ENCODERS = {"image": "features", "lidar": "_model", "radar": "_model"}
_TRANSFORMER = {"norm1": "ln1", "norm2": "ln2", "attention": "attn", "output": "proj"}
_MAMBA = {"blocks": "mambablocks", "norm": "ln1", "linear": "fc1", "gate": "fc2"}


def author_fusion_name(name: str, model: Model) -> str:
    """Return the authors' name of a tensor within an FFM."""
    first, _, rest = name.partition(".")
    if first == "position":
        return "pos_emb"
    if first == "norm":
        return f"ln_f.{rest}"
    parts = _TRANSFORMER if model.feature_fusion == "transformer" else _MAMBA
    return ".".join(parts.get(part, part) for part in name.split("."))


def author_name(name: str, model: Model) -> str:
    """Return the authors' name of one of the predictor's tensors."""
    module, _, rest = name.partition(".")
    key, _, tensor = rest.partition(".")
    match module:
        case "encoders":
            return f"encoder.{key}_encoder.{_ENCODERS[key]}.{tensor}"
        case "gps_embeddings":
            return f"encoder.vel_emb{int(key) + 1}.{tensor}"
        case "feature_fusions":
            kind = "transformer" if model.feature_fusion == "transformer" else "mambafusion"
            return f"encoder.{kind}{int(key) + 1}.{author_fusion_name(tensor, model)}"
        case "time_fusion":
            rest = rest if model.time_fusion == "attenmamba" else rest.removeprefix("mamba.")
            rest = re.sub("^frame_weights", "mlp.0", rest)
            return "encoder.time_mamba." + re.sub("^fix_weights", "mlp_gps.0", rest)
        case "head":
            return f"join.{rest}"
        case "decoder":
            return f"output.{tensor}" if key == "output" else f"decoder.{tensor}"
    raise ValueError(f"{name} is no tensor of a predictor")


def load_tensors(predictor: Predictor, tensors: Mapping[str, Tensor], source: str) -> list[str]:
    """Load tensors by the authors' names; return remarks on those left over or absent, a line each.

    Raises a UserError that lists every tensor that is missing, or of another shape or kind.
    Counters of BatchNorm's batches, which nothing reads, may be missing: checkpoints older than PyTorch 0.4.1
    have none.
    """
    own = predictor.state_dict()
    names = {author_name(name, predictor.model): name for name in own}
    missing = [name for name in names if name not in tensors]
    uncounted = [name for name in missing if name.endswith("num_batches_tracked")]
    unused = [name for name in tensors if name not in names]
    remarks = [f"{source}: tensor {name} has no place in the network" for name in unused]
    problems = [f"{source}: no tensor {name}" for name in missing if name not in uncounted]
    for name, ours in names.items():
        if name not in tensors:
            continue
        if (kind := _wrong_kind(tensors[name], own[ours])) is not None:
            problems.append(
                f"{source}: {name} is {kind}; expected a dense tensor of real floating-point numbers"
            )
        elif tensors[name].shape != own[ours].shape:
            shape, expected = list(tensors[name].shape), list(own[ours].shape)
            problems.append(f"{source}: {name} has shape {shape}; expected {expected}")
    if problems:
        raise UserError(_shortened(problems + remarks))
    predictor.load_state_dict(
        {ours: own[ours] if name in uncounted else tensors[name] for name, ours in names.items()}
    )
    remarks += [
        f"{source}: {name} holds values that are not finite, so predictions may not be either"
        for name, ours in names.items()
        if not own[ours].isfinite().all()
    ]
    remarks += [f"{source}: no tensor {name}; counting starts at 0" for name in uncounted]
    return _shortened(remarks)


def _wrong_kind(tensor: Tensor, own: Tensor) -> str | None:
    """Return what a tensor is that no value of `own` can be, or None."""
    if tensor.is_quantized:
        return "quantised"
    if tensor.layout != torch.strided or tensor.is_nested:
        return "sparse"
    if tensor.is_meta:
        return "without values"
    if tensor.is_complex() or (own.is_floating_point() and not tensor.is_floating_point()):
        return f"of {str(tensor.dtype).removeprefix('torch.')}"
    return None


def recognise(tensors: Mapping[str, Tensor], source: str) -> dict[str, Any]:
    """Return the FFM, the TFM and the horizon of an author checkpoint, as settings, by its tensors' names.

    bimamba and csbimamba have the same tensors; the authors trained csbimamba with attenmamba, and bimamba
    with mamba. They kept the TFM's tensors where they did not use it, as with the TII transformer, and
    forecast five steps.
    """
    transformer, mamba, backward, forecast = (
        any(name.startswith(start) and part in name for name in tensors)
        for start, part in (
            ("encoder.transformer", ""),
            ("encoder.mambafusion", ""),
            ("encoder.mambafusion", ".backward_mamba."),
            ("decoder.", ""),
        )
    )
    if transformer == mamba:
        kinds = "both" if transformer else "neither"
        raise UserError(
            f"{source}: is no author checkpoint: expected tensors of either"
            f" encoder.transformer1 or encoder.mambafusion1, found {kinds}"
        )
    time_fusion = _time_fusion(tensors)
    if transformer:
        feature_fusion, time_fusion = "transformer", "sum"
    elif not backward:
        feature_fusion = "mamba"
    else:
        feature_fusion = "bimamba" if time_fusion == "mamba" else "csbimamba"
    return {
        "model": {"feature_fusion": feature_fusion, "time_fusion": time_fusion},
        "data": {"horizon": FORECAST_STEPS if forecast else 1},
    }


def alternatives(tensors: Mapping[str, Tensor], recognised: Mapping[str, str]) -> dict[str, str]:
    """Return the other value that each setting of section model may have by the same tensors."""
    others = {}
    twins = {"bimamba": "csbimamba", "csbimamba": "bimamba"}
    if (twin := twins.get(recognised["feature_fusion"])) is not None:
        others["feature_fusion"] = twin
    if (unused := _time_fusion(tensors)) != "sum":
        others["time_fusion"] = unused if recognised["time_fusion"] == "sum" else "sum"
    return others


def _time_fusion(tensors: Mapping[str, Tensor]) -> str:
    """Return the TFM whose tensors there are, used or not."""
    names = [name for name in tensors if name.startswith("encoder.time_mamba.")]
    if any(name.startswith("encoder.time_mamba.mlp") for name in names):
        return "attenmamba"
    return "mamba" if names else "sum"


def history_of(tensors: Mapping[str, Tensor], model: Model, source: str) -> int:
    """Return the number of frames whose tokens the positional embedding has, at the settings' grid."""
    name = author_name("feature_fusions.0.position", model)
    if name not in tensors or tensors[name].ndim != 3:
        raise UserError(
            f"{source}: no tensor {name} of shape 1 x tokens x channels, to read the history from"
        )
    tokens = tensors[name].shape[1]
    fixed = count_tokens(model, 0)
    per_frame = count_tokens(model, 1) - fixed
    frames, rest = divmod(tokens - fixed, per_frame) if per_frame else (0, 1)
    if rest or frames < 1:
        raise UserError(
            f"{source}: {name} is for {tokens} tokens; expected {fixed} and a multiple of {per_frame}"
            f" with model.grid {model.grid} and model.modalities {', '.join(model.modalities)}"
        )
    return frames


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= LISTED:
        return lines
    return [*lines[:LISTED], f"... and {len(lines) - LISTED} more"]
