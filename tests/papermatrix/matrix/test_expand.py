"""From tables to jobs: each once, and nothing but settings decides which."""

import random
from collections import Counter

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobkit.errors import UserError
from papermatrix.matrix.expand import Matrix
from papermatrix.matrix.jobs import Job
from tests.papermatrix.tea import TABLES, CellRun, Paper, runs


def stages(matrix: Matrix) -> Counter[str]:
    return Counter(job.stage for job in matrix.jobs.values())


def job_of(cell: CellRun) -> Job:
    assert cell.job is not None
    return cell.job


def test_equal_jobs_are_one(paper: Paper) -> None:
    # plain and steeped share their dried leaves; every cup is tasted on its own.
    assert stages(paper.matrix()) == {"dry": 2, "steep": 1, "taste": 6}


def test_every_job_comes_after_what_it_needs(paper: Paper) -> None:
    seen: set[str] = set()
    for job in paper.matrix().jobs.values():
        assert job.upstream is None or job.upstream.id in seen
        seen.add(job.id)


def test_a_stage_that_does_not_take_place_is_skipped(paper: Paper) -> None:
    cells = runs(paper.matrix())
    chains = {cell.row: [job.stage for job in job_of(cell).chain()] for cell in cells}
    assert chains["plain"] == ["dry", "taste"]
    assert chains["steeped"] == ["dry", "steep", "taste"]


def test_a_stage_does_not_take_place_with_the_settings_of_unless(paper: Paper) -> None:
    text = (paper.folder / "config/stages.yaml").read_text()
    condition = "when: {steep.enabled: true}, unless: {leaf.kind: black, leaf.notes: []}"
    paper.write("config/stages.yaml", text.replace("when: {steep.enabled: true}", condition))
    matrix = paper.tables("""
tables:
  cups:
    title: Tea
    metric: flavour
    with: {steep.enabled: true}
    rows:
      - {label: green, with: {leaf.notes: []}}
      - {label: black, with: {leaf.kind: black}}
      - {label: neither, with: {leaf.kind: black, leaf.notes: []}}
    columns: [{label: cup}]
""")
    chains = {cell.row: [job.stage for job in job_of(cell).chain()] for cell in runs(matrix)}
    assert chains["green"] == chains["black"] == ["dry", "steep", "taste"]
    assert chains["neither"] == ["dry", "taste"]


def test_a_job_is_given_the_settings_of_all_its_upstream(paper: Paper) -> None:
    steeped = next(cell for cell in runs(paper.matrix()) if cell.row == "steeped")
    assert job_of(steeped).settings == {
        "leaf": {"kind": "green", "grams": 1.0, "notes": ["sweet"], "dust": False, "filter": None},
        "seed": 100,
        "steep": {"enabled": True, "minutes": 3},
        "cup": {"colour": "white"},
    }


def test_a_setting_that_no_stage_uses_makes_no_new_job(paper: Paper) -> None:
    before = paper.matrix().jobs.keys()
    row = "      - {label: longer, with: {steep.minutes: 9}}\n    columns"
    assert paper.tables(TABLES.replace("    columns", row)).jobs.keys() == before


def test_the_later_level_wins(paper: Paper) -> None:
    matrix = paper.tables("""
tables:
  cups:
    title: Tea
    metric: flavour
    with: {cup.colour: table, leaf.grams: 2}
    rows: [{label: a, with: {cup.colour: row, steep.minutes: 5}}, {label: b}]
    columns: [{label: c, with: {cup.colour: column}}, {label: d}]
    variants: [{label: v, with: {cup.colour: variant}}, {label: w}]
""")
    colours = {
        (cell.row, cell.column, cell.variant): job_of(cell).settings["cup"]["colour"] for cell in runs(matrix)
    }
    assert colours == {
        ("a", "c", "v"): "variant",
        ("a", "c", "w"): "column",
        ("a", "d", "v"): "variant",
        ("a", "d", "w"): "row",
        ("b", "c", "v"): "variant",
        ("b", "c", "w"): "column",
        ("b", "d", "v"): "variant",
        ("b", "d", "w"): "table",
    }


def _shuffled(content: object, order: random.Random) -> object:
    """Return the same content with its keys in another order."""
    if isinstance(content, dict):
        keys = list(content)
        order.shuffle(keys)
        return {key: _shuffled(content[key], order) for key in keys}
    return [_shuffled(item, order) for item in content] if isinstance(content, list) else content


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_order_of_keys_changes_no_job(paper: Paper, order: random.Random) -> None:
    before = paper.tables(TABLES).jobs.keys()
    text = yaml.safe_dump(_shuffled(yaml.safe_load(TABLES), order), sort_keys=False)
    assert paper.tables(text).jobs.keys() == before


@pytest.mark.parametrize(
    ("old", "new"), [("plain", "simple"), ("Tea", "Coffee"), ("    rows", "    # x\n    rows")]
)
def test_labels_titles_and_comments_change_no_job(paper: Paper, old: str, new: str) -> None:
    before = paper.matrix().jobs.keys()
    assert paper.tables(TABLES.replace(old, new)).jobs.keys() == before


def test_a_new_row_adds_only_its_own_jobs(paper: Paper) -> None:
    before = paper.matrix().jobs
    row = "      - {label: smoky, with: {leaf.notes: [smoky]}}\n    columns"
    after = paper.tables(TABLES.replace("    columns", row)).jobs
    assert before.keys() <= after.keys()
    added = [job.stage for name, job in after.items() if name not in before]
    assert Counter(added) == {"dry": 1, "taste": 2}


def test_scales_share_no_job_that_differs(paper: Paper) -> None:
    paper.write("config/scales/large.yaml", "leaf.grams: 100\n")
    assert not paper.matrix().jobs.keys() & paper.matrix(scale="large").jobs.keys()


def test_a_metric_of_an_earlier_stage_needs_no_later_one(paper: Paper) -> None:
    matrix = paper.tables("""
tables:
  cost:
    title: Cost
    rows: [{label: plain}, {label: steeped, with: {steep.enabled: true}}]
    columns:
      - {label: Hours, metric: dry.cost.device_hours}
      - {label: Steeping, metric: steep.cost.device_hours}
      - {label: Kind, show: leaf.kind}
""")
    assert stages(matrix) == {"dry": 1, "steep": 1}
    steeping = {cell.row: cell.job for cell in runs(matrix, "cost") if cell.column == "Steeping"}
    assert steeping["plain"] is None
    assert steeping["steeped"] is not None


def test_seeds_make_one_job_each(paper: Paper) -> None:
    matrix = paper.tables(TABLES.replace("metric: flavour", "metric: flavour\n    seeds: [1, 2, 3]"))
    assert stages(matrix) == {"dry": 6, "steep": 3, "taste": 18}
    assert [cell.seed for cell in runs(matrix)[:3]] == [1, 2, 3]


def test_seeds_of_a_row_win_over_those_of_the_configuration(paper: Paper) -> None:
    text = TABLES.replace("label: black,", "label: black, seeds: [7],")
    paper.write("config/tables.yaml", text)
    seeds = {cell.row: cell.seed for cell in runs(paper.matrix(seeds=["5"]))}
    assert seeds == {"plain": 5, "black": 7, "steeped": 5}


def test_where_the_data_lie_changes_no_job(paper: Paper) -> None:
    text = (paper.folder / "config/stages.yaml").read_text()
    paper.write("config/stages.yaml", text.replace("dry: {", "dry: {reads_data_root: {leaf.kind: black}, "))
    jobs = paper.matrix(data_root="x").jobs
    assert list(jobs) == list(paper.matrix(data_root="y").jobs)
    assert [job.reads_data_root for job in jobs.values() if job.stage == "dry"] == [False, True]
    assert not any(job.reads_data_root for job in jobs.values() if job.stage != "dry")


def test_a_setting_with_its_neutral_value_renames_no_job(paper: Paper) -> None:
    before = list(paper.matrix().jobs)
    paper.setting("leaf.shade", {"type": "boolean", "default": False, "x-neutral": False})
    assert list(paper.matrix().jobs) == before
    jobs = paper.tables(TABLES.replace("leaf.kind: black", "leaf.kind: black, leaf.shade: true")).jobs
    assert len(set(jobs) - set(before)) == 3
    paper.setting("leaf.shade", {"type": "boolean", "default": True, "x-neutral": False})
    paper.write("config/tables.yaml", TABLES)
    assert not set(paper.matrix().jobs) & set(before)


def test_a_setting_without_neutral_value_makes_other_jobs(paper: Paper) -> None:
    before = set(paper.matrix().jobs)
    paper.setting("leaf.shade", {"type": "boolean", "default": False})
    assert not set(paper.matrix().jobs) & before


def test_jobs_that_differ_in_what_cannot_matter_are_one(paper: Paper) -> None:
    text = (paper.folder / "config/stages.yaml").read_text()
    tables = (
        TABLES
        + "    variants:\n"
        + "".join(
            f"      - {{label: {minutes} min, with: {{steep.minutes: {minutes}}}}}\n" for minutes in (2, 5)
        )
    )
    steeps = {job for job in paper.tables(tables).jobs.values() if job.stage == "steep"}
    assert len(steeps) == 2
    ignored = "{settings: [steep.minutes], when: leaf.kind == 'green' and 'smoky' not in leaf.notes}"
    paper.write("config/stages.yaml", text.replace("steep: {", f"steep: {{ignores: [{ignored}], "))
    (steep,) = (job for job in paper.matrix().jobs.values() if job.stage == "steep")
    assert steep.settings["steep"]["minutes"] == 3


def test_an_id_is_a_readable_slug_and_a_digest(paper: Paper) -> None:
    first = next(iter(paper.matrix().jobs.values()))
    slug, _, digits = first.id.rpartition("-")
    assert slug == "green-S"
    assert len(digits) == 12
    assert set(digits) <= set("0123456789abcdef")


def test_an_id_is_a_safe_file_name_whatever_the_settings_are(paper: Paper) -> None:
    stages_file = (paper.folder / "config/stages.yaml").read_text()
    paper.write(
        "config/stages.yaml", stages_file.replace("uses: [cup]", 'uses: [cup], slug: "{{ cup.colour }}"')
    )
    text = TABLES.replace("cup.colour: blue", f'cup.colour: "../../b $(ls) {{{{ 1 }}}} {"x" * 300}"')
    for job in paper.tables(text).jobs.values():
        assert set(job.id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-")
        assert not job.id.startswith((".", "-"))
        assert len(job.id) < 100


def test_only_the_tables_asked_for_are_expanded(paper: Paper) -> None:
    other = TABLES + TABLES.split("tables:\n")[1].replace("cups:", "more:").replace("black", "green")
    matrix = paper.tables(other)
    assert set(matrix.cells) == {"cups", "more"}
    first = next(iter(matrix.jobs))
    assert matrix.tables_of[first] == ("cups", "more")


def test_a_table_that_is_not_there_is_named_with_the_nearest(paper: Paper) -> None:
    from papermatrix.matrix.expand import load_matrix

    with pytest.raises(UserError, match="cpus: no such table; did you mean cups\\?"):
        load_matrix({}, ["cpus"])


def test_settings_at_one_scale_hold_there_alone_and_win_over_with(paper: Paper) -> None:
    tables = """
tables:
  cups:
    title: Tea
    metric: flavour
    rows:
      - label: brewed
        with: {leaf.kind: green}
        at: {big: {leaf.kind: black}}
    columns: [{label: cup}]
"""
    paper.write("config/scales/big.yaml", "{}\n")
    paper.write("config/tables.yaml", tables)
    kinds = {
        scale: job_of(runs(paper.matrix(scale=scale))[0]).settings["leaf"]["kind"]
        for scale in ("small", "big")
    }
    assert kinds == {"small": "green", "big": "black"}
