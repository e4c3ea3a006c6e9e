"""Results of older forms and ids are carried over, chains included, whatever interrupts it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jobkit.digest import digest_files
from jobkit.files import read_sealed, write_json, write_sealed
from jobkit.ledger import Ledger
from jobkit.settings import flat, nested
from papermatrix.cli import main
from papermatrix.matrix.expand import Matrix, load_matrix
from papermatrix.matrix.jobs import JOBS, Job, job_id
from papermatrix.results import migration
from papermatrix.results.store import Store
from tests.papermatrix.tea import Paper

RETIRED = "leaf.shelf"
"""A setting that jobs had once."""


@pytest.fixture
def old(paper: Paper) -> Matrix:
    """Write the results of every job as an older version did: with another setting in every id."""
    schema = json.loads(Path("config/settings.schema.json").read_text())
    paper.write("config/settings.schema.json", json.dumps({**schema, "x-retired": [RETIRED]}))
    matrix = load_matrix()
    for job in matrix.jobs.values():
        write_old(job)
    return matrix


def old_folder(job: Job) -> Path:
    settings = nested({**flat(job.settings), RETIRED: "/mnt/a"})
    upstream = old_folder(job.upstream).name if job.upstream else None
    return JOBS / job.stage / job_id(job.stage, settings, upstream, "old")


def write_old(job: Job, **provenance: Any) -> Path:
    folder = old_folder(job)
    folder.mkdir(parents=True)
    upstream = old_folder(job.upstream) if job.upstream else None
    settings = nested({**flat(job.settings), RETIRED: "/mnt/a"})
    needs = f"../../{job.upstream.stage}/{upstream.name}" if job.upstream and upstream else None
    write_json(
        folder / "settings.json",
        {"stage": job.stage, "id": folder.name, "needs": needs, "settings": settings},
    )
    (folder / "leaves.csv").write_text("young,0.5\n")
    made_from = digest_files([upstream / "result.json"], upstream) if upstream else None
    content = {
        "form": 2,
        "stage": job.stage,
        "id": folder.name,
        "status": "done",
        "epoch": None,
        "scores": {"flavour": 0.5},
        "cost": {"seconds": 1.5},
        "provenance": {"stands_on": made_from, "source_digest": "def", "commit": None, **provenance},
        "files": {"leaves.csv": 10, "settings.json": (folder / "settings.json").stat().st_size},
    }
    write_sealed(folder / "result.json", content)
    return folder


def states(matrix: Matrix) -> set[str]:
    store = Store(matrix)
    return {str(store.status(job)) for job in matrix.jobs.values()}


def test_finished_jobs_get_todays_ids_and_form_with_their_chains(
    old: Matrix, capsys: pytest.CaptureFixture[str]
) -> None:
    assert states(old) == {"pending"}
    assert main(["migrate"]) == 0
    assert f"{len(old.jobs)} jobs to carry over" in capsys.readouterr().out
    assert states(old) == {"pending"}
    assert main(["migrate", "--yes"]) == 0
    assert states(old) == {"done"}
    assert {folder.name for folder in JOBS.glob("*/*")} == set(old.jobs)
    for job in old.jobs.values():
        result = read_sealed(job.folder / "result.json")
        assert result["scores"] == {"flavour": 0.5}
        assert (job.folder / "leaves.csv").read_text() == "young,0.5\n"
        assert result["files"]["settings.json"] == (job.folder / "settings.json").stat().st_size
        assert json.loads((job.folder / "settings.json").read_text())["settings"] == job.settings
    capsys.readouterr()
    assert main(["migrate", "--yes"]) == 0
    assert capsys.readouterr().out == "0 jobs carried over\n"


def test_a_migration_that_was_killed_goes_on(old: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed_after(count: int) -> None:
        calls = iter(range(count))

        def dying(function: Any) -> Any:
            def run(*arguments: Any, **options: Any) -> Any:
                if next(calls, None) is None:
                    raise KeyboardInterrupt
                return function(*arguments, **options)

            return run

        with monkeypatch.context() as context:
            for name in ("write_json", "write_sealed", "digest_files"):
                context.setattr(migration, name, dying(getattr(migration, name)))
            context.setattr(Path, "rename", dying(Path.rename))
            with pytest.raises(KeyboardInterrupt):
                list(migration.migrate(migration.plan_migration(old), old))

    for count in (0, 1, 2, 3, 5, 4):
        killed_after(count)
    list(migration.migrate(migration.plan_migration(old), old))
    assert states(old) == {"done"}


def test_an_upstream_that_was_replaced_before_is_not_hidden(old: Matrix) -> None:
    first = next(iter(old.jobs.values()))
    shutil.rmtree(old_folder(first))
    write_old(first, seed=7)
    assert main(["migrate", "--yes"]) == 0
    store = Store(old)
    stale = [job for job in old.jobs.values() if store.is_stale(job)]
    assert stale == [job for job in old.jobs.values() if first in job.chain() and job is not first]


def test_what_cannot_be_carried_over_stays_with_the_reason(
    old: Matrix, capsys: pytest.CaptureFixture[str]
) -> None:
    unfinished, broken, foreign = (old_folder(job) for job in list(old.jobs.values())[:3])
    (unfinished / "result.json").unlink()
    Ledger.start(unfinished, started="2026-01-01", source={})
    (broken / "result.json").write_text("{}")
    document = json.loads((foreign / "settings.json").read_text())
    document["settings"]["leaf"]["shade"] = 1
    write_json(foreign / "settings.json", document)
    assert main(["migrate", "--yes"]) == 0
    lines = capsys.readouterr().out
    assert f"stays: {unfinished}: not finished\n" in lines
    assert f"stays: {broken}: not what a job wrote (no digest)\n" in lines
    assert f"stays: {foreign}: not what a job wrote (leaf.shade: unknown setting" in lines
    assert all(folder.exists() for folder in (unfinished, broken, foreign))


def test_code_that_nobody_recorded_in_todays_form_is_stale_until_it_is_accepted(
    old: Matrix, paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = Path("config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("dry: {", "dry: {source: jobkit.digest, "))
    matrix = load_matrix()
    assert main(["migrate", "--yes"]) == 0
    assert states(matrix) == {"stale"}
    capsys.readouterr()
    assert main(["accept", "cups", "--because", "the numbers are the same"]) == 0
    assert capsys.readouterr().out.endswith("\n2 results accepted\n")
    assert states(matrix) == {"done"}
    assert main(["render", "cups", "--out", "."]) == 0
    said = "- accepted: 2 results of other code or data (the numbers are the same)\n"
    assert said in Path("cups.md").read_text()


def test_older_results_that_no_table_finds_are_noticed(old: Matrix) -> None:
    assert migration.has_older_results(old)
    list(migration.migrate(migration.plan_migration(old), old))
    assert not migration.has_older_results(old)
