"""Numbers as people write them: with commas, which YAML reads as texts, and on a command line."""

import argparse
import re

_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")


def with_decimal_point(text: str) -> str | None:
    """Return what to write in place of a number with a comma, in words; None where it is none."""
    point, whole = text.replace(",", "."), text.replace(",", "")
    if _COMMA.fullmatch(text):
        return f"{point}, or {whole}" if _THOUSANDS.fullmatch(text) else point
    return whole if _THOUSANDS.fullmatch(text) else None


def positive_number(text: str) -> float:
    """Return a number above 0 of a command line, as argparse's `type`."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")
    return number


def whole_number(text: str) -> int:
    """Return a whole number of a command line, as argparse's `type`."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, found {text!r}") from None
