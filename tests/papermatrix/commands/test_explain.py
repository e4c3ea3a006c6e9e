"""How a number came to be, as the command line says it."""

import json
import re
from typing import Any

import pytest

from jobkit.result import Cost
from papermatrix.cli import main
from papermatrix.render.escape import NOTHING
from tests.papermatrix.tea import OF_OTHER_SOURCE, Paper, fail, finish, finish_all

TABLES = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: plain
      - {label: steeped, with: {steep.enabled: true, leaf.grams: 4}}
    columns:
      - {label: blue cup, with: {cup.colour: blue}}
      - {label: hours, metric: dry.cost.device_hours}
    variants:
      - {label: sweet, with: {leaf.notes: [sweet]}}
      - {label: bitter, with: {leaf.notes: [bitter]}}
"""
PROVENANCE = {
    "commit": "0123abcd",
    "dirty": True,
    "source": [{"tea.dry": "5555"}],
    "data_digest": "7777",
    "seed": 100,
    "versions": {"python": "3.11.7"},
    "scan_backend": "fast",
    "started": "2026-01-01T10:00:00+00:00",
    "ended": "2026-01-01T10:01:00+00:00",
}


@pytest.fixture
def paper_of_cups(paper: Paper) -> Paper:
    paper.write("config/tables.yaml", TABLES)
    return paper


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["explain", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_number_has_its_jobs_in_order_with_all_that_made_them(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = paper_of_cups.matrix()
    finish_all(
        matrix,
        lambda cell: {"sweet": 0.25, "bitter": 0.5}[cell.variant],
        provenance=PROVENANCE,
        files={"leaves.bin": 3},
        cost=Cost(seconds=60.0, device="kettle", device_hours=0.5),
    )
    explanation = explained(capsys, "cups", "steeped", "blue cup", "--variant", "bitter")
    assert (explanation["value"], explanation["status"], explanation["metric"]) == (0.5, "value", "flavour")
    assert [job["stage"] for job in explanation["jobs"]] == ["dry", "steep", "taste"]
    assert [job["needs"] for job in explanation["jobs"]] == [
        [],
        *([job["id"]] for job in explanation["jobs"][:-1]),
    ]
    assert [job["settings"] for job in explanation["jobs"]] == [
        {"leaf.grams": 4.0, "leaf.notes": ["bitter"]},
        {"steep.enabled": True},
        {"cup.colour": "blue"},
    ]
    for job in explanation["jobs"]:
        assert job["id"] in matrix.jobs
        assert job["provenance"] == PROVENANCE
        assert job["files"] == {"leaves.bin": 3}
        assert job["cost"]["device"] == "kettle"


def test_people_read_the_same(paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    finish_all(paper_of_cups.matrix(), provenance=PROVENANCE, files={"leaves.bin": 3_000_000})
    assert main(["explain", "cups", "steeped", "blue cup", "--variant", "bitter"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("cups, steeped, blue cup, bitter: 0.5000 (value)\nflavour = 0.5 at scale small\n")
    for words in (
        'leaf.grams = 4.0; leaf.notes = ["bitter"]',
        "0123abcd with uncommitted changes",
        "digest 7777",
        "source     1 files",
        "python 3.11.7",
        "scan backend fast",
        "2026-01-01T10:00:00+00:00 to 2026-01-01T10:01:00+00:00",
        "60 s, 0.5000 device-hours",
        "leaves.bin (3 MB)",
    ):
        assert words in text


def test_a_metric_of_an_earlier_stage_ends_there(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_all(paper_of_cups.matrix())
    explanation = explained(capsys, "cups", "plain", "hours", "--variant", "sweet")
    assert explanation["value"] == 0.5
    assert [job["stage"] for job in explanation["jobs"]] == ["dry"]


def test_a_table_in_progress_is_explained_by_its_states(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    job = next(
        job for job in paper_of_cups.matrix().jobs.values() if "bitter" in job.settings["leaf"]["notes"]
    )
    fail(job, "the leaves burn")
    explanation = explained(capsys, "cups", "plain", "blue cup", "--variant", "bitter")
    reason = f'"the leaves burn", see {job.folder}/log.txt'
    assert (explanation["value"], explanation["status"], explanation["reasons"]) == (None, "failed", [reason])
    assert [job["state"] for job in explanation["jobs"]] == ["failed", "pending"]
    assert main(["explain", "cups", "plain", "blue cup", "--variant", "bitter"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"cups, plain, blue cup, bitter: failed ({reason})\nflavour at scale small\n")
    assert f"log        {job.folder}/log.txt" in text


def test_a_diverged_number_names_the_epoch(paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = paper_of_cups.matrix()
    for job in matrix.jobs.values():
        finish(job, status="diverged", epoch=4)
    explanation = explained(capsys, "cups", "plain", "blue cup", "--variant", "sweet")
    assert (explanation["value"], explanation["jobs"][-1]["epoch"]) == (None, 4)
    assert explanation["status"] == explanation["shown"] == "diverged (epoch 4)"


def test_what_makes_a_number_stale_is_told_from_what_depends_on_it(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = (paper_of_cups.folder / "config/stages.yaml").read_text()
    paper_of_cups.write("config/stages.yaml", stages.replace("dry: {", "dry: {source: jobkit.digest, "))
    finish_all(paper_of_cups.matrix(), provenance=OF_OTHER_SOURCE)
    arguments = ("cups", "plain", "blue cup", "--variant", "sweet")
    explanation = explained(capsys, *arguments)
    assert (explanation["value"], explanation["status"]) == (0.5, "stale")
    (reason,) = explanation["reasons"]
    assert reason.startswith(f"dry {explanation['jobs'][0]['id']}: stale, made by other code: ")
    assert [(job["state"], job["outdated"]) for job in explanation["jobs"]] == [
        ("stale", True),
        ("stale", False),
    ]
    assert main(["explain", *arguments]) == 0
    assert re.search("source +1 files; changed since: .*jobkit/digest.py\n", capsys.readouterr().out)


def test_a_score_that_is_not_there_is_explained_by_the_nearest(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper_of_cups.write("config/tables.yaml", TABLES.replace("metric: flavour", "metric: flavor"))
    finish_all(paper_of_cups.matrix())
    assert main(["explain", "cups", "plain", "blue cup", "--variant", "sweet"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith(f": {NOTHING} (absent; no score called flavor; did you mean flavour?)")


def test_a_number_is_shown_as_in_its_table_with_its_raw_value_beside_it(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = TABLES.replace("label: blue cup,", "label: blue cup, factor: 100, format: .1f,")
    paper_of_cups.write("config/tables.yaml", tables)
    finish_all(paper_of_cups.matrix())
    arguments = ("cups", "plain", "blue cup", "--variant", "sweet")
    explanation = explained(capsys, *arguments)
    assert (explanation["value"], explanation["shown"]) == (0.5, "50.0")
    assert main(["explain", *arguments]) == 0
    assert ": 50.0 (value)\nflavour = 0.5 at scale small\n" in capsys.readouterr().out


def test_several_seeds_are_explained_together_or_one_alone(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    paper_of_cups.write("config/config.yaml", "scale: small\nseeds: [1, 2]\n")
    finish_all(paper_of_cups.matrix(), lambda cell: float(cell.seed))
    arguments = ("cups", "plain", "blue cup", "--variant", "sweet")
    both = explained(capsys, *arguments)
    assert both["value"] == 1.5
    assert [value["value"] for value in both["seeds"]] == [1.0, 2.0]
    assert [job["stage"] for job in both["jobs"]] == ["dry", "taste", "dry", "taste"]
    one = explained(capsys, *arguments, "--seed", "2")
    assert one["value"] == 2.0
    assert one["jobs"][0]["settings"] == {"seed": 2}


@pytest.mark.parametrize(
    ("arguments", "errors"),
    [
        (["cpus", "plain", "blue cup"], ["cpus: no such table; did you mean cups?"]),
        (
            ["cups", "plian", "blue cupp"],
            [
                "cups: no row 'plian'; did you mean plain?",
                "cups: no column 'blue cupp'; did you mean blue cup?",
            ],
        ),
        (
            ["cups", "plain", "blue cup", "--variant", "biter"],
            ["cups: no variant 'biter'; did you mean bitter?"],
        ),
        (
            ["cups", "plain", "blue cup"],
            ["cups: the cell has several values; expected --variant sweet or bitter"],
        ),
        (
            ["cups", "plain", "blue cup", "--variant", "sweet", "--seed", "3"],
            ["cups: no seed 3; expected one of 100"],
        ),
    ],
)
def test_a_wrong_label_is_named_with_the_nearest(
    paper_of_cups: Paper, capsys: pytest.CaptureFixture[str], arguments: list[str], errors: list[str]
) -> None:
    assert main(["explain", *arguments]) == 2
    assert capsys.readouterr().err.splitlines() == [f"error: {error}" for error in errors]
