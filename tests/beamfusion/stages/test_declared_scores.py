"""What config/stages.yaml declares of each stage's scores is what its results measure."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobkit.files import read_json
from jobkit.result import read_result
from jobkit.settings import Flat, flat
from papermatrix.config.load import Project, load
from papermatrix.config.scores import meets
from tests.workflow.snake import PROJECT

Run = Callable[..., Path]
QUICK: dict[str, Any] = {"model__kind": "gps_least_squares"}
FORECAST: dict[str, Any] = {**QUICK, "data__history": 6, "data__horizon": 3}
UNSEEN: dict[str, Any] = {**QUICK, "data__split": "unseen", "data__unseen_scenario": 32}
REBUILT: dict[str, Any] = {"train__epochs": 1, "missing__modalities": ["image"], "rebuild__enabled": True}


CASES = {"blocks": QUICK, "forecast": FORECAST, "unseen": UNSEEN}


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(PROJECT)
    return load()


@pytest.fixture
def results(run: Run, prepared_job: Path) -> dict[str, list[Path]]:
    """Run a job of each stage, and of those whose scores differ by settings one for each."""
    training = run("train", "train", train__epochs=1)
    rebuilding = run("rebuild", "rebuild", training, **REBUILT)
    quick = {name: run("train", name, **changes) for name, changes in CASES.items()}
    return {
        "simulate": [prepared_job.parent / "tree"],
        "prepare": [prepared_job],
        "train": [training, *quick.values()],
        "rebuild": [rebuilding],
        "evaluate": [
            run("evaluate", f"{name}-scored", folder, **CASES[name]) for name, folder in quick.items()
        ],
        "profile": [run("profile", "profile", training, train__epochs=1, profile__repeats=1)],
    }


def settings_of(folder: Path, project: Project) -> Flat:
    stated, issues = project.schema.resolve(read_json(folder / "settings.json")["settings"])
    assert not issues
    return project.schema.complete(stated)


@pytest.mark.slow
def test_every_number_of_a_result_is_declared_and_every_declared_one_is_there(
    project: Project, results: dict[str, list[Path]]
) -> None:
    assert set(results) == set(project.stages.stages)
    for stage, folders in results.items():
        scores, declared, measured = project.stages.stages[stage].scores, set[str](), set[str]()
        assert scores is not None
        for folder in folders:
            settings, numbers = settings_of(folder, project), flat(read_result(folder).scores)
            assert all(isinstance(value, int | float) for value in numbers.values())
            unknown = [name for name in numbers if not any(score.has(name, settings) for score in scores)]
            assert not unknown, f"{folder.name} measures what {stage} does not declare"
            measured |= {name.removesuffix(".overall") for name in numbers}
            for score in scores:
                if meets(score.when, score.unless, settings):
                    declared |= set(score.pattern.names({key: [settings[key]] for key in score.keys}))
        assert declared == measured, f"{stage} declares what no job here measures"
