"""Tables as Chromium shows them, headless and without a network."""

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from papermatrix.matrix.expand import Matrix
from tests.papermatrix.rendered import grids, rendered
from tests.papermatrix.tea import Paper, finish_all

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (tests/install_extras.sh browser)"),
]

HOSTILE = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"


def browse(page: Path, *options: str) -> str:
    """Return what Chromium prints of a page, once its scripts would have run."""
    assert CHROMIUM is not None
    profile = page.parent / "profile"
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               f"--user-data-dir={profile}", "--virtual-time-budget=2000", "--window-size=900,600",
               *options, page.resolve().as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


class Page(HTMLParser):
    """The tags, the title and the tables' rows of a document."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: set[str] = set()
        self.title = ""
        self.rows: list[list[str]] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self._inside.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "title" in self._inside:
            self.title += data
        elif {"td", "th"} & set(self._inside):
            self.rows[-1][-1] += data


def table(paper: Paper, label: str = "plain") -> Matrix:
    quoted = label.replace("'", "''")
    matrix = paper.tables(f"""
tables:
  cups:
    title: '{quoted}'
    caption: '{quoted}'
    note: '{quoted}'
    metric: flavour
    rows: [{{label: '{quoted}'}}, {{label: black, with: {{leaf.kind: black}}}}]
    columns: [{{label: white cup}}, {{label: blue cup, with: {{cup.colour: blue}}}}]
""")
    finish_all(matrix, lambda cell: 0.5 if cell.row == label else 0.25)
    return matrix


def test_a_browser_shows_the_values_that_markdown_has(paper: Paper) -> None:
    matrix = table(paper)
    (ours,) = grids(rendered(matrix))
    rendered(matrix, "html")
    page = Page(browse(Path("results/cups.html"), "--dump-dom"))
    heads, *rows = page.rows
    assert {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows} == {
        label: {column: value.strip("*") for column, value in values.items()}
        for label, values in ours.items()
    }


def test_nothing_of_a_label_runs_in_a_browser(paper: Paper) -> None:
    rendered(table(paper, HOSTILE), "html")
    page = Page(browse(Path("results/cups.html"), "--dump-dom"))
    assert not {"script", "img"} & page.tags
    assert page.title == HOSTILE
    assert page.rows[1][0] == HOSTILE


def test_a_page_can_be_seen(paper: Paper) -> None:
    rendered(table(paper), "html")
    picture = Path("results/cups.png")
    browse(Path("results/cups.html"), f"--screenshot={picture.resolve()}")
    with Image.open(picture) as image:
        assert image.size == (900, 600)
        greys = image.convert("L").getextrema()
    assert greys == (0, 255)
