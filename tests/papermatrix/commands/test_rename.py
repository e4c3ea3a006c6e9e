"""Another label for a row or column: in every file, and nothing else of them changes."""

from pathlib import Path

import pytest

from papermatrix.cli import main
from tests.papermatrix.tea import CONFIG, TABLES, Paper

REPORTED = """
source: As reported.   # by us
scale: small
tables:
  cups:
    # The first row.
    plain: &plain {white cup: 0.5, "blue cup": 0.6}
    'black': *plain
  mugs:
    plain: {white cup: 0.1}
"""
MUGS = """
  mugs:
    title: Mugs
    metric: flavour
    rows: [{label: plain, values: {white cup: cited}}]
    columns: [{label: white cup}]
"""
PAPER = """
numbers:
  plainWhite: {table: cups, row: plain, column: white cup}   # white cup, plain
  mugWhite: {table: mugs, row: plain, column: white cup}
figures:
  rows:
    {kind: rows, title: "plain", table: cups, stage: dry, column: white cup,
    x: &x {column: white cup, label: plain}, panels: [*x]}
audit:
  weighted_means:
    - {table: cups, rows: [plain, "black"], whole: white cup, parts: {white cup: 1, blue cup: 2}}
  products:
    - table: cups
      product: white cup
      factors:
        - white cup
        - blue cup
  same:
    - cell: {table: cups, row: plain, column: white cup}
      other: {table: mugs, row: plain, column: white cup}
      because: plain
"""


@pytest.fixture
def whole(paper: Paper) -> Paper:
    """Return a paper whose every file names rows and columns."""
    paper.write("config/config.yaml", CONFIG + "reported: config/reported.yaml\npaper: config/paper.yaml\n")
    paper.write("config/tables.yaml", TABLES + MUGS.lstrip("\n"))
    paper.write("config/reported.yaml", REPORTED)
    paper.write("config/paper.yaml", PAPER)
    assert main(["validate"]) == 0
    return paper


def texts() -> dict[str, str]:
    return {path.name: path.read_text() for path in Path("config").glob("*.yaml")}


def changed_lines(before: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return the lines that differ, by file and number, each before and after."""
    return {
        f"{name}:{number}": (old.strip(), new.strip())
        for name, text in texts().items()
        for number, (old, new) in enumerate(
            zip(before[name].split("\n"), text.split("\n"), strict=True), start=1
        )
        if old != new
    }


def test_a_row_has_its_new_label_wherever_it_is_named_and_every_comment_stays(whole: Paper) -> None:
    before, jobs = texts(), list(whole.matrix().jobs)
    assert main(["rename", "cups", "plain", "green: no # milk"]) == 0
    assert main(["validate"]) == 0
    assert list(whole.matrix().jobs) == jobs
    new = '"green: no # milk"'
    quoted = new.replace('"', "'")
    lines = changed_lines(before)
    assert lines == {
        "tables.yaml:6": ("- label: plain", f"- label: {quoted}"),
        "reported.yaml:6": (
            'plain: &plain {white cup: 0.5, "blue cup": 0.6}',
            f'{quoted}: &plain {{white cup: 0.5, "blue cup": 0.6}}',
        ),
        **{
            key: (
                old,
                old.replace("table: cups, row: plain", f"table: cups, row: {quoted}").replace(
                    "[plain", f"[{quoted}"
                ),
            )
            for key, (old, _) in lines.items()
            if key.startswith("paper.yaml")
        },
    }
    assert [key for key in lines if key.startswith("paper.yaml")] == [f"paper.yaml:{n}" for n in (2, 10, 18)]


def test_a_column_has_its_new_label_wherever_it_is_named(
    whole: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    before, jobs = texts(), list(whole.matrix().jobs)
    assert main(["rename", "--column", "cups", "white cup", "5"]) == 0
    assert "and no job changes" in capsys.readouterr().out
    assert main(["validate"]) == 0
    assert list(whole.matrix().jobs) == jobs
    lines = changed_lines(before)
    assert lines["tables.yaml:10"][1] == "- label: '5'"
    assert lines["reported.yaml:6"][1] == 'plain: &plain {5: 0.5, "blue cup": 0.6}'
    figure = lines["paper.yaml:6"][1]
    assert figure.endswith("table: cups, stage: dry, column: '5',")
    assert [key for key in lines if key.startswith("paper.yaml")] == [
        f"paper.yaml:{n}" for n in (2, 6, 10, 13, 15, 18)
    ]


def test_a_label_keeps_its_quotes_and_line_ends(whole: Paper) -> None:
    text = whole.folder.joinpath("config/tables.yaml").read_text().replace("label: black", 'label: "black"')
    whole.folder.joinpath("config/tables.yaml").write_bytes(
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    )
    assert main(["rename", "cups", "black", "Tee \N{BLACK HEART SUIT} \N{TEACUP WITHOUT HANDLE}"]) == 0
    content = Path("config/tables.yaml").read_bytes()
    heart = "Tee \N{BLACK HEART SUIT} \N{TEACUP WITHOUT HANDLE}"
    assert content == b"\xef\xbb\xbf" + text.replace('"black"', f'"{heart}"').replace("\n", "\r\n").encode()


def test_a_number_is_a_label_as_it_is_written(whole: Paper) -> None:
    for name in ("tables", "reported", "paper"):
        path = Path(f"config/{name}.yaml")
        path.write_text(path.read_text().replace("label: black", "label: 0.10").replace("'black'", "0.10"))
        path.write_text(path.read_text().replace('"black"', "0.10"))
    assert main(["validate"]) == 0
    assert main(["rename", "cups", "0.10", "0.20"]) == 0
    assert main(["validate"]) == 0
    assert "{label: '0.20', with:" in Path("config/tables.yaml").read_text()
    assert "rows: [plain, '0.20']" in Path("config/paper.yaml").read_text()


def test_values_of_a_row_follow_their_column(whole: Paper) -> None:
    assert main(["rename", "mugs", "white cup", "mug", "--column"]) == 0
    assert "values: {mug: cited}" in Path("config/tables.yaml").read_text()
    assert main(["validate"]) == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["cup", "plain", "new"], "cup: no such table; did you mean cups?"),
        (["cups", "plan", "new"], "cups: no row 'plan'; did you mean plain?"),
        (["cups", "white cap", "new", "--column"], "cups: no column 'white cap'; did you mean white cup?"),
        (["cups", "plain", "black"], "cups: has a row 'black' already"),
        (["cups", "plain", " "], "tables.cups.rows[0].label: expected a label that can be seen"),
    ],
)
def test_what_cannot_be_renamed_changes_nothing(
    whole: Paper, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    before = texts()
    assert main(["rename", *arguments]) == 2
    assert error in capsys.readouterr().err
    assert texts() == before


def test_a_word_that_an_alias_shares_with_another_table_is_named(
    whole: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = (
        Path("config/tables.yaml")
        .read_text()
        .replace("label: plain\n", "label: &p plain\n")
        .replace("[{label: plain,", "[{label: *p,")
    )
    whole.write("config/tables.yaml", edited)
    before = texts()
    assert main(["rename", "cups", "plain", "green"]) == 2
    error = "config/tables.yaml:6: tables.cups.rows[0].label: by an alias it stands in line 15 too"
    assert error in capsys.readouterr().err
    assert texts() == before


def test_where_a_file_cannot_be_written_none_is(
    whole: Paper, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = texts()
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if target.name == "tables.yaml":
            raise OSError(28, "No space left on device", str(target))
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        assert main(["rename", "cups", "plain", "green"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert texts() == before


def test_a_dry_run_names_the_places_alone_and_files_keep_their_mode(
    whole: Paper, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts()
    Path("config/paper.yaml").chmod(0o600)
    assert main(["rename", "cups", "plain", "green", "--dry-run"]) == 0
    *places, last = capsys.readouterr().out.splitlines()
    assert "config/reported.yaml:6: tables.cups.plain" in places
    assert last == f"would rename it in {len(places)} places of 3 files, and no job changes"
    assert texts() == before
    assert main(["rename", "cups", "plain", "green"]) == 0
    assert Path("config/paper.yaml").stat().st_mode & 0o777 == 0o600
