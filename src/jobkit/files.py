"""Files are written whole or not at all: a temporary neighbour, fsync, rename, fsync of the folder."""

import contextlib
import errno
import functools
import json
import os
import tempfile
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from jobkit.digest import digest
from jobkit.errors import UserError, reason
from jobkit.expected import message

SEAL = "digest"
LARGEST = 2**63
"""No program writes numbers this large, or ones that are not finite, on purpose."""

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""The `__pydantic_config__` of a dataclass that `read_as` reads."""
Integer = Annotated[int, Field(gt=-LARGEST, lt=LARGEST)]
Number = Annotated[float, Field(gt=-LARGEST, lt=LARGEST)]
Read = TypeVar("Read")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` when the block ends without an error."""
    temporary = _new_neighbour(path)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        _fsync(temporary)
        temporary.replace(path)
        _fsync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_files(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Yield temporary paths; they replace `paths`, all of them, when the block ends without an error."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(whole_file(path)) for path in paths]


def _new_neighbour(path: Path) -> Path:
    """Make an empty file beside a path; what fails names the path, which the user knows."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    os.close(handle)
    return Path(name)


def move(source: Path, target: Path) -> None:
    """Rename a whole file or a finished folder; `target` may be another file, or an empty folder."""
    source.rename(target)
    _fsync(target.parent)


def sync_folder(folder: Path) -> None:
    """Return once all that lies in a folder, at any depth, is on the disk."""
    for entry in folder.rglob("*"):
        _fsync(entry)
    _fsync(folder)


def write_bytes(path: Path, content: bytes) -> None:
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON for people to read: indented, key order kept; NaN is refused."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({reason(error)})") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a JSON file ({reason(error)})") from None


def read_as(kind: type[Read], content: Any) -> Read:
    """Return the content of a JSON file as a dataclass; a `ValueError` of one line where it is none."""
    try:
        read: Read = _adapter(cast("Hashable", kind)).validate_json(json.dumps(content))
        return read
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key_path = ".".join(map(str, first["loc"]))
        raise ValueError(f"{key_path}: {message(first)}" if key_path else message(first)) from None


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def write_sealed(path: Path, content: dict[str, Any]) -> None:
    """Write JSON with a digest of it all, so that damage and edits are noticed."""
    read = json.loads(json.dumps(content, allow_nan=False))  # which has other keys where they are numbers
    write_json(path, {**read, SEAL: digest(read)})


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what `write_sealed` wrote; a `ValueError` where it is anything else."""
    content = read_json(path)
    if not isinstance(content, dict) or SEAL not in content:
        raise ValueError(f"no {SEAL}")
    try:
        same = content.pop(SEAL) == digest(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not same:
        raise ValueError(f"changed since it was written: its {SEAL} is another")
    return content


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
