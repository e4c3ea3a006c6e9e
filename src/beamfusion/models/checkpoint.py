"""Networks on disk, read without running anything that the file holds."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from jobkit.errors import UserError
from jobkit.files import whole_file

CHECKPOINT = "checkpoint.pt"


class _DamagedError(Exception):
    """A part of a file, by its name, has another check sum."""


def save_checkpoint(path: Path, networks: dict[str, nn.Module]) -> None:
    """Write the tensors of each network under its name, whole or not at all."""
    write_tensors(path, {name: network.state_dict() for name, network in networks.items()})


def write_tensors(path: Path, content: dict[str, Any]) -> None:
    """Write a file whole or not at all; a disk that is full is an `OSError`, as for any other file."""
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        try:
            torch.save(content, stream)
        except RuntimeError as error:  # torch's writer makes its own words of what the stream said
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def load_checkpoint(path: Path, networks: dict[str, nn.Module]) -> None:
    """Fill each network with the tensors under its name; a `UserError` says what does not fit."""
    content = read_tensors(path)
    if missing := [name for name in networks if name not in content]:
        raise UserError(
            f"{path}: holds no {' and no '.join(missing)}; it holds {', '.join(map(str, content))}"
        )
    for name, network in networks.items():
        try:
            network.load_state_dict(content[name])
        except (RuntimeError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: is not a checkpoint of this {name} ({reason[:300]})") from None


def read_tensors(path: Path) -> dict[str, Any]:
    """Read a file of tensors; anything else is a `UserError` that names the file."""
    start = b""
    try:
        with path.open("rb") as stream, warnings.catch_warnings(action="ignore"):
            start = stream.read(2)
            if zipfile.is_zipfile(stream) and (damaged := zipfile.ZipFile(stream).testzip()) is not None:
                raise _DamagedError(damaged)  # torch itself compares no check sums
            stream.seek(0)
            content = torch.load(stream, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except Exception as error:  # what is no pickle fails wherever its bytes lead the reader
        raise UserError(f"{path}: cannot be read as a checkpoint: {_reason(error, start)}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: is not a checkpoint: expected a mapping, found {type(content).__name__}")
    return content


def _reason(error: Exception, start: bytes) -> str:
    """Return our words for an error: torch's own advise to load the file all the same, and run its code."""
    message = str(error)
    if isinstance(error, OSError):
        return error.strerror or message
    if isinstance(error, _DamagedError):
        return f"its part {message} is damaged"
    if "TorchScript" in message:
        return "a TorchScript archive; expected the tensors of a state_dict"
    if refused := re.search(r"GLOBAL (\S{1,80}) was not an allowed global", message):
        return f"holds {refused[1]}, which is never loaded; expected the tensors of a state_dict"
    if not start:
        return "the file is empty"
    if start == b"PK":
        return "a damaged file, or a zip archive of something else"
    return "a damaged file, or none of torch.save"
