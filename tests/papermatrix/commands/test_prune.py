"""What `papermatrix prune` lists and removes, and what it never touches."""

import re
from pathlib import Path

import pytest

from jobkit.files import read_sealed, write_json, write_sealed
from jobkit.ledger import Ledger
from jobkit.lock import job_lock
from papermatrix.cli import main
from papermatrix.matrix.jobs import JOBS
from tests.papermatrix.tea import SCALE, STAGES, TABLES, Paper, finish_all

OTHER = TABLES.replace("      - {label: black, with: {leaf.kind: black}}\n", "")


@pytest.fixture
def pruned(paper: Paper) -> Paper:
    """Return a finished paper whose row `black`, with 3 jobs, is no more; it is finished at two scales."""
    paper.write("config/scales/large.yaml", SCALE.replace("1", "5"))
    finish_all(paper.matrix())
    paper.write("config/tables.yaml", OTHER)
    finish_all(paper.matrix(scale="large"))
    return paper


def prune(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["prune", *arguments]) == 0
    return capsys.readouterr().out


def folders() -> set[Path]:
    return {path for path in JOBS.glob("*/*") if path.is_dir()}


def unneeded(paper: Paper) -> list[Path]:
    needed = {job.folder for scale in ("small", "large") for job in paper.matrix(scale=scale).jobs.values()}
    return sorted(folders() - needed)


def test_jobs_that_no_table_of_any_scale_needs_are_listed_and_removed_once_told_to(
    pruned: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, before = unneeded(pruned), folders()
    assert len(gone) == 3
    *lines, last = prune(capsys).splitlines()
    assert [re.sub(r"^ *[\d.]+ k?B  ", "", line) for line in lines] == [
        f"{p}: no table needs it" for p in gone
    ]
    assert re.fullmatch(r"[\d.]+ kB in 3 places; --yes removes them", last)
    assert folders() == before
    assert re.search(r"^removed [\d.]+ kB in 3 places$", prune(capsys, "--yes"), re.MULTILINE)
    assert folders() == before - set(gone)
    assert prune(capsys) == "nothing to remove\n"


def test_what_runs_or_is_interrupted_is_left_alone(pruned: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = unneeded(pruned)
    Ledger.start(second, started="later", source={})
    with job_lock(first):
        listed = prune(capsys, "--yes")
    assert f"{first}: running, left alone\n" in listed
    assert f"{second}: interrupted, left alone; --interrupted lists it too\n" in listed
    assert unneeded(pruned) == [first, second]
    prune(capsys, "--yes", "--interrupted")
    assert unneeded(pruned) == []
    assert not third.exists()


def test_a_result_that_a_migration_carries_over_is_left_alone(
    pruned: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    job = next(iter(pruned.matrix().jobs.values()))
    older = job.folder.with_name("older-0123456789ab")
    settings = {"stage": job.stage, "id": older.name, "needs": None, "settings": job.settings}
    write_json(job.folder / "settings.json", settings)
    job.folder.rename(older)
    sealed = read_sealed(older / "result.json") | {"id": older.name}
    write_sealed(older / "result.json", sealed)
    assert f"{older}: of a needed job's older name or form (papermatrix migrate), left alone" in prune(
        capsys, "--yes"
    )
    assert older.exists()


def test_no_link_is_followed_and_no_folder_touched_that_is_no_jobs(
    pruned: Paper, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    first, second, third = unneeded(pruned)
    outside.mkdir()
    (outside / "result.json").write_text("{}")
    (JOBS / "dry/linked").symlink_to(outside)
    (JOBS / "old").symlink_to(tmp_path)
    (first / "data").symlink_to(outside)
    (JOBS / "notes/mine").mkdir(parents=True)
    (JOBS / "notes/mine/text").touch()
    assert f"{JOBS / 'notes/mine'}: no job's folder, left alone\n" in prune(capsys, "--yes")
    assert (outside / "result.json").read_text() == "{}"
    assert (JOBS / "notes/mine/text").exists()
    assert not any(folder.exists() for folder in (first, second, third))


def test_what_a_killed_removal_left_is_removed_by_the_next(
    pruned: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *_ = unneeded(pruned)
    first.rename(first.with_name(f".going.{first.name}"))
    assert f".going.{first.name}: left of a removal that was killed\n" in prune(capsys, "--yes")
    assert not list(JOBS.glob("*/.going.*"))


def test_a_scale_with_errors_removes_nothing(pruned: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    before = folders()
    pruned.write("config/scales/large.yaml", "leaf.gram: 5\n")
    assert main(["prune", "--yes"]) == 2
    assert "config/scales/large.yaml:1: leaf.gram: unknown setting" in capsys.readouterr().err
    assert folders() == before


@pytest.mark.parametrize("keep", ["best", "needed", "none"])
def test_checkpoints_go_after_their_last_user_as_keep_says(
    paper: Paper, capsys: pytest.CaptureFixture[str], keep: str
) -> None:
    paper.write("config/stages.yaml", STAGES.replace("dry: {", "dry: {checkpoint: [leaves], "))
    finish_all(matrix := paper.matrix(keep=keep))
    green, black = (job for job in matrix.jobs.values() if job.stage == "dry")
    for job in (green, black):
        (job.folder / "leaves").mkdir()
        (job.folder / "leaves/1").write_text("leaf")
    taste = next(job for job in matrix.jobs.values() if job.upstream is black)
    (taste.folder / "result.json").unlink()
    listed = prune(capsys, "--yes", "--config", f"keep={keep}")
    assert (black.folder / "leaves").exists()
    assert (green.folder / "leaves").exists() == (keep == "best")
    expected = {
        "best": "checkpoints stay (keep: best); --config keep=needed lists 4 B of them too\n",
        "needed": f"     4 B  {green.folder}/leaves: keep: needed, and the 5 jobs that need it are done\n",
        "none": f"     4 B  {green.folder}/leaves: keep: none, and the 5 jobs that need it are done\n",
    }
    assert listed.startswith(expected[keep])
    assert prune(capsys, "--config", "keep=needed").count("/leaves") == (keep == "best")


@pytest.mark.parametrize(("keep", "stays"), [("needed", True), ("none", False)])
def test_a_stale_result_still_needs_its_checkpoint_unless_none_is_kept(
    paper: Paper, capsys: pytest.CaptureFixture[str], keep: str, stays: bool
) -> None:
    paper.write("config/stages.yaml", STAGES.replace("dry: {", "dry: {checkpoint: [leaves], "))
    finish_all(matrix := paper.matrix(), provenance={"upstream_digest": "of before"})
    dry = next(job for job in matrix.jobs.values() if job.stage == "dry")
    (dry.folder / "leaves").touch()
    prune(capsys, "--yes", "--config", f"keep={keep}")
    assert (dry.folder / "leaves").exists() == stays


def test_a_file_that_every_result_needs_is_no_checkpoint(
    paper: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/stages.yaml", STAGES.replace("dry: {", "dry: {checkpoint: [settings.json], "))
    assert main(["validate"]) == 2
    assert "stages.dry.checkpoint[0]: settings.json is kept with every result" in capsys.readouterr().err
