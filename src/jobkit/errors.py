"""Errors that a user can act on: one line each, all at once, no traceback."""

import difflib
import io
import sys
from collections.abc import Callable, Iterable, Sequence


class UserError(Exception):
    """One or more faults in what the user gave; each line names the place and what was expected."""

    def __init__(self, faults: str | Iterable[str]):
        self.faults = [faults] if isinstance(faults, str) else list(faults)
        super().__init__("\n".join(self.faults))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, or None."""
    by_lower = {name.lower(): name for name in known}
    match = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[match[0]] if match else None


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`; did you mean X?`, or else what there is to choose from; ready to append to a fault."""
    match = nearest(word, known)
    if match is not None:
        return f"; did you mean {match}?"
    return f"; expected one of {', '.join(known)}" if known else ""


def harmless(text: str) -> str:
    """One line: line breaks become spaces, and what else cannot be seen its escape, such as `\\x1b`."""
    line = " ".join(filter(None, (part.strip() for part in text.splitlines())))
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in line
    )


def exit_code(command: Callable[[], int | None]) -> int:
    """Run a command-line entry point: what the user or the system got wrong becomes lines and exit code 2.

    What a terminal's encoding lacks is written as its escape.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return command() or 0
    except UserError as error:
        for fault in error.faults:
            print(f"error: {harmless(fault)}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {harmless(f'{place}{error.strerror or error}')}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
