"""Files that were removed after their last user: the result stays valid, and what needs them says so."""

from pathlib import Path

import pytest

from jobkit.errors import UserError
from jobkit.folder import sizes
from jobkit.job import JobSpec, Outcome, run_job
from jobkit.ledger import Ledger
from jobkit.removed import REMOVED, discard, remove_files, set_aside

AGAIN = "rerun"


def job(folder: Path, stage: str = "train", upstream: Path | None = None) -> JobSpec:
    return JobSpec(stage, folder, {"seed": 100}, upstream)


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Return the folder of a job with a checkpoint, which a folder is as well."""
    folder = tmp_path / "a1"
    train(folder)
    return folder


def train(folder: Path) -> None:
    def work(ledger: Ledger) -> Outcome:
        (folder / "weights").mkdir()
        (folder / "weights/first").write_text("12")
        (folder / "history.csv").write_text("epoch")
        return Outcome(scores={"dba": 0.9})

    run_job(job(folder), work)


def never(ledger: Ledger) -> Outcome:
    raise AssertionError("ran")


def test_a_result_without_removed_files_is_complete(trained: Path) -> None:
    remove_files(trained, {"weights": 2}, AGAIN)
    assert sizes(trained) == {"history.csv": 5, "settings.json": sizes(trained)["settings.json"]}
    assert run_job(job(trained), never).scores == {"dba": 0.9}
    (trained / "history.csv").unlink()
    with pytest.raises(AssertionError, match="ran"):
        run_job(job(trained), never)


def test_what_needs_a_removed_file_says_so_before_it_begins(trained: Path) -> None:
    middle, last = trained.with_name("b1"), trained.with_name("c1")
    run_job(job(middle, "rebuild", trained), lambda ledger: Outcome())
    remove_files(trained, {"weights": 2}, AGAIN)
    with pytest.raises(UserError) as error:
        run_job(job(last, "evaluate", middle), never)
    assert str(error.value).endswith("a1/weights: was removed; make it again: rerun a1")
    assert not (last / "ledger.json").exists()


def test_a_job_that_runs_again_has_its_files_again(trained: Path) -> None:
    remove_files(trained, {"weights": 2}, AGAIN)
    (trained / REMOVED).unlink()
    train(trained)
    assert (trained / "weights/first").exists()
    run_job(job(trained.with_name("b1"), "evaluate", trained), lambda ledger: Outcome())


def test_a_removal_that_was_killed_midway_leaves_a_valid_result_and_is_taken_up(trained: Path) -> None:
    (trained / REMOVED).write_text('{"files": {"weights": 2}, "again": ""}')
    run_job(job(trained.with_name("b1"), "evaluate", trained), lambda ledger: Outcome())
    (trained / "weights").rename(trained / ".going.weights")
    assert run_job(job(trained), never).scores == {"dba": 0.9}
    (trained / "weights").mkdir()
    discard(set_aside(trained / "weights"))
    assert not list(trained.glob("*weights*"))


def test_a_link_is_removed_and_not_what_it_leads_to(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").touch()
    (trained / "link").symlink_to(tmp_path / "elsewhere")
    discard(set_aside(trained / "link"))
    assert (tmp_path / "elsewhere/kept").exists()
    assert not (trained / "link").is_symlink()
