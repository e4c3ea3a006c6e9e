"""What is said of a job that failed: its log's own words, harmless wherever they stand."""

from pathlib import Path

import pytest

from jobkit.folder import NEXT_RUN
from papermatrix.results.unfinished import LONGEST, log_line
from tests.papermatrix.rendered import rendered
from tests.papermatrix.tea import Paper, fail, finish_all, runs


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", ""),
        ("the leaves burn\n\n", "the leaves burn"),
        ("epoch 1\nerror: no sugar\nerror: no milk\n", "error: no milk"),
        ("Traceback:\n  line 1\ntea.LeafError: wet\nwarning: 3 files left open\n", "tea.LeafError: wet"),
        ("Error in dry(): wet\nExecution halted\n", "Error in dry(): wet"),
        (f"error: of before\n{NEXT_RUN}\nthe leaves burn\n", "the leaves burn"),
        ("10%\r20%\rleaf 3: dry", "leaf 3: dry"),
        ('\x1b[31merror:\x1b[0m a\x07b\u202ec "d"', "error: a b c 'd'"),
        ("x" * 300, f"{'x' * (LONGEST - 1)}…"),
    ],
)
def test_the_line_of_a_log_that_says_what_is_wrong(tmp_path: Path, log: str, line: str) -> None:
    (tmp_path / "log.txt").write_text(log)
    assert log_line(tmp_path) == line


def test_a_log_that_is_not_text_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"\x00" * 100_000 + b"error: \xff\xfe\n")
    assert log_line(tmp_path).startswith("error: ")


def test_words_of_a_log_are_no_markup_in_any_format(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    cell = runs(matrix)[0]
    assert cell.job is not None
    (cell.job.folder / "result.json").unlink()
    fail(cell.job, "error: <b>[a](b)</b> \\input{secret} 100% | $x_1$\n")
    assert "&lt;b&gt;[a](b)&lt;/b&gt;" in rendered(matrix, "html", is_partial=True)
    assert r"\textbackslash{}input\{secret\} 100\%" in rendered(matrix, "tex", is_partial=True)
    assert r"\<b>\[a\](b)\</b> \\input\{secret\} 100% \|" in rendered(matrix, is_partial=True)
