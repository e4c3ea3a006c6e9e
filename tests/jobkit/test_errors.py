"""What a user reads of an error, whatever is in its text."""

import sys

import pytest

from jobkit.errors import UserError, exit_code


def _fail(message: str) -> int:
    def command() -> int:
        raise UserError(message)

    return exit_code(command)


@pytest.mark.parametrize(
    ("message", "printed"),
    [
        ("a\nerror: forged", "error: a error: forged\n"),
        ("\x1b[31mred", "error: \\x1b[31mred\n"),
        ("line\x85separator\u2028s", "error: line separator s\n"),
        ("half \ud800 a pair", "error: half \\ud800 a pair\n"),
        ("日本 ≤ é", "error: 日本 ≤ é\n"),
    ],
)
def test_an_error_is_one_line_without_control_characters(
    message: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _fail(message) == 2
    assert capsys.readouterr().err == printed


def test_a_terminal_of_few_letters_is_shown_escapes(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(2, "w", encoding="ascii", closefd=False) as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert _fail("no row ≤") == 2
    assert capfdbinary.readouterr().err == b"error: no row \\u2264\n"
