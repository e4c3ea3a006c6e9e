import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from jobkit.errors import UserError, did_you_mean, exit_code
from jobkit.files import STRICT, read_as, read_json, whole_file, whole_files, write_json


def test_a_file_is_replaced_only_when_the_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    path.write_text("old")

    def fail() -> None:
        with whole_file(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.md"]


def test_several_files_are_replaced_all_or_none(tmp_path: Path) -> None:
    paths = [tmp_path / "table.md", tmp_path / "table.tex"]

    def write(texts: list[str]) -> None:
        with whole_files(paths) as temporary:
            for path, text in zip(temporary, texts, strict=True):
                path.write_text(text)

    write(["old", "old"])
    with pytest.raises(ValueError, match="shorter"):
        write(["new"])
    assert [path.read_text() for path in paths] == ["old", "old"]
    assert sorted(tmp_path.iterdir()) == paths
    write(["new", "new"])
    assert [path.read_text() for path in paths] == ["new", "new"]


def test_json_that_holds_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_json(path, {"dba": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"dba": float("nan")})
    assert json.loads(path.read_text()) == {"dba": 0.5}


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("{")
    with pytest.raises(UserError, match=r"result\.json: not a JSON file"):
        read_json(path)


def test_a_place_that_cannot_be_written_is_named_as_the_user_knows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for place, error in (
        (tmp_path / "file/a", f"{tmp_path}/file: Not a directory"),
        (tmp_path / "folder", f"{tmp_path}/folder: Is a directory"),
    ):
        assert exit_code(lambda place=place: write_json(place, {})) == 2
        assert capsys.readouterr().err == f"error: {error}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"name": 5, "count": 1}, "name: expected text"),
        ({"name": "a", "count": "1"}, "count: expected a whole number"),
        ({"name": "a", "count": 1, "more": 1}, "more: unknown key"),
        ({"name": "a"}, "count: missing"),
        ([1], "expected a mapping"),
    ],
)
def test_what_a_file_lacks_is_said_in_words(content: object, message: str) -> None:
    @dataclass
    class Named:
        __pydantic_config__ = STRICT
        name: str
        count: int

    with pytest.raises(ValueError, match=f"^{message}$"):
        read_as(Named, content)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x89PNG", "not a JSON file (byte 0 is not UTF-8)"), (None, "cannot be read (Is a directory)")],
)
def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.json"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_json(path)
    assert caught.value.lines == [f"{path}: {message}"]


def test_the_nearest_right_word_is_suggested() -> None:
    assert (
        did_you_mean("feature_fusoin", ["feature_fusion", "time_fusion"]) == "; did you mean feature_fusion?"
    )
    assert did_you_mean("zzz", ["image", "lidar"]) == "; expected one of image, lidar"


def test_errors_are_printed_all_at_once_with_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise UserError(["a.yaml:1: first", "a.yaml:7: second"])

    assert exit_code(command) == 2
    assert capsys.readouterr().err == "error: a.yaml:1: first\nerror: a.yaml:7: second\n"


def test_a_file_that_the_system_refuses_is_named_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    def command() -> None:
        (tmp_path / "file" / "folder").mkdir()

    assert exit_code(command) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/file/folder: Not a directory\n"
