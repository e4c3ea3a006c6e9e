"""The table of faults in docs/reliability.md, between two marks."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


def write_report(path: Path, tried: Mapping[str, int], survived: Mapping[str, int]) -> None:
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, written by `make faults`:",
        "",
        "| fault | tried | survived |",
        "|---|---|---|",
        *(f"| {kind} | {tried[kind]} | {survived.get(kind, 0)} |" for kind in sorted(tried)),
        f"| all | {sum(tried.values())} | {sum(survived.values())} |",
    ]
    block = "\n".join([BEGIN, "", *lines, "", END])
    text = path.read_text()
    assert text.count(BEGIN) == text.count(END) == 1, f"{path}: expected one {BEGIN} and one {END}"
    path.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: block, text, flags=re.DOTALL))
