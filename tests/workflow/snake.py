"""Runs Snakemake itself in a copy of the project, and reads what it plans."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def environment() -> dict[str, str]:
    """That of an activated environment."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


class Workspace:
    """A folder with a copy of the project's workflow and configuration."""

    def __init__(self, folder: Path, source: Path = PROJECT, *, parts: tuple[str, ...]):
        self.folder = folder
        for part in parts:
            if (source / part).is_dir():
                shutil.copytree(source / part, folder / part, symlinks=True)
            else:
                shutil.copy(source / part, folder / part, follow_symlinks=False)

    def snakemake(self, *arguments: str, fails: bool = False) -> str:
        """Everything that it prints."""
        run = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        output = run.stdout + run.stderr
        assert (run.returncode != 0) == fails, f"exit code {run.returncode}\n{output}"
        return output

    def plan(self, *arguments: str) -> Counter[str]:
        """How many jobs of each rule a dry run would run."""
        output = self.snakemake("--dry-run", *arguments)
        table = output.partition("Job stats:")[2].partition("total")[0]
        return Counter(
            {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
        )

    def edit(self, name: str, *replacements: tuple[str, str]) -> None:
        path = self.folder / name
        text = path.read_text()
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text)
