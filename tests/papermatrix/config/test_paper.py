"""Errors of config/paper.yaml, reported with those of all other files."""

import pytest

from jobkit.errors import UserError
from tests.papermatrix.tea import TABLES, Paper

CONFIG = "scale: small\npaper: config/paper.yaml\n"
FIGURE = (
    "figures: {f: {kind: rows, title: T, table: cups, stage: dry, column: white cup,"
    " x: {column: step, label: step}, panels: [{column: loss, label: loss}]}}\n"
)
COST = (
    "cost: {scale: small, device: a pot,"
    " stages: {steep: {samples: 10, passes: steep.minutes, rates: [{seconds: 1}]}}}\n"
)


def diagnostics(paper: Paper, text: str) -> list[str]:
    paper.write("config/config.yaml", CONFIG)
    paper.write("config/paper.yaml", text)
    with pytest.raises(UserError) as error:
        paper.matrix()
    return [line.partition(": ")[2] for line in error.value.lines]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FIGURE.replace("stage: dry", "stage: dyr"), "figures.f.stage: unknown stage; did you mean dry?"),
        (
            FIGURE.replace("white cup", "whit cup"),
            "figures.f.column: unknown column; did you mean white cup?",
        ),
        (FIGURE.replace("column: white cup,", ""), "figures.f: a figure of rows needs a column"),
        (FIGURE.replace("kind: rows", "kind: jobs"), "figures.f.column: goes with rows only"),
        (FIGURE.replace("panels", "panals"), "figures.f.panals: unknown key; did you mean panels?"),
        (
            FIGURE.replace("title: T", "title: T, file: ../../etc/passwd"),
            "figures.f.file: expected the name of a file in a job's folder, such as history.csv",
        ),
        (
            FIGURE.replace("title: T", f"title: T, smooth: 1{'0' * 10}"),
            "figures.f.smooth: expected a number of at most 1000000, found 10000000000",
        ),
        (COST.replace("scale: small", "scale: smal"), "cost.scale: no such scale; did you mean small?"),
        (
            COST.replace("minutes", "minuts"),
            "cost.stages.steep.passes: unknown setting; did you mean minutes?",
        ),
        (
            COST.replace("steep.minutes", "leaf.kind"),
            "cost.stages.steep.passes: expected a setting that is a number, not one of green, black",
        ),
        (
            COST.replace("steep.minutes", "leaf.published"),
            "cost.stages.steep.passes: no setting of steep, nor of a stage before it",
        ),
        (
            COST.replace("steep.minutes", "cup.colour"),
            "cost.stages.steep.passes: no setting of steep, nor of a stage before it",
        ),
        (
            "numbers: {best2: {table: cups, row: plain, column: white cup}}",
            "numbers.best2: expected a LaTeX macro's name: letters only",
        ),
        (
            "numbers: {best: {table: cups, row: plian, column: white cup}}",
            "numbers.best.row: unknown row; did you mean plain?",
        ),
        (
            "numbers: {best: {table: cups, row: plain, column: white cup, variant: hot}}",
            "numbers.best.variant: unknown variant; cups has none",
        ),
        (
            "audit: {weighted_means: [{table: cups, whole: white cup, parts: {bleu cup: 1}}]}",
            "audit.weighted_means[0].parts.bleu cup: unknown column; did you mean blue cup?",
        ),
        (
            "audit: {weighted_means: [{table: cups, whole: white cup, parts: {blue cup: 0}}]}",
            "audit.weighted_means[0].parts.blue cup: expected a number above 0, found 0",
        ),
        (
            "audit: {commands: {c: {run: [x], uses: [leaf], source: jobkit.digets}}}",
            "audit.commands.c.source: no source of a module 'jobkit.digets', neither in this folder nor"
            " installed; did you mean jobkit.digest?",
        ),
        (
            "audit: {commands: {c: {run: [x], uses: [laef]}}}",
            "audit.commands.c.uses[0]: unknown setting; did you mean leaf?",
        ),
        (
            "audit: {commands: {c: {run: [x], uses: [leaf]}},"
            " computed: [{table: cups, column: white cup, command: d, path: a, with: {leaf.gram: 1}}]}",
            "audit.computed[0].with.leaf.gram: unknown setting; did you mean grams?",
        ),
        (
            "cost: {scale: small, device: oven, stages: {dry: {samples: 1, rates: []}}}",
            "cost.stages.dry.rates: expected at least one, found []",
        ),
    ],
)
def test_an_error_is_named_with_its_key_path_and_the_nearest_word(
    paper: Paper, text: str, message: str
) -> None:
    assert message in diagnostics(paper, text)


def test_errors_of_all_files_are_reported_together(paper: Paper) -> None:
    paper.write("config/tables.yaml", TABLES.replace("cup.colour", "cup.color"))
    assert len(diagnostics(paper, "numbers: {best2: {table: cups, row: plian, column: white cup}}")) == 3


def test_an_unknown_table_is_no_error_until_it_is_asked_for(paper: Paper) -> None:
    paper.write("config/config.yaml", CONFIG)
    paper.write("config/paper.yaml", FIGURE.replace("table: cups", "table: mugs"))
    assert list(paper.matrix().cells) == ["cups"]
