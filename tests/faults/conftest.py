"""Faults are counted; `make faults` writes the counts into docs/reliability.md."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.chain import Chain, make_chain
from tests.faults.report import write_report


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"))


class Faults:
    """How many faults of each kind were tried, and how many of them were survived."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.survived: Counter[str] = Counter()

    @contextlib.contextmanager
    def survive(self, kind: str, times: int = 1) -> Iterator[None]:
        """Count faults as tried, and as survived where the block's checks pass."""
        self.tried[kind] += times
        yield
        self.survived[kind] += times


@pytest.fixture(scope="session")
def faults() -> Iterator[Faults]:
    counted = Faults()
    yield counted
    if report := os.environ.get("FAULTS_REPORT"):
        write_report(Path(report), counted.tried, counted.survived)
