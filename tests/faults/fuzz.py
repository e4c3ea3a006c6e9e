"""Damage to files, and a loop of hypothesis that ends by the clock: FUZZ_SECONDS, 3 unless it is set."""

import os
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))
ROUND = 25


def fuzz(strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> int:
    """Check examples until the time is up; return how many were tried."""
    tried, rounds, deadline = 0, 0, time.monotonic() + SECONDS

    while time.monotonic() < deadline:

        @seed(rounds)
        @settings(max_examples=ROUND, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(strategy)
        def one_round(example: Any) -> None:
            nonlocal tried
            tried += 1
            check(example)

        one_round()
        rounds += 1
    return tried


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw `content` cut, with bytes changed, or something else altogether."""
    size = len(content)
    match draw(st.sampled_from(["cut", "changed", "zeroed", "doubled", "other"])):
        case "cut":
            return content[: draw(st.integers(0, max(size - 1, 0)))]
        case "changed":
            start = draw(st.integers(0, size))
            patch = draw(st.binary(min_size=1, max_size=16))
            return content[:start] + patch + content[start + len(patch) :]
        case "zeroed":
            start = draw(st.integers(0, size))
            stop = draw(st.integers(start, size))
            return content[:start] + bytes(stop - start) + content[stop:]
        case "doubled":
            start = draw(st.integers(0, size))
            return content[:start] + content[:start] + content[start:]
        case _:
            return draw(st.binary(max_size=200))


@st.composite
def damaged_text(draw: st.DrawFn, text: str) -> bytes:
    """Draw `text` with lines and words moved, dropped, repeated or replaced, or bytes damaged."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        index = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "repeat", "swap", "indent", "word", "insert"])):
            case "drop":
                lines = lines[:index] + lines[index + 1 :] or [""]
            case "repeat":
                lines.insert(index, lines[index])
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[index], lines[other] = lines[other], lines[index]
            case "indent":
                lines[index] = draw(st.sampled_from(["  ", "- ", "\t", " "])) + lines[index]
            case "word":
                words = lines[index].split(" ")
                words[draw(st.integers(0, len(words) - 1))] = draw(WORDS)
                lines[index] = " ".join(words)
            case "insert":
                start = draw(st.integers(0, len(lines[index])))
                lines[index] = lines[index][:start] + draw(WORDS) + lines[index][start:]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    return draw(damaged(content)) if draw(st.integers(0, 4)) == 0 else content


NASTY = """null true [] {} [ { } ] : - &a *a !!python/object:os.system | > ' " % @ ` 1e999 -1 0 .nan \\ , ;
../../etc/passwd /dev/zero $(reboot) ;reboot <script> \\input{x}"""
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "<<: *a", "1" * 400, "\x00", "\ufeff", "\u2028", *NASTY.split()]),
    st.integers().map(str),
    st.floats().map(str),
)
