"""Another scale than config.yaml's own: what commands write goes to a folder of its own."""

from pathlib import Path

import pytest

from papermatrix.cli import main
from papermatrix.render import article
from tests.papermatrix.tea import Paper, finish_all

Output = pytest.CaptureFixture[str]
LARGE = ("--config", "scale=large")


@pytest.fixture
def scaled(paper: Paper) -> Paper:
    """Return a paper in which every job of the scales `small`, its own, and `large` has a result."""
    paper.write("config/scales/large.yaml", "leaf.grams: 7\n")
    for scale in ("small", "large"):
        finish_all(paper.matrix(scale=scale))
    return paper


def test_each_scale_has_its_tables(scaled: Paper, capsys: Output) -> None:
    assert main(["render"]) == main(["render", *LARGE]) == 0
    assert "results/large/cups.md" in capsys.readouterr().out.split()
    assert "- scale: small" in Path("results/cups.md").read_text()
    assert "- scale: large" in Path("results/large/cups.md").read_text()


def test_each_scale_has_its_incomplete_tables(scaled: Paper, capsys: Output) -> None:
    assert main(["render", "--partial", "cups", *LARGE]) == 0
    assert "results/large/partial/cups.md" in capsys.readouterr().out.split()
    assert not Path("results/partial").exists()


def test_the_own_scale_is_that_of_the_file_whatever_the_command_line_says(scaled: Paper) -> None:
    assert main(["render", "--config", "scale=small"]) == 0
    scaled.write("config/config.yaml", "scale: large\n")
    assert main(["render"]) == main(["render", "--config", "scale=small"]) == 0
    assert "- scale: large" in Path("results/cups.md").read_text()
    assert "- scale: small" in Path("results/small/cups.md").read_text()


def test_the_article_of_another_scale_finds_its_own_parts_first(
    scaled: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaled.write("config/config.yaml", "scale: small\npaper: config/text.yaml\n")
    scaled.write("config/text.yaml", "main: text/tea.tex\n")
    scaled.write("text/tea.tex", "")
    script = "#!/bin/sh\nfor last; do case $last in -outdir=*) out=${last#*=};; esac; done\n"
    for program in article.PROGRAMS:
        scaled.write(f"bin/{program}", f'{script}echo "$TEXINPUTS" > "$out/tea.pdf"\n')
        Path(f"bin/{program}").chmod(0o755)
    monkeypatch.setenv("PATH", f"{Path('bin').resolve()}:/usr/bin:/bin")
    monkeypatch.delenv("TEXINPUTS", raising=False)
    assert main(["render", *LARGE]) == main(["paper", *LARGE]) == 0
    assert Path("results/large/paper.pdf").read_text() == f"{Path('results/large/tex').resolve()}:\n"
    assert Path("results/large/tex/tables/cups.tex").exists()
    assert not Path("text/tables").exists()
    assert not Path("results/paper.pdf").exists()


def test_a_scale_cannot_have_the_name_of_a_folder_in_results(paper: Paper, capsys: Output) -> None:
    paper.write("config/scales/jobs.yaml", "leaf.grams: 7\n")
    assert main(["plan"]) == 0
    reason = "results/jobs holds other files than its tables; expected another name"
    for command in (["validate"], ["plan", "--config", "scale=jobs"]):
        assert main(command) == 2
        assert capsys.readouterr().err == f"error: config/scales/jobs.yaml: {reason}\n"
