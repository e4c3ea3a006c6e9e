"""What a harness declares about the jobs of a run, in the environment variable JOB_DECLARED."""

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jobkit.digest import canonical_json
from jobkit.errors import UserError
from jobkit.files import STRICT, read_as
from jobkit.source import Digests, Source, source_digests

VARIABLE = "JOB_DECLARED"


@dataclass(frozen=True)
class Declared:
    """The source that makes each stage's results, and where digests of data files are kept."""

    __pydantic_config__ = STRICT
    sources: dict[str, Source] = field(default_factory=dict)
    data_digests: str | None = None

    def __str__(self) -> str:
        return canonical_json(asdict(self))

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "Declared":
        """Read the variable; a job that is run by hand has none."""
        try:
            return read_as(cls, json.loads(environment.get(VARIABLE, "{}")))
        except ValueError as error:
            raise UserError(f"{VARIABLE}: {error}") from None


def digests_of_work(work: Callable[..., Any], declared: Source) -> Digests:
    """Return the digests of the source that counts; a `UserError` where the declared one is without the work.

    Where none is declared, the work's own module is the source.
    """
    module = module_of(work)
    if declared.is_empty:
        return source_digests(declared.with_modules([module]))
    digests = source_digests(declared)
    if module not in digests:
        names = ", ".join((*declared.modules, *declared.files))
        raise UserError(
            f"the source that stages.yaml declares, {names}, is without {module}, which does the work; "
            "its results would not be stale when that changes; expected source to hold it"
        )
    return digests


def module_of(work: Callable[..., Any]) -> str:
    """Return the name of the module that defines a function, whatever wraps it."""
    inner: Any = work
    while isinstance(inner, functools.partial) or hasattr(inner, "__wrapped__"):
        inner = inner.func if isinstance(inner, functools.partial) else inspect.unwrap(inner)
    if inner.__module__ != "__main__":
        return str(inner.__module__)
    main = sys.modules["__main__"]
    if main.__spec__ is not None:
        return main.__spec__.name
    path = Path(str(main.__file__)).resolve().with_suffix("")
    folder = Path.cwd().resolve()
    return ".".join(path.relative_to(folder).parts) if path.is_relative_to(folder) else path.name
