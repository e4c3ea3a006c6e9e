"""Where a number came from: commit, source, machine, versions, times."""

import ast
import functools
import hashlib
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from jobkit.errors import UserError, nearest

INSTALLED = frozenset(("site-packages", "dist-packages"))
"""Folders of packages that are nobody's own source."""


def commit(folder: Path | None = None) -> dict[str, Any]:
    """Return the `commit` of the project in `folder`, by default the current one, and whether it is `dirty`.

    `commit` is a hash, or None outside git; `dirty` says whether tracked files differ from it.
    """
    folder = folder or Path.cwd()
    try:
        head = _git("rev-parse", "HEAD", folder=folder)
        return {"commit": head, "dirty": bool(_git("status", "--porcelain", "-uno", folder=folder))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each of `packages` that is installed, and Python's."""
    installed = {"python": platform.python_version()}
    for package in packages:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return installed


def machine() -> dict[str, Any]:
    return {"host": platform.node(), "system": platform.platform(), "processors": os.cpu_count()}


def source_digest(module: str, project: Path | None = None) -> str:
    """Return the digest of a module's source and of all source of its project that it imports.

    Of the project is what lies beside the module's top-level package, or in the folder `project` (the current
    one by default), and is not installed. Imports inside functions count; nothing is imported to find them.
    """
    return _source_digest(module, project or Path.cwd())


def why_no_source(module: str, project: Path | None = None) -> str | None:
    """Return what is wrong with the name of a module that has no source; None where it has one."""
    project = (project or Path.cwd()).resolve()
    if _module_file(module, project) is not None:
        return None
    known = _modules(module.partition(".")[0], project) or {
        path.stem for root in _roots(project) for path in root.glob("*") if _holds_source(path)
    }
    hint = nearest(module, sorted(known))
    message = f"no source of a module {module!r}, neither in this folder nor installed"
    return message + (f"; did you mean {hint}?" if hint else "")


@functools.cache
def _source_digest(module: str, project: Path) -> str:
    project = project.resolve()
    if (message := why_no_source(module, project)) is not None:
        raise UserError(message)
    is_own = functools.cache(functools.partial(_is_own, beside=module.partition(".")[0], project=project))
    seen: dict[str, Path] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        if name in seen or not is_own(name.partition(".")[0]):
            continue
        path = _module_file(name, project)
        if path is None:  # `from package.module import name`: the name of an object, not of a module
            continue
        seen[name] = path
        if "." in name:
            todo.append(name.rpartition(".")[0])
        todo.extend(_imports(name, path))
    total = hashlib.sha256()
    for name in sorted(seen):
        total.update(f"{name}\0".encode() + seen[name].read_bytes() + b"\0")
    return total.hexdigest()


def _is_own(package: str, *, beside: str, project: Path) -> bool:
    """Return whether a top-level package belongs to the project that holds the package `beside`."""
    if package == beside:
        return True
    if package in sys.stdlib_module_names:
        return False
    root, of_module = _root(package, project), _root(beside, project)
    if root is None or INSTALLED.intersection(root.parts):
        return False
    return root == of_module or root.is_relative_to(project)


def _root(package: str, project: Path) -> Path | None:
    """Return the folder that holds a top-level package or module."""
    for path in _locations(package, project):
        return path.parent
    return None


def _module_file(name: str, project: Path) -> Path | None:
    """Return the file of a module or of a package's `__init__`; parent packages are not imported."""
    package, *inner = name.split(".")
    if not all(part.isidentifier() for part in inner):
        return None
    for location in _locations(package, project):
        base = location.joinpath(*inner)
        for path in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


def _modules(package: str, project: Path) -> set[str]:
    """Return the names of a package and of all modules in it."""
    return {
        ".".join((package, *path.relative_to(location).with_suffix("").parts)).removesuffix(".__init__")
        for location in _locations(package, project)
        for path in location.rglob("*.py")
    }


@functools.cache
def _locations(package: str, project: Path) -> tuple[Path, ...]:
    """Return a top-level package's folders, or a top-level module's file without its suffix.

    Where Python finds it, and else in the project's folder or the folder `src` there.
    """
    if not package.isidentifier():
        return ()
    spec = _spec(package) or PathFinder.find_spec(package, [str(root) for root in _roots(project)])
    if spec is None:
        return ()
    if spec.submodule_search_locations is not None:
        return tuple(Path(location).resolve() for location in spec.submodule_search_locations)
    return (Path(spec.origin).resolve().with_suffix(""),) if spec.has_location and spec.origin else ()


def _spec(package: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(package)
    except (ImportError, ValueError):  # of a module that was made without one, such as __main__
        return None


def _roots(project: Path) -> tuple[Path, ...]:
    return project, project / "src"


def _holds_source(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").is_file()


@functools.cache
def _imports(module: str, path: Path) -> tuple[str, ...]:
    """Return what a module's file imports, by whole names; nothing where it is not Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join((*above, *([node.module] if node.module else [])))
            names += [source, *(f"{source}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _git(*arguments: str, folder: Path) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
