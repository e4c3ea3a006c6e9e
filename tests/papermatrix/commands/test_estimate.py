"""What tables will still cost, by finished jobs like theirs."""

import json
import re
from typing import Any

import pytest

from jobkit.files import write_json
from jobkit.result import Cost
from papermatrix.cli import main
from papermatrix.matrix.jobs import Job
from papermatrix.render.text import duration_text
from tests.papermatrix.tea import CONFIG, OF_OTHER_SOURCE, TABLES, Paper, finish

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

RATES = """
cost:
  scale: large
  device: one stove
  stages:
    dry:
      samples: 1000
      rates: [{seconds: 14400}]
"""


def done(job: Job, seconds: float, devices: int = 1, **fields: Any) -> None:
    """Finish a job as jobs do, with its settings."""
    hours = seconds * devices / 3600
    finish(job, cost=Cost(seconds=seconds, device_count=devices, device_hours=hours), **fields)
    write_json(job.folder / "settings.json", {"stage": job.stage, "id": job.id, "settings": job.settings})


def estimate(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["estimate", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    """Return the lines for people, by the table, or by what stands before a colon and the rest."""
    assert main(["estimate", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    return dict(re.match(r"(\d+ of \d+ jobs:|\S*)\s*(.*)", line).groups() for line in lines)  # type: ignore[union-attr]


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
    assert [content["total"][key] for key in ("device_hours", "seconds", "bytes")] == [None] * 3
    total = printed(capsys)["total"]
    assert re.fullmatch("11 +unknown +unknown +unknown: 3 dry, 7 taste, 1 steep", total)


def test_jobs_cost_what_the_most_alike_did_and_range_over_those_alike_where_none_is_of_the_same_method(
    paper: Paper, jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/tables.yaml", TABLES + MUGS.replace("grams: 6", "grams: 6, leaf.notes: [smoky]"))
    jobs = list(paper.matrix().jobs.values())
    plain, black, sixth = of_stage(jobs, "dry")
    assert (black.settings["leaf"]["kind"], sixth.settings["leaf"]["grams"]) == ("black", 6.0)
    done(plain, 3600)
    done(black, 7200)
    content = estimate(capsys, "mugs")["tables"]["mugs"]
    assert content["device_hours"] == {"likely": 1.0, "low": 1.0, "high": 2.0}
    assert content["without_history"] == {"taste": 2}


def test_jobs_of_another_method_are_no_measure_where_there_are_some_of_the_same(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    plain, black, _ = of_stage(jobs, "dry")
    done(plain, 3600)
    done(black, 7200)
    content = estimate(capsys, "mugs")["tables"]["mugs"]
    assert content["device_hours"] == {"likely": 1.0, "low": 1.0, "high": 1.0}


def test_the_start_up_of_a_process_counts_as_snakemake_measured_it_or_as_it_usually_is(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    plain, black, _ = of_stage(jobs, "dry")
    done(plain, 2)
    done(black, 2)
    (black.folder / "benchmark.tsv").write_text("s\th:m:s\n5.00\t0:00:05\n")
    assert estimate(capsys, "mugs")["total"]["seconds"]["likely"] == 5.0


def test_bytes_on_disk_are_those_of_the_files_of_jobs_alike(
    jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    done(of_stage(jobs, "dry")[0], 60, files={"leaves.csv": 1_200_000_000, "history.csv": 34_000_000})
    total = estimate(capsys, "mugs")["total"]
    assert (total["bytes"]["likely"], total["without_disk"]) == (1_234_000_000, 2)
    assert "at least 1.23 GB" in printed(capsys, "mugs")["total"]


def test_a_scale_that_was_never_run_is_estimated_by_the_rates_of_the_paper_where_it_has_some(
    paper: Paper, jobs: list[Job], capsys: pytest.CaptureFixture[str]
) -> None:
    paper.write("config/scales/large.yaml", "leaf: {grams: 100, dust: true}\ncup.colour: red\n")
    paper.write("config/config.yaml", f"{CONFIG}paper: config/paper.yaml\n")
    paper.write("config/paper.yaml", RATES)
    for job in jobs:
        done(job, 60)
    total = estimate(capsys, "--config", "scale=large")["total"]
    assert total["device_hours"] == {"likely": 12_000.0, "low": 12_000.0, "high": 12_000.0}
    assert (total["by_rates"], total["bytes"]) == (3, None)
    assert total["without_history"] == {"steep": 1, "taste": 7}
    lines = printed(capsys, "--config", "scale=large")
    said = "11 +at least 12,000 h +unknown +unknown: 7 taste, 1 steep"
    assert re.fullmatch(said, lines["total"])
    assert lines["3 of 11 jobs:"] == "by the rates of config/paper.yaml, on one stove."
    assert lines["8 of 11 jobs:"] == "unknown, and not counted."
    assert estimate(capsys)["total"]["by_rates"] == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "less than 1 s"), (2, "2 s"), (99.4, "99 s"), (99.6, "2 min"), (180, "3 min"), (5000, "83 min")],
)
def test_a_time_is_in_the_units_of_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_long_times_are_hours() -> None:
    assert [duration_text(hours * 3600) for hours in (2.44, 12.4, 86457.3)] == ["2.4 h", "12 h", "86,457 h"]


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
    assert printed(capsys)["cups"].split() == ["0", "nothing", "nothing"]


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
