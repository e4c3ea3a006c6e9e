"""What is wrong in config.yaml, on the command line or with what they name is said at once."""

import json
import sys

import pytest

from jobkit.errors import UserError
from papermatrix.config.load import load
from papermatrix.matrix.expand import load_matrix
from tests.papermatrix.config.test_diagnostics import diagnostics
from tests.papermatrix.tea import SETTINGS, Paper


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("seeds", "[-1]", "seeds[0]: expected a whole number at least 0, found -1"),
        ("data_root", "~nosuchuser/x", "data_root: '~nosuchuser/x': Could not determine home directory."),
    ],
)
def test_a_value_of_the_config_that_fits_nothing_is_named(
    paper: Paper, key: str, value: str, message: str
) -> None:
    paper.write("config/config.yaml", f"scale: small\n{key}: {value}\n")
    assert diagnostics(paper) == [f"config/config.yaml:2: {message}"]


@pytest.mark.parametrize(
    ("device", "hint"),
    [
        ("gpu", "; did you mean cuda?"),
        ("cud", "; did you mean cuda?"),
        ("cuda:x", "; did you mean cuda?"),
        ("mars", ""),
    ],
)
def test_a_device_that_no_job_knows_is_refused(paper: Paper, device: str, hint: str) -> None:
    assert diagnostics(paper, device=device) == [
        f"--config device: expected one of auto, cpu, cuda, cuda:N, found '{device}'{hint}"
    ]
    assert paper.matrix(device="cuda:1").project.config.device == "cuda:1"


def test_validate_refuses_a_data_root_that_is_not_there_where_the_scale_needs_it(paper: Paper) -> None:
    paper.write("config/config.yaml", "scale: small\ndata_root: /nowhere\n")
    stages = (paper.folder / "config/stages.yaml").read_text()
    assert "dry: {" in stages
    paper.write("config/stages.yaml", stages.replace("dry: {", "dry: {reads_data_root: {leaf.kind: black}, "))
    load(thorough=True)
    paper.write("config/scales/small.yaml", "leaf.kind: black\n")
    with pytest.raises(UserError) as caught:
        load(thorough=True)
    assert caught.value.lines == ["config/config.yaml:2: data_root: no such folder '/nowhere'"]
    load()  # tables are rendered where the data are not


def test_validate_says_that_the_schema_is_older_than_the_settings(paper: Paper) -> None:
    command = [sys.executable, "print_schema.py"]
    schema = {**SETTINGS, "x-made-by": {"command": command, "again": "make schema"}}
    paper.write("config/settings.schema.json", json.dumps(schema))
    paper.write("print_schema.py", "print(open('config/settings.schema.json').read())")
    load(thorough=True)
    paper.write("print_schema.py", "print('{}')")
    with pytest.raises(UserError) as caught:
        load(thorough=True)
    assert caught.value.lines == [
        "config/settings.schema.json: older than the settings, which"
        f" {' '.join(command)} prints; run make schema"
    ]
    paper.write("print_schema.py", "raise SystemExit('no settings')")
    with pytest.raises(UserError, match=r"print_schema\.py fails \(no settings\)"):
        load(thorough=True)
    load()
    made_by = {"command": ["no-such-program"], "again": "make schema"}
    paper.write("config/settings.schema.json", json.dumps({**SETTINGS, "x-made-by": made_by}))
    load(thorough=True)


@pytest.mark.parametrize("key", ["tables", "stages", "settings", "scales", "reported", "paper", "data_root"])
def test_a_path_with_a_null_character_is_refused(paper: Paper, key: str) -> None:
    with pytest.raises(UserError) as caught:
        load_matrix({key: "a\0b"})
    assert caught.value.lines == [f"--config {key}: a text with a null character; expected one without"]


def test_a_source_that_is_not_there_is_named_with_the_nearest(paper: Paper) -> None:
    for name in ("__init__", "dry"):
        paper.write(f"tea/{name}.py", "raise RuntimeError('imported')\n")
    stages = (paper.folder / "config/stages.yaml").read_text()
    paper.write("config/stages.yaml", stages.replace("dry: {uses", "dry: {source: tea.dyr, uses"))
    assert diagnostics(paper) == [
        "config/stages.yaml:4: stages.dry.source: no source of a module 'tea.dyr', neither in this folder nor"
        " installed; did you mean tea.dry?"
    ]
    paper.write("config/stages.yaml", stages.replace("dry: {uses", "dry: {source: tea.dry, uses"))
    assert paper.matrix().project.stages.stages["dry"].source == ("tea.dry",)


def test_a_scale_that_is_not_there_is_named_with_the_nearest(paper: Paper) -> None:
    paper.write("config/config.yaml", "tables: config/tables.yaml\nscale: smal\n")
    assert diagnostics(paper) == ["config/config.yaml:2: scale: no such scale 'smal'; did you mean small?"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("scale", "smal", "no such scale 'smal'; did you mean small?"),
        ("scael", "small", "unknown key; did you mean scale?"),
        ("on_stale", "x", "expected one of keep, fail, found 'x'"),
        (
            "tables",
            "config/tabels.yaml",
            "no such file 'config/tabels.yaml'; did you mean config/tables.yaml?",
        ),
    ],
)
def test_what_is_wrong_on_the_command_line_is_blamed_on_it(
    paper: Paper, key: str, value: str, message: str
) -> None:
    paper.write("config/config.yaml", "scale: small\non_stale: keep\n")
    assert diagnostics(paper, **{key: value}) == [f"--config {key}: {message}"]


def test_a_value_of_the_command_line_does_not_hide_what_is_wrong_in_the_file(paper: Paper) -> None:
    paper.write("config/config.yaml", "scale: small\non_stale: x\nspeed: 1\n")
    assert diagnostics(paper, on_stale="fail", seeds="[-1]") == [
        "--config seeds: expected a list, found '[-1]'",
        "config/config.yaml:3: speed: unknown key; did you mean seeds?",
    ]
