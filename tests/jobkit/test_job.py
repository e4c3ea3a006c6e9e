"""Runs jobs with real folders, locks and processes."""

import dataclasses
import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jobkit.acceptance import accept
from jobkit.declared import VARIABLE, Declared, digests_of_work, module_of
from jobkit.errors import UserError
from jobkit.files import read_json, write_sealed
from jobkit.folder import NEXT_RUN
from jobkit.job import JobSpec, Outcome, run_job, upstream_folder
from jobkit.ledger import Ledger, is_unfinished
from jobkit.result import RESULT, Result, read_result, write_result
from jobkit.source import Source, parse_source


def job(folder: Path, stage: str = "train", upstream: Path | None = None) -> JobSpec:
    return JobSpec(stage, folder, {"seed": 100}, upstream)


def test_a_result_holds_scores_cost_and_provenance(tmp_path: Path) -> None:
    result = run_job(job(tmp_path / "a1"), lambda ledger: Outcome(scores={"dba": 0.9}))
    assert read_result(tmp_path / "a1") == result
    assert result.scores == {"dba": 0.9}
    assert result.cost.peak_memory > 0
    assert {"commit", "dirty", "source", "seed", "started", "ended", "versions"} <= set(result.provenance)


def test_a_complete_job_is_not_run_again(tmp_path: Path) -> None:
    run_job(job(tmp_path / "a1"), lambda ledger: Outcome(scores={"dba": 0.9}))
    again = run_job(job(tmp_path / "a1"), lambda ledger: Outcome(scores={"dba": 0.1}))
    assert again.scores == {"dba": 0.9}


def test_a_crash_is_not_a_result(tmp_path: Path) -> None:
    def crash(ledger: Ledger) -> Outcome:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run_job(job(tmp_path / "a1"), crash)
    assert not (tmp_path / "a1" / RESULT).exists()


def test_what_depends_on_a_diverged_job_is_diverged_without_running(tmp_path: Path) -> None:
    run_job(job(tmp_path / "a1"), lambda ledger: Outcome(status="diverged", epoch=4))

    def never(ledger: Ledger) -> Outcome:
        raise AssertionError("ran")

    result = run_job(job(tmp_path / "b1", "evaluate", tmp_path / "a1"), never)
    assert (result.status, result.epoch) == ("diverged", 4)


def test_the_data_digest_is_handed_down(tmp_path: Path) -> None:
    run_job(job(tmp_path / "a1", "prepare"), lambda ledger: Outcome(provenance={"data_digest": "abc"}))
    result = run_job(job(tmp_path / "b1", "train", tmp_path / "a1"), lambda ledger: Outcome())
    assert result.provenance["data_digest"] == "abc"


def test_an_upstream_job_is_found_by_its_stage_after_the_results_were_moved(tmp_path: Path) -> None:
    old = tmp_path / "old"
    run_job(job(old / "prepare" / "a1", "prepare"), lambda ledger: Outcome())
    run_job(job(old / "train" / "b1", "train", old / "prepare" / "a1"), lambda ledger: Outcome())
    run_job(job(old / "evaluate" / "c1", "evaluate", old / "train" / "b1"), lambda ledger: Outcome())
    new = old.rename(tmp_path / "new")
    assert upstream_folder(new / "evaluate" / "c1", "prepare").samefile(new / "prepare" / "a1")


def test_cost_sums_over_resumptions_and_names_every_source(tmp_path: Path) -> None:
    folder = tmp_path / "a1"
    folder.mkdir()
    first = Ledger.start(folder, started="2026-01-01", source={"m": "old"})
    time.sleep(0.05)
    first.save(peak_memory=7)
    result = run_job(job(folder), lambda ledger: Outcome(peak_memory=3))
    assert result.cost.seconds >= 0.05
    assert result.cost.peak_memory == 7
    assert result.cost.resumptions == 1
    assert result.provenance["started"] == "2026-01-01"
    assert result.provenance["source"][0] == {"m": "old"}
    assert len(result.provenance["source"]) == 2


HOLD = """
import sys, time
from pathlib import Path
from jobkit.lock import job_lock
with job_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_job_waits_for_another_process_that_works_on_it_and_takes_over_when_that_is_killed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    killer = threading.Timer(1.0, os.kill, (holder.pid, signal.SIGKILL))
    killer.start()
    ran = []

    def work(ledger: Ledger) -> Outcome:
        ran.append(holder.poll() is None)
        return Outcome()

    assert run_job(job(tmp_path), work).status == "done"
    holder.wait()
    assert len(ran) == 1
    assert f"waiting for process {holder.pid} on" in capfd.readouterr().err


def test_settings_are_written_before_the_work_begins(tmp_path: Path) -> None:
    seen = {}

    def look(ledger: Ledger) -> Outcome:
        seen.update(read_json(tmp_path / "a1" / "settings.json"))
        return Outcome()

    run_job(job(tmp_path / "a1"), look)
    assert seen == {"stage": "train", "id": "a1", "needs": None, "settings": {"seed": 100}}


def test_a_file_that_is_not_a_result_is_named(tmp_path: Path) -> None:
    (tmp_path / RESULT).write_text('{"form": 1, "stage": "train"}')
    with pytest.raises(UserError, match=r"result\.json: not a job's result"):
        read_result(tmp_path)


def test_unfinished_work_on_other_results_is_thrown_away(tmp_path: Path) -> None:
    upstream, folder = tmp_path / "a1", tmp_path / "b1"
    run_job(job(upstream), lambda ledger: Outcome(scores={"dba": 0.9}))

    def crash(ledger: Ledger) -> Outcome:
        (folder / "state.pt").write_text("half trained")
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        run_job(job(folder, "rebuild", upstream), crash)
    shutil.rmtree(upstream)
    run_job(job(upstream), lambda ledger: Outcome(scores={"dba": 0.7}))
    has_state = []

    def look(ledger: Ledger) -> Outcome:
        has_state.append((folder / "state.pt").exists())
        return Outcome()

    assert run_job(job(folder, "rebuild", upstream), look).cost.resumptions == 0
    assert has_state == [False]


def test_a_job_whose_result_another_process_made_of_an_older_upstream_is_rerun(tmp_path: Path) -> None:
    upstream, folder = tmp_path / "a1", tmp_path / "b1"
    run_job(job(upstream), lambda ledger: Outcome(scores={"dba": 0.9}))
    run_job(job(folder, "evaluate", upstream), lambda ledger: Outcome(scores={"dba": 0.8}))
    shutil.rmtree(upstream)
    run_job(job(upstream), lambda ledger: Outcome(scores={"dba": 0.7}))
    again = run_job(job(folder, "evaluate", upstream), lambda ledger: Outcome(scores={"dba": 0.6}))
    assert again.scores == {"dba": 0.6}


def test_a_folder_that_is_no_jobs_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".env").touch()
    with pytest.raises(UserError, match=r"holds \.env, and is no job's folder"):
        run_job(job(tmp_path), lambda ledger: Outcome())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".env", "notes.txt"]


def test_numbers_may_name_scores(tmp_path: Path) -> None:
    result = run_job(job(tmp_path), lambda ledger: Outcome(scores={"top": {1: 0.5, 2: 0.6, 10: 0.7}}))
    assert read_result(tmp_path).scores["top"] == {str(k): v for k, v in result.scores["top"].items()}


def test_a_result_that_was_edited_is_no_result(tmp_path: Path) -> None:
    run_job(job(tmp_path), lambda ledger: Outcome(scores={"dba": 0.5123}))
    path = tmp_path / RESULT
    path.write_text(path.read_text().replace("0.5123", "0.9123"))
    with pytest.raises(UserError, match=r"result\.json: not a job's result \(changed since it was written"):
        read_result(tmp_path)


def test_the_result_of_another_job_is_none_to_stand_on(tmp_path: Path) -> None:
    run_job(job(tmp_path / "a1"), lambda ledger: Outcome())
    shutil.copytree(tmp_path / "a1", tmp_path / "a2")
    with pytest.raises(UserError, match=r"a2/result\.json: the result of train a1, not of a2"):
        run_job(job(tmp_path / "b1", "evaluate", tmp_path / "a2"), lambda ledger: Outcome())
    with pytest.raises(UserError, match=r"a2/result\.json: the result of train a1, not of a2"):
        run_job(job(tmp_path / "a2"), lambda ledger: Outcome())


def test_a_job_that_is_said_to_stand_on_itself_is_named(tmp_path: Path) -> None:
    run_job(job(tmp_path / "a1"), lambda ledger: Outcome())
    path = tmp_path / "a1/settings.json"
    path.write_text(path.read_text().replace('"needs": null', '"needs": "../a1"'))
    with pytest.raises(UserError, match=r"a1/settings\.json: the job depends on itself"):
        upstream_folder(tmp_path / "a1", "prepare")


def test_what_a_killed_process_had_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / ".state.pt.abc123.pt").write_text("half")
    run_job(job(tmp_path), lambda ledger: Outcome())
    assert not list(tmp_path.glob(".state*"))


def test_a_log_that_was_deleted_keeps_what_was_logged_before(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"

    def fail(ledger: Ledger) -> Outcome:
        with log.open("a") as stream:
            stream.write("first run\n")
        raise OSError("killed")

    log.touch()
    with pytest.raises(OSError, match="killed"):
        run_job(job(tmp_path), fail)
    log.unlink()
    log.touch()

    def work(ledger: Ledger) -> Outcome:
        with log.open("a") as stream:
            stream.write("second run\n")
        return Outcome()

    run_job(job(tmp_path), work)
    assert log.read_text() == f"first run\n{NEXT_RUN}\nsecond run\n"


def of_another_source(folder: Path) -> Result:
    """Write the result of a job whose source is not today's."""
    (folder / "checkpoint.pt").parent.mkdir(exist_ok=True)
    (folder / "checkpoint.pt").write_text("old weights")
    provenance = {"source": [{"m": "old"}], "started": "2026-01-01"}
    result = Result("train", folder.name, scores={"dba": 0.9}, provenance=provenance)
    write_result(folder, result)
    return result


def test_an_old_result_stays_until_its_replacement_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "a1"
    old = of_another_source(folder)
    seen = []

    def work(ledger: Ledger) -> Outcome:
        assert read_result(folder) == old
        assert not (folder / "checkpoint.pt").exists()
        assert is_unfinished(folder)
        seen.append(ledger.account().resumptions)
        if len(seen) == 1:
            (folder / "state.pt").write_text("half trained")
            raise OSError("disk full")
        assert (folder / "state.pt").exists()
        return Outcome(scores={"dba": 0.7}, obsolete=("state.pt",))

    with pytest.raises(OSError, match="disk full"):
        run_job(job(folder), work)
    assert read_result(folder) == old
    assert run_job(job(folder), work).scores == {"dba": 0.7}
    assert seen == [0, 1]
    assert sorted(entry.name for entry in folder.iterdir()) == [".lock", "result.json", "settings.json"]


def test_nothing_runs_on_an_upstream_whose_rerun_is_unfinished(tmp_path: Path) -> None:
    of_another_source(tmp_path / "a1")
    Ledger.start(tmp_path / "a1", started="2026-01-02", source={"m": "new"})
    with pytest.raises(UserError, match=r"a1: its rerun has not ended"):
        run_job(job(tmp_path / "b1", "evaluate", tmp_path / "a1"), lambda ledger: Outcome())


def test_a_job_of_today_whose_rerun_was_begun_by_other_source_is_rerun(tmp_path: Path) -> None:
    run_job(job(tmp_path / "a1"), lambda ledger: Outcome(scores={"dba": 0.9}))
    Ledger.start(tmp_path / "a1", started="2026-01-02", source={"m": "other"})
    again = run_job(job(tmp_path / "a1"), lambda ledger: Outcome(scores={"dba": 0.7}))
    assert again.scores == {"dba": 0.7}
    assert again.provenance["source"][0] == {"m": "other"}


def test_a_job_that_was_killed_before_it_removed_its_ledger_is_complete(tmp_path: Path) -> None:
    first = run_job(job(tmp_path), lambda ledger: Outcome(scores={"dba": 0.9}))
    Ledger.start(tmp_path, started=first.provenance["started"], source=first.provenance["source"][0])
    assert not is_unfinished(tmp_path)
    assert run_job(job(tmp_path), lambda ledger: Outcome()) == first


def test_a_job_whose_files_are_gone_is_rerun(tmp_path: Path) -> None:
    def work(ledger: Ledger) -> Outcome:
        (tmp_path / "checkpoint.pt").write_text("weights")
        return Outcome(scores={"dba": 0.9})

    run_job(job(tmp_path), work)
    (tmp_path / "checkpoint.pt").unlink()
    run_job(job(tmp_path), work)
    assert (tmp_path / "checkpoint.pt").exists()


def test_a_result_of_an_older_form_is_carried_over_by_migrate(tmp_path: Path) -> None:
    write_sealed(tmp_path / RESULT, {"form": 2, "stage": "train", "id": "a1"})
    with pytest.raises(UserError, match=r"of form 2, now 3; carry it over: papermatrix migrate"):
        read_result(tmp_path)


def test_declared_source_that_is_without_the_work_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(Declared({"train": parse_source(["jobkit.digest"])})))
    with pytest.raises(UserError, match=r"declares, jobkit\.digest, is without tests\.jobkit\.test_job"):
        run_job(job(tmp_path / "a1"), lambda ledger: Outcome())
    assert not (tmp_path / "a1").exists()
    run_job(job(tmp_path / "b1", stage="evaluate"), lambda ledger: Outcome())


def test_work_is_found_behind_what_wraps_it() -> None:
    def work(folder: Path, ledger: Ledger) -> Outcome:
        return Outcome()

    wrapped = functools.partial(functools.wraps(work)(lambda ledger: work(Path(), ledger)), None)
    wrapped.func.__module__ = "elsewhere"
    assert module_of(wrapped) == __name__


def test_other_data_in_the_folder_that_was_read_make_a_job_run_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("1")
    spec = dataclasses.replace(job(tmp_path / "a1"), data_root=data)
    run_job(spec, lambda ledger: Outcome(scores={"dba": 0.9}))
    moved = dataclasses.replace(spec, data_root=data.rename(tmp_path / "moved"))
    assert run_job(moved, lambda ledger: Outcome()).scores == {"dba": 0.9}
    (tmp_path / "moved/a.csv").write_text("2")
    assert run_job(moved, lambda ledger: Outcome()).scores == {}


def test_an_accepted_result_is_not_made_again(tmp_path: Path) -> None:
    of_another_source(tmp_path / "a1")
    source = digests_of_work(accepted_work, Source())
    accept(tmp_path / "a1", "only renamed", {"source": source, "upstream_digest": None})
    assert run_job(job(tmp_path / "a1"), accepted_work).scores == {"dba": 0.9}
    accept(tmp_path / "a1", "only renamed", {"source": {"m": "of last week"}, "upstream_digest": None})
    assert run_job(job(tmp_path / "a1"), accepted_work).scores == {}


def accepted_work(ledger: Ledger) -> Outcome:
    return Outcome()
