"""What building the paper says where TeX does not do its part."""

from pathlib import Path

import pytest

from papermatrix.cli import main
from papermatrix.render import article
from tests.papermatrix.tea import Paper

Output = pytest.CaptureFixture[str]


@pytest.fixture
def slow_tex(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Paper:
    """Return a rendered paper, with a TeX that never ends."""
    paper.write("config/config.yaml", "scale: small\npaper: config/text.yaml\n")
    paper.write("config/text.yaml", "main: text/tea.tex\n")
    paper.write("results/cups.tex", "")
    paper.write("text/tea.tex", "")
    for program in article.PROGRAMS:
        paper.write(f"bin/{program}", "#!/bin/sh\nexec sleep 60\n")
        Path(f"bin/{program}").chmod(0o755)
    monkeypatch.setenv("PATH", f"{Path('bin').resolve()}:/usr/bin:/bin")
    monkeypatch.setattr(article, "TIMEOUT", 0.2)
    return paper


def test_a_tex_that_takes_too_long_is_an_error(slow_tex: Paper, capsys: Output) -> None:
    assert main(["paper"]) == 2
    assert capsys.readouterr().err == "error: text/tea.tex: TeX took longer than 0.2 s\n"
    assert not Path("results/paper.pdf").exists()


def test_a_source_that_is_not_there_is_reported_with_the_file_that_names_it(
    slow_tex: Paper, capsys: Output
) -> None:
    Path("text/tea.tex").unlink()
    assert main(["paper"]) == 2
    assert capsys.readouterr().err == "error: text/tea.tex: no such file; config/text.yaml names it\n"
