"""Errors that a user can act on: one line each, all at once, no traceback."""

import difflib
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Diagnostic:
    """What is wrong with what a person wrote, and where; `str` makes the line that the user reads."""

    message: str
    """What was expected and what is there, with the nearest right word."""
    file: str = ""
    """As the user knows it; empty where it is about no file."""
    line: int = 0
    key: str = ""
    """Dotted: `tables.table3.rows[0].with.model.layers`."""
    excerpt: tuple[str, ...] = ()
    """The line itself and a caret under the place, printable, where that helps."""

    def __str__(self) -> str:
        file = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(filter(None, (file, self.key, self.message)))


class UserError(Exception):
    """What the user can mend, all of it at once."""

    def __init__(self, diagnostics: str | Diagnostic | Iterable[str | Diagnostic]):
        given = [diagnostics] if isinstance(diagnostics, str | Diagnostic) else diagnostics
        self.diagnostics: list[Diagnostic] = [
            Diagnostic(line) if isinstance(line, str) else line for line in given
        ]
        super().__init__("\n".join(line for d in self.diagnostics for line in (str(d), *d.excerpt)))

    @property
    def lines(self) -> list[str]:
        """A line for each diagnostic."""
        return [str(diagnostic) for diagnostic in self.diagnostics]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was most likely meant to be, or None."""
    by_lower = {name.lower(): name for name in known}
    match = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[match[0]] if match else None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return `; did you mean X?`, or else what there is to choose from, to append to a message."""
    match = nearest(word, known)
    if match is not None:
        return f"; did you mean {match}?"
    return f"; expected one of {', '.join(known)}" if known else ""


def expect_command(words: Sequence[str], known: Sequence[str]) -> None:
    """Raise a `UserError` where the first word of a command line is neither an option nor a known command."""
    if words and not words[0].startswith("-") and words[0] not in known:
        raise UserError(f"{words[0]}: no such command{did_you_mean(words[0], known)}")


def reason(error: Exception) -> str:
    """Return why a file cannot be read, in a line that names neither file nor Python."""
    if isinstance(error, OSError):
        return error.strerror or one_line(error)
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else one_line(error)


def one_line(text: object) -> str:
    """Return text without line breaks and control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def harmless(text: str) -> str:
    """Return one line: line breaks become spaces, other unprintable characters escapes such as `\\x1b`."""
    line = " ".join(filter(None, (part.strip() for part in text.splitlines())))
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in line
    )


def exit_code(command: Callable[[], int | None]) -> int:
    """Run a command-line entry point; a `UserError` or `OSError` becomes lines on stderr and exit code 2.

    Characters that a terminal's encoding lacks are written as escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _written_out(command)
    except UserError as error:
        for diagnostic in error.diagnostics:
            print(f"error: {harmless(str(diagnostic))}", *diagnostic.excerpt, sep="\n", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 141
    except OSError as error:
        name = (
            error.filename2 or error.filename
        )  # of a rename, the new name: the old one may be a passing one
        file = f"{name}: " if name else ""
        print(f"error: {harmless(f'{file}{error.strerror or error}')}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _written_out(command: Callable[[], int | None]) -> int:
    """Run a command until all that it printed is written, and not only when Python ends."""
    try:
        return command() or 0
    finally:
        if sys.stdout is not None:
            try:
                sys.stdout.flush()
            except OSError:
                with Path(os.devnull).open("w") as nowhere:
                    os.dup2(nowhere.fileno(), sys.stdout.fileno())  # else Python tries again as it ends
                raise
