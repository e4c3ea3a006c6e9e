"""One reader per kind of file; each takes nothing on trust and raises a `UserError` naming the file."""

from __future__ import annotations

import io
import math
import re
import stat
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from beamfusion.settings import BEAMS
from jobkit.errors import UserError

MAX_TEXT = 1 << 16
MAX_BINARY = 1 << 26
"""Bytes; the data set's largest file, a radar cube, has 2 MB."""
MAX_PIXELS = 1 << 26
UTM_LATITUDES = (-80.0, 84.0)
"""Degrees; beyond them UTM is not defined."""


def printable(text: object) -> str:
    """Return text as one line without control characters; a long one loses its middle."""
    line = str(text)
    if not line.isprintable():
        line = line.encode("unicode_escape", "backslashreplace").decode("ascii")
    return line if len(line) <= 600 else f"{line[:300]}...{line[-300:]}"


def problem(path: Path, what: str) -> UserError:
    return UserError(f"{printable(path)}: {what}")


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read a camera frame (H,W,3)."""
    content = read_content(path, MAX_BINARY)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
                mode, pixels = image.mode, image.width * image.height
                frame = np.asarray(image) if mode == "RGB" and pixels <= MAX_PIXELS else None
    except Exception as error:  # a damaged file makes decoders raise whatever they meet first
        reason = "" if isinstance(error, UnidentifiedImageError) else f" ({printable(error)})"
        raise problem(path, f"cannot be decoded{reason}, expected a whole JPEG image") from None
    if frame is None:
        raise problem(path, f"{pixels} pixels of mode {mode}, expected RGB and at most {MAX_PIXELS} pixels")
    return frame


def read_points(path: Path) -> NDArray[np.float64]:
    """Read a LiDAR sweep's points (N,3): x, y, z in metres, from an ASCII .ply."""
    content = read_content(path, MAX_BINARY)
    count, columns, body = _ply_header(path, content)
    try:
        text = body.decode("ascii")
        table = np.loadtxt(io.StringIO(text), comments=None, ndmin=2) if text.strip() else np.empty((0, 0))
    except ValueError:
        rows = sum(1 for line in body.splitlines() if line.strip())
        if rows != count:
            raise problem(path, f"{rows} points, expected {count} as its header says") from None
        raise problem(path, f"a line that is not {len(columns)} numbers, expected a point each") from None
    if len(table) != count:
        raise problem(path, f"{len(table)} points, expected {count} as its header says")
    if count and table.shape[1] != len(columns):
        raise problem(path, f"{table.shape[1]} numbers a point, expected {len(columns)} as its header says")
    if not count:
        return np.empty((0, 3))
    return np.ascontiguousarray(table[:, [columns.index(axis) for axis in "xyz"]])


def _ply_header(path: Path, content: bytes) -> tuple[int, list[str], bytes]:
    """Return the number of points, the names of a point's numbers, and what follows the header."""
    head, end, body = content[:MAX_TEXT].partition(b"end_header")
    lines = head.decode("latin-1").split("\n")
    if lines[0].strip() != "ply" or not end:
        raise problem(path, "no whole header, expected ply to end_header")
    count, columns, encoding = None, [], None
    for line in lines[1:]:
        match line.split():
            case [] | ["comment" | "obj_info", *_]:
                pass
            case ["format", *words] if encoding is None:
                encoding = " ".join(words)
            case ["element", "vertex", number] if count is None and re.fullmatch(r"[0-9]{1,12}", number):
                count = int(number)
            case ["property", kind, name] if count is not None and kind != "list":
                columns.append(name)
            case _:
                raise problem(
                    path, f"header line '{printable(line.strip())}', expected only a vertex element"
                )
    if encoding != "ascii 1.0":
        raise problem(path, f"format {printable(encoding)}, expected ascii 1.0")
    if count is None or not set("xyz") <= set(columns) or len(set(columns)) != len(columns):
        raise problem(path, "its header, expected element vertex with the properties x, y and z")
    start = content.find(b"\n", len(head))
    return count, columns, content[start + 1 :] if start >= 0 else body[:0]


def read_radar(path: Path) -> NDArray[np.complex64]:
    """Read a radar cube (receive antennas A, samples S, chirps C), complex64; a pickle is never loaded."""
    size = check_file(path, MAX_BINARY)
    try:
        with path.open("rb") as stream:
            shape, fortran, dtype = _npy_header(stream)
            _check_cube(path, shape, dtype, size - stream.tell())
            cube = np.fromfile(stream, np.complex64, math.prod(shape))
    except UserError:
        raise
    except OSError as error:
        raise problem(path, f"cannot be read ({error.strerror})") from None
    except Exception as error:  # the header is a Python literal: parsing a damaged one raises what it may
        raise problem(path, f"no .npy array ({printable(error)}), expected complex64 (4, 256, 250)") from None
    cube = cube.reshape(shape, order="F" if fortran else "C")
    if not np.isfinite(cube).all():
        raise problem(path, "holds NaN or infinite values, expected finite ones")
    return np.ascontiguousarray(cube)


def _npy_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ValueError(f"version {version} of the format")


def _check_cube(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], available: int) -> None:
    if dtype.hasobject:
        raise problem(path, "holds pickled objects, which are never loaded, expected complex64")
    if dtype != np.complex64:
        raise problem(path, f"dtype {printable(dtype)}, expected complex64")
    if len(shape) != 3 or min(shape) < 1:
        raise problem(path, f"shape {printable(shape)}, expected (antennas, samples, chirps)")
    if math.prod(shape) * dtype.itemsize > available:
        raise problem(path, f"truncated: {available} bytes, expected {math.prod(shape) * dtype.itemsize}")


def read_position(path: Path) -> tuple[float, float]:
    """Read a GPS fix: latitude and longitude in degrees."""
    values = _numbers(path, 2, "latitude and longitude")
    (latitude, longitude), (south, north) = values.tolist(), UTM_LATITUDES
    if not south <= latitude <= north:
        raise problem(path, f"latitude {latitude}, expected {south:.0f} to {north:.0f} degrees")
    if not -180 <= longitude <= 180:
        raise problem(path, f"longitude {longitude}, expected -180 to 180 degrees")
    return latitude, longitude


def read_power(path: Path) -> NDArray[np.float64]:
    """Read the received power per beam (64,), linear; some measurements are NaN."""
    power = _numbers(path, BEAMS, "powers, one a beam")
    if np.isinf(power).any():
        raise problem(path, "holds infinite powers, expected finite ones or nan")
    return power


def _numbers(path: Path, count: int, what: str) -> NDArray[np.float64]:
    content = read_content(path, MAX_TEXT)
    try:
        # Python's own numbers may be written 3_3.4.
        values = [float(word.replace(b"_", b"?")) for word in content.split()]
    except ValueError:
        raise problem(path, f"holds what is not a number, expected {count} numbers: {what}") from None
    if len(values) != count:
        raise problem(path, f"{len(values)} numbers, expected {count}: {what}")
    return np.array(values)


def read_content(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes."""
    check_file(path, limit)
    try:
        return path.read_bytes()
    except OSError as error:
        raise problem(path, f"cannot be read ({error.strerror})") from None


def check_file(path: Path, limit: int) -> int:
    """Return the bytes of a file that may be read; a pipe would block for ever, a device never end."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise problem(path, "no such file, expected the one that a CSV names") from None
    except (OSError, ValueError) as error:
        raise problem(path, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if not stat.S_ISREG(status.st_mode):
        raise problem(path, "no regular file, expected one")
    if not 0 < status.st_size <= limit:
        raise problem(path, f"{status.st_size} bytes, expected 1 to {limit}")
    return status.st_size
