"""The source that counts for a result: what a job's code computes, whatever its comments and layout.

Counted are modules with all that they import of their project, and declared files. A Python file's digest is
of its syntax tree without comments, docstrings and formatting, and the same under every Python that reads it.
"""

import ast
import functools
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from jobkit.errors import UserError, nearest
from jobkit.files import STRICT

Digests = dict[str, str]
"""Digests by the name of a module or a declared file."""

DIGITS = 16
HARNESS = frozenset(("jobkit", "papermatrix"))
"""Packages that run jobs and compute nothing of their results."""
INSTALLED = frozenset(("site-packages", "dist-packages"))
"""Folders of packages that are nobody's own source."""


@dataclass(frozen=True)
class Source:
    """What makes a stage's results."""

    __pydantic_config__ = STRICT
    modules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Patterns of files in the project's folder: scripts of any language."""
    besides: tuple[str, ...] = ()
    """Modules that do not count, such as the one that declares settings: of those the values count."""

    @property
    def is_empty(self) -> bool:
        return not (self.modules or self.files)

    def with_modules(self, modules: Iterable[str]) -> "Source":
        return Source(tuple(dict.fromkeys((*self.modules, *modules))), self.files, self.besides)

    def counted(self, digests: Mapping[str, str]) -> Digests:
        """Return the digests without those of modules that do not count."""
        return {name: digest for name, digest in digests.items() if name not in self.besides}


@dataclass(frozen=True)
class Tree:
    """The folder of a project whose source counts."""

    folder: Path
    is_run: bool = True
    """Whether its packages are where Python finds them; else in the folder and in `src` there alone."""


def source_digests(source: Source, project: Path | None = None, *, is_run: bool = True) -> Digests:
    """Return the digest of each module and file that counts; a `UserError` for one that is not there.

    Of the project is what lies beside a module's top-level package, or in the folder `project` (the current
    one by default), and is not installed. Imports inside functions count; nothing is imported to find them.
    Of a project that does not run, such as an older commit's, only what lies in its folder counts.
    """
    return dict(_source_digests(source, Tree((project or Path.cwd()).resolve(), is_run)))


def changed_names(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the names whose digests differ, or that are on one side alone."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def file_of(name: str, project: Path | None = None) -> str:
    """Return the file of a counted module or file, as people in `project` would write it; else its name."""
    project = (project or Path.cwd()).resolve()
    path = None if _is_file_name(name) else _module_file(name, Tree(project))
    if path is None:
        return name
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)


def why_no_source(name: str, project: Path | None = None) -> str | None:
    """Return what is wrong with a module or pattern that has no source; None where it has one."""
    return _why_no_source(name, Tree((project or Path.cwd()).resolve()))


def _why_no_source(name: str, tree: Tree) -> str | None:
    if _is_file_name(name):
        return None if _matching(name, tree.folder) else f"no file {name!r} in this folder"
    if _module_file(name, tree) is not None:
        return None
    known = _modules(name.partition(".")[0], tree) or {
        path.stem for root in _roots(tree) for path in root.glob("*") if _holds_source(path)
    }
    hint = nearest(name, sorted(known))
    message = f"no source of a module {name!r}, neither in this folder nor installed"
    return message + (f"; did you mean {hint}?" if hint else "")


def parse_source(names: Iterable[str], besides: Iterable[str] = ()) -> Source:
    """Return the source that names of modules and patterns of files declare; those have a slash or a star."""
    names = list(names)
    return Source(
        tuple(name for name in names if not _is_file_name(name)),
        tuple(name for name in names if _is_file_name(name)),
        tuple(besides),
    )


def code_digest(content: bytes) -> str:
    """Return the digest of a Python file's syntax tree; of its bytes where it is not Python."""
    try:
        text = "".join(_words(ast.parse(content))).encode()
    except (SyntaxError, ValueError, RecursionError):
        text = content
    return hashlib.sha256(text).hexdigest()[:DIGITS]


def _words(node: object) -> Iterator[str]:
    """Yield a syntax tree as words: what is empty or says nothing of what is computed is left out.

    `ast.dump` has other words in each Python.
    """
    if isinstance(node, ast.JoinedStr):
        node = _joined(node)
    if isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name in node._fields:
            value = getattr(node, name, None)
            if name in ("ctx", "kind", "type_comment") or value is None or value == []:
                continue
            yield f"{name}="
            yield from _words(value)
        if isinstance(node, ast.Constant) and node.value is None:
            yield "None"
        yield ")"
    elif isinstance(node, list):
        yield "["
        for item in node:
            if not _says_nothing(item):
                yield from _words(item)
                yield ","
        yield "]"
    else:
        yield f"{type(node).__name__}:{node!a}"


def _says_nothing(node: object) -> bool:
    """Return whether a statement is `pass`, or a text such as a docstring."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    return isinstance(node, ast.Pass)


def _joined(node: ast.JoinedStr) -> ast.JoinedStr:
    """Put texts of an f-string together that stand beside each other: Pythons differ in where they cut."""
    parts: list[ast.expr] = []
    for part in node.values:
        if not isinstance(part, ast.Constant):
            parts.append(part)
        elif parts and isinstance(parts[-1], ast.Constant):
            parts[-1] = ast.Constant(f"{parts[-1].value!s}{part.value!s}")
        elif part.value:
            parts.append(ast.Constant(part.value))
    return ast.JoinedStr(parts)


@functools.cache
def _source_digests(source: Source, tree: Tree) -> Digests:
    names = (*source.modules, *source.files)
    if messages := [message for name in names if (message := _why_no_source(name, tree))]:
        raise UserError(messages)
    digests: Digests = {}
    for name, path in _modules_behind(source, tree).items():
        digests[name] = _digest(path)
    for pattern in source.files:
        for path in _matching(pattern, tree.folder):
            digests[path.relative_to(tree.folder).as_posix()] = _digest(path)
    return digests


def _modules_behind(source: Source, tree: Tree) -> dict[str, Path]:
    """Return the files of a source's modules and of all that they import of their project."""
    packages = frozenset(module.partition(".")[0] for module in source.modules)
    is_own = functools.cache(functools.partial(_is_own, beside=packages, tree=tree))
    seen: dict[str, Path] = {}
    todo = list(source.modules)
    while todo:
        name = todo.pop()
        if name in seen or name in source.besides or not is_own(name.partition(".")[0]):
            continue
        path = _module_file(name, tree)
        if path is None:  # `from package.module import name`: the name of an object, not of a module
            continue
        seen[name] = path
        if "." in name:
            todo.append(name.rpartition(".")[0])
        todo.extend(_imports(name, path))
    return seen


@functools.cache
def _digest(path: Path) -> str:
    content = path.read_bytes()
    return code_digest(content) if path.suffix == ".py" else hashlib.sha256(content).hexdigest()[:DIGITS]


def _is_file_name(name: str) -> bool:
    return "/" in name or "*" in name


def _matching(pattern: str, project: Path) -> list[Path]:
    """Return the files that a pattern stands for; none outside of the project."""
    if pattern.startswith("/") or ".." in Path(pattern).parts:
        return []
    return sorted(path for path in project.glob(pattern) if path.is_file())


def _is_own(package: str, *, beside: frozenset[str], tree: Tree) -> bool:
    """Return whether a top-level package belongs to the project that holds the packages `beside`."""
    if package in beside:
        return True
    if package in HARNESS or package in sys.stdlib_module_names:
        return False
    root = _root(package, tree)
    if root is None or INSTALLED.intersection(root.parts):
        return False
    return root in {_root(other, tree) for other in beside} or root.is_relative_to(tree.folder)


def _root(package: str, tree: Tree) -> Path | None:
    """Return the folder that holds a top-level package or module."""
    for path in _locations(package, tree):
        return path.parent
    return None


def _module_file(name: str, tree: Tree) -> Path | None:
    """Return the file of a module or of a package's `__init__`; parent packages are not imported."""
    package, *inner = name.split(".")
    if not all(part.isidentifier() for part in inner):
        return None
    for location in _locations(package, tree):
        base = location.joinpath(*inner)
        for path in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


def _modules(package: str, tree: Tree) -> set[str]:
    """Return the names of a package and of all modules in it."""
    return {
        ".".join((package, *path.relative_to(location).with_suffix("").parts)).removesuffix(".__init__")
        for location in _locations(package, tree)
        for path in location.rglob("*.py")
    }


@functools.cache
def _locations(package: str, tree: Tree) -> tuple[Path, ...]:
    """Return a top-level package's folders, or a top-level module's file without its suffix.

    Where Python finds it, and else in the project's folder or the folder `src` there.
    """
    if not package.isidentifier():
        return ()
    spec = _spec(package) if tree.is_run else None
    spec = spec or PathFinder.find_spec(package, [str(root) for root in _roots(tree)])
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


def _roots(tree: Tree) -> tuple[Path, ...]:
    return tree.folder, tree.folder / "src"


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
