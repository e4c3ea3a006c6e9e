"""State-dict adapter: the tensors of the published checkpoints, by the authors' names, and ours."""

import re
from collections.abc import Mapping

from torch import Tensor

from beamfusion.models.predictor import Predictor
from beamfusion.settings import Model
from jobkit.errors import UserError

# Their ResNets sit in wrappers of different names.
_ENCODERS = {"image": "features", "lidar": "_model", "radar": "_model"}
_TRANSFORMER = {"norm1": "ln1", "norm2": "ln2", "attention": "attn", "output": "proj"}
_MAMBA = {"blocks": "mambablocks", "norm": "ln1", "linear": "fc1", "gate": "fc2"}


def published_fusion_name(name: str, model: Model) -> str:
    """The published name of a tensor within an FFM."""
    first, _, rest = name.partition(".")
    if first == "position":
        return "pos_emb"
    if first == "norm":
        return f"ln_f.{rest}"
    parts = _TRANSFORMER if model.feature_fusion == "transformer" else _MAMBA
    return ".".join(parts.get(part, part) for part in name.split("."))


def published_name(name: str, model: Model) -> str:
    """The published name of one of the predictor's tensors."""
    module, _, rest = name.partition(".")
    key, _, tensor = rest.partition(".")
    match module:
        case "encoders":
            return f"encoder.{key}_encoder.{_ENCODERS[key]}.{tensor}"
        case "gps_embeddings":
            return f"encoder.vel_emb{int(key) + 1}.{tensor}"
        case "feature_fusions":
            kind = "transformer" if model.feature_fusion == "transformer" else "mambafusion"
            return f"encoder.{kind}{int(key) + 1}.{published_fusion_name(tensor, model)}"
        case "time_fusion":
            rest = rest if model.time_fusion == "attenmamba" else rest.removeprefix("mamba.")
            rest = re.sub("^frame_weights", "mlp.0", rest)
            return "encoder.time_mamba." + re.sub("^fix_weights", "mlp_gps.0", rest)
        case "head":
            return f"join.{rest}"
        case "decoder":
            return f"output.{tensor}" if key == "output" else f"decoder.{tensor}"
    raise ValueError(f"{name} is no tensor of a predictor")


def load_published(predictor: Predictor, tensors: Mapping[str, Tensor], source: str) -> None:
    """Load a published checkpoint, `module.` prefix or not; UserError lists all that does not fit."""
    given = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    own = predictor.state_dict()
    names = {published_name(name, predictor.model): name for name in own}
    faults = [f"{source}: no tensor {name}" for name in names if name not in given]
    faults += [f"{source}: tensor {name} has no place in the network" for name in given if name not in names]
    faults += [
        f"{source}: {name} has shape {list(given[name].shape)}; expected {list(own[ours].shape)}"
        for name, ours in names.items()
        if name in given and given[name].shape != own[ours].shape
    ]
    if faults:
        raise UserError(faults)
    predictor.load_state_dict({ours: given[name] for name, ours in names.items()})
