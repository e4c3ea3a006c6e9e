"""A paper's own templates, in place of those of the same name."""

from pathlib import Path

import pytest

from jobkit.errors import UserError
from papermatrix.render import fingerprint
from papermatrix.render.table import render
from papermatrix.results.store import Store
from tests.papermatrix.rendered import rendered
from tests.papermatrix.tea import Paper, finish_all


def test_a_template_in_the_papers_folder_replaces_ours(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    paper.write("config/templates/table.md.j2", "{{ page.title }} & _tea_\n{{ page.ours | grid }}\n")
    assert rendered(matrix).startswith("Tea & _tea_\n|")
    assert "<table>" in rendered(matrix, "html")


def test_a_part_of_a_template_can_be_replaced_alone(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    paper.write("config/templates/tabular.tex.j2", "% << grid.width >> columns\n")
    text = rendered(matrix, "tex")
    assert "% 2 columns\n" in text
    assert "\\caption{Tea}" in text


def test_a_changed_template_is_something_else_to_render_from(paper: Paper) -> None:
    matrix = paper.matrix()

    def source() -> object:
        return fingerprint.of_table(matrix, "cups", Store(matrix))

    before = source()
    paper.write("config/templates/table.md.j2", "a")
    first = source()
    paper.write("config/templates/table.md.j2", "b")
    assert before != first != source()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% if %}", r"config/templates/table\.md\.j2:1: "),
        ("a\n{{ page.title + 1 }}", r"config/templates/table\.md\.j2:2: can only concatenate str"),
        ("{{ 1 / 0 }}", r"config/templates/table\.md\.j2:1: division by zero"),
        ("{{ page.titel }}", r"config/templates/table\.md\.j2:1: .*titel"),
    ],
)
def test_an_error_in_a_papers_template_names_it(paper: Paper, text: str, message: str) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    paper.write("config/templates/table.md.j2", text)
    with pytest.raises(UserError, match=message):
        render(matrix, "cups", Path("results"))
    assert not Path("results").joinpath("cups.md").exists()


def test_a_template_that_is_not_utf_8_is_named(paper: Paper) -> None:
    matrix = paper.matrix()
    finish_all(matrix)
    paper.write("config/templates/table.md.j2", "")
    Path("config/templates/table.md.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"^config/templates/table\.md\.j2: not UTF-8"):
        render(matrix, "cups", Path("results"))
