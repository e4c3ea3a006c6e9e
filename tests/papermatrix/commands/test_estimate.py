"""What tables will still cost, by finished jobs like theirs."""

import json
from typing import Any

import pytest

from jobkit.files import write_json
from jobkit.result import Cost
from papermatrix.cli import main
from papermatrix.matrix.jobs import Job
from tests.papermatrix.tea import OF_OTHER_SOURCE, TABLES, Paper, finish

MUGS = """
  mugs:
    title: Mugs
    metric: flavour
    rows:
      - label: plain
      - {label: sixth, with: {leaf.grams: 6}}
    columns:
      - label: mug
"""


def done(job: Job, seconds: float, devices: int = 1) -> None:
    """Finish a job as jobs do, with its settings."""
    hours = seconds * devices / 3600
    finish(job, cost=Cost(seconds=seconds, device_count=devices, device_hours=hours))
    write_json(job.folder / "settings.json", {"stage": job.stage, "id": job.id, "settings": job.settings})


def estimate(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["estimate", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def jobs(paper: Paper) -> list[Job]:
    paper.write("config/tables.yaml", TABLES.rstrip() + MUGS)
    return list(paper.matrix().jobs.values())


def of_stage(jobs: list[Job], stage: str) -> list[Job]:
    return [job for job in jobs if job.stage == stage]


def test_without_any_finished_job_nothing_is_known(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    content = estimate(capsys)
    assert content["total"]["without_history"] == {"dry": 3, "steep": 1, "taste": 7}
    assert content["total"]["device_hours"] == {"likely": 0, "low": 0, "high": 0}
    assert main(["estimate"]) == 0
    assert "without history 3 dry, 7 taste, 1 steep" in capsys.readouterr().out


def test_jobs_cost_what_the_most_alike_did_and_range_over_those_alike(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    plain, black, sixth = of_stage(jobs, "dry")
    assert (black.settings["leaf"]["kind"], sixth.settings["leaf"]["grams"]) == ("black", 6.0)
    done(plain, 3600)
    done(black, 7200)
    content = estimate(capsys, "mugs")["tables"]["mugs"]
    assert content["device_hours"] == {"likely": 1.0, "low": 1.0, "high": 2.0}
    assert content["without_history"] == {"taste": 2}


def test_hours_count_devices_and_seconds_do_not(jobs: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    done(of_stage(jobs, "dry")[0], 3600, devices=4)
    content = estimate(capsys, "mugs")["tables"]["mugs"]
    assert content["device_hours"]["likely"] == 4.0
    assert content["seconds"]["likely"] == 3600


def test_what_tables_share_is_counted_once_in_the_total(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    done(of_stage(jobs, "taste")[0], 3600)
    content = estimate(capsys)
    counts = {table: content["tables"][table]["jobs"] for table in ("cups", "mugs")}
    assert counts == {"cups": 8, "mugs": 2}
    assert content["total"]["jobs"] == 10
    done(of_stage(jobs, "dry")[0], 3600)
    mugs = estimate(capsys, "mugs")
    assert mugs["total"] == mugs["tables"]["mugs"]


def test_a_finished_table_costs_nothing_more(jobs: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    for job in jobs:
        done(job, 60)
    content = estimate(capsys)["total"]
    assert (content["jobs"], content["device_hours"]["high"]) == (0, 0)


def test_another_scale_is_no_history(
    paper: Paper, jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/scales/large.yaml", "leaf: {grams: 100, dust: true}\ncup.colour: red\n")
    for job in jobs:
        done(job, 60)
    content = estimate(capsys, "--config", "scale=large")["total"]
    assert content["without_history"] == {"dry": 3, "steep": 1, "taste": 7}


def test_what_diverged_or_depends_on_such_is_no_measure(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    plain, black, _ = of_stage(jobs, "dry")
    finish(plain, status="diverged", epoch=1, cost=Cost(seconds=1, device_hours=1 / 3600))
    write_json(plain.folder / "settings.json", {"settings": plain.settings})
    done(black, 3600)
    content = estimate(capsys, "mugs")["tables"]["mugs"]
    assert content["device_hours"] == {"likely": 1.0, "low": 1.0, "high": 1.0}
    assert content["without_history"] == {"taste": 1}


def test_a_run_keeps_stale_jobs(paper: Paper, jobs: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    stages = (paper.folder / "config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("taste: {", "taste: {source: jobkit.digest, "))
    for job in jobs:
        finish(job, provenance=OF_OTHER_SOURCE)
    assert estimate(capsys)["total"]["jobs"] == 0


@pytest.mark.parametrize("seconds", [-5.0, 1e300, 10**400])
def test_a_cost_that_no_job_has_is_no_measure(
    jobs: list[Job], capsys: pytest.CaptureFixture[str], seconds: float
) -> None:
    for job in of_stage(jobs, "dry")[1:]:
        finish(job, cost=Cost(seconds=seconds, device_hours=seconds))
        write_json(job.folder / "settings.json", {"settings": job.settings})
    assert estimate(capsys)["total"]["without_history"]["dry"] >= 1
    assert main(["status"]) == 0
