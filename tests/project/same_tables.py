"""Shows that an older revision and this one make the same tables of one results folder.

    python tests/project/same_tables.py --revision b48141c --results results

Ids must be equal, and every format of every table byte for byte once RENAMED words are masked. Results are of
other code than this revision's, and so stale: both render with stages that name no source, so that nothing is
marked stale. Nothing is trained; only the audit's facts are computed.
"""

from __future__ import annotations

import argparse
import difflib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RENAMED: dict[str, str] = {}
"""Words of the older revision's tables by what they are called now."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--revision", required=True, metavar="REV")
    parser.add_argument("--results", type=Path, default=PROJECT / "results", metavar="DIR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before = Checkout(unpacked(options.revision, Path(folder) / "source"), Path(folder) / "before")
        now = Checkout(PROJECT, Path(folder) / "now")
        sides = [side.tables(options.results.resolve()) for side in (before, now)]
    ids, texts = zip(*sides, strict=True)
    differences = [] if ids[0] == ids[1] else [f"other ids: {sorted(ids[0] ^ ids[1])}"]
    for name in sorted(texts[0].keys() | texts[1].keys()):
        old, new = renamed(texts[0].get(name, "")), texts[1].get(name, "").splitlines()
        differences += difflib.unified_diff(old, new, f"{options.revision}/{name}", name, n=0, lineterm="")
    print(
        *differences, f"{len(ids[1])} jobs, {len(texts[1])} files, {len(differences)} differences", sep="\n"
    )
    return int(bool(differences))


class Checkout:
    """The source of one revision, and a project folder in which it renders."""

    def __init__(self, source: Path, folder: Path):
        self.source, self.folder = source, folder

    def tables(self, results: Path) -> tuple[set[str], dict[str, str]]:
        """Return the ids of all jobs, and the rendered files by name."""
        (self.folder / "results").mkdir(parents=True)
        (self.folder / "results/jobs").symlink_to(results / "jobs")
        shutil.copytree(self.source / "config", self.folder / "config")
        stages = self.folder / "config/stages.yaml"
        stages.write_text(re.sub(r"^ +source: .*\n", "", stages.read_text(), flags=re.MULTILINE))
        plan = json.loads(self.papermatrix("plan", "--json"))
        self.papermatrix("audit", expected=(0, 1))
        self.papermatrix("render", "--out", "out")
        files = {path.name: path.read_text() for path in (self.folder / "out").iterdir()}
        return {job["id"] for job in plan}, files

    def papermatrix(self, *arguments: str, expected: tuple[int, ...] = (0,)) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self.source / "src")}
        command = [sys.executable, "-m", "papermatrix", *arguments]
        run = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if run.returncode not in expected:
            raise SystemExit(f"{' '.join(command)}: {run.stderr}")
        return run.stdout


def unpacked(revision: str, folder: Path) -> Path:
    archive = subprocess.run(
        ["git", "archive", "--format=tar", revision, "--", "src", "config"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def renamed(text: str) -> list[str]:
    for old, new in RENAMED.items():
        text = text.replace(old, new)
    return text.splitlines()


if __name__ == "__main__":
    sys.exit(main())
