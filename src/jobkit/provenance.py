"""Where a number came from: commit, source, machine, versions, times."""

import ast
import functools
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

SOURCE_ROOT = Path(__file__).resolve().parent.parent


def commit(folder: Path = SOURCE_ROOT) -> dict[str, Any]:
    """`commit` (hash, or None outside git) and `dirty` (whether tracked files differ from it)."""
    try:
        head = _git("rev-parse", "HEAD", folder=folder)
        return {"commit": head, "dirty": bool(_git("status", "--porcelain", "-uno", folder=folder))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The installed version of each of `packages` that is installed, and Python's."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    return {"host": platform.node(), "system": platform.platform(), "processors": os.cpu_count()}


@functools.cache
def source_digest(module: str, root: Path = SOURCE_ROOT) -> str:
    """Digest of a module's source and of every module below `root` that it imports, directly or not.

    Imports inside functions count. A change anywhere else leaves the digest as it is.
    """
    packages = {entry.name for entry in root.iterdir() if (entry / "__init__.py").is_file()}
    seen: dict[str, Path] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        if name in seen or name.split(".")[0] not in packages:
            continue
        path = _module_file(name, root)
        if path is None:  # `from package.module import name`: the name of an object, not of a module
            continue
        seen[name] = path
        if "." in name:
            todo.append(name.rpartition(".")[0])
        todo.extend(_imports(path))
    total = hashlib.sha256()
    for name in sorted(seen):
        total.update(f"{name}\0".encode() + seen[name].read_bytes() + b"\0")
    return total.hexdigest()


def _module_file(name: str, root: Path) -> Path | None:
    base = root.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@functools.cache
def _imports(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _git(*arguments: str, folder: Path) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
