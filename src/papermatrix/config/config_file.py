"""config/config.yaml as a frozen model: which files make the project, and how a run behaves."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, StrictBool, WithJsonSchema, field_validator

from jobkit.errors import Diagnostic, nearest
from jobkit.validation import show
from jobkit.yaml12 import Document, KeyPath, dotted
from papermatrix.config.fields import Frozen, Name, Seeds, Text

DEVICE = "auto|cpu|cuda(:[0-9]+)?"


def _known_device(name: str) -> str:
    if re.fullmatch(DEVICE, name):
        return name
    match = "cuda" if "gpu" in name.lower() else nearest(name, ("auto", "cpu", "cuda"))
    hint = f"; did you mean {match}?" if match else ""
    raise ValueError(f"expected one of auto, cpu, cuda, cuda:N, found {show(name)}{hint}")


Device = Annotated[
    Text, AfterValidator(_known_device), WithJsonSchema({"type": "string", "pattern": f"^({DEVICE})$"})
]


class Config(Frozen):
    """config/config.yaml, and what `--config key=value` changes of it."""

    scale: Name
    """The base settings: a file of `scales`."""
    tables: Text = "config/tables.yaml"
    stages: Text = "config/stages.yaml"
    reported: Text | None = None
    paper: Text | None = None
    """Figures, numbers, rules and costs of the paper."""
    settings: Text = "config/settings.schema.json"
    """JSON Schema of all settings, with their defaults."""
    scales: Text = "config/scales"
    """Folder of the scales."""
    seeds: Seeds | None = None
    """For every table that states no seeds of its own."""
    device: Device = "auto"
    """What jobs run on: auto, cpu, cuda or cuda:N."""
    gpu: StrictBool = False
    """Whether jobs that compute ask the scheduler for a GPU, and a training for as many as it shares."""
    gpu_model: Text | None = None
    """The GPUs' model, by the name that the scheduler has for it."""
    data_root: Text | None = None
    """Folder of the recorded data. Where they lie is no setting of a job; what they are is compared."""
    on_stale: Literal["keep", "fail"] = "keep"
    """What a run does with stale results: keep and mark them, or fail. `papermatrix rerun` reruns them."""

    keep: Literal["best", "needed", "none"] = "best"
    """How long checkpoints stay: `best`, the best one for good; `needed`, until every job of every scale that
    needs it has a result of today's code; `none`, until each has any result."""

    @property
    def data_folder(self) -> Path | None:
        """The folder of the recorded data, `~` being one's home."""
        return Path(self.data_root).expanduser() if self.data_root else None

    @field_validator("data_root")
    @classmethod
    def _is_somewhere(cls, value: str | None) -> str | None:
        try:
            Path(value or "").expanduser()
        except RuntimeError as error:
            raise ValueError(f"{value!r}: {error}") from None
        return value

    @field_validator("on_stale", mode="before")
    @classmethod
    def _rerun_is_a_command(cls, value: Any) -> Any:
        if value == "rerun":
            raise ValueError("expected keep or fail; to rerun stale jobs: papermatrix rerun")
        return value


@dataclass(frozen=True)
class ConfigDocument(Document):
    """config.yaml's content, and what the command line changes of it."""

    changed: Collection[str] = ()
    """The keys whose values are the command line's."""

    def diagnostic(self, key_path: KeyPath, message: str) -> Diagnostic:
        """Return what is wrong at a key path, in its line or of `--config`."""
        if key_path and key_path[0] in self.changed:
            return Diagnostic(message, f"--config {dotted(key_path)}")
        return super().diagnostic(key_path, message)
