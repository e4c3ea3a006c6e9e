"""Runs Snakemake itself in a copy of the project, and reads what it plans."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.papermatrix.tea import Paper

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLE = PROJECT / "examples/tea"


def environment() -> dict[str, str]:
    """Return the variables of an activated environment."""
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

    def papermatrix(self, *arguments: str, fails: bool = False) -> str:
        """Run a command; return all that it prints."""
        return self._run("papermatrix", *arguments, fails=fails)

    def snakemake(self, *arguments: str, fails: bool = False) -> str:
        """Run Snakemake; return all that it prints."""
        return self._run("snakemake", *arguments, fails=fails)

    def _run(self, module: str, *arguments: str, fails: bool) -> str:
        run = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        output = run.stdout + run.stderr
        assert (run.returncode != 0) == fails, f"exit code {run.returncode}\n{output}"
        return output

    @contextmanager
    def killed_while_slow(self, *command: str) -> Iterator[int]:
        """Run a module until a job of the paper about tea is slow; kill both when the block ends.

        The block is given their process group.
        """
        with subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=environment(),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            deadline = time.monotonic() + 60
            try:
                while not (self.folder / "slow").exists():
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                yield process.pid
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    def plan(self, *arguments: str) -> Counter[str]:
        """Count the jobs of each rule that a dry run would run."""
        return _planned(self.snakemake("--dry-run", *arguments))

    def plan_rerun(self, *arguments: str) -> Counter[str]:
        """Count the jobs of each rule that `papermatrix rerun` would run."""
        return _planned(self.papermatrix("rerun", "--dry-run", *arguments))

    def runs(self) -> Counter[str]:
        """Count how often each stage of the paper about tea has run so far."""
        return Counter((self.folder / "runs.txt").read_text().split())

    def rows(self, table: str) -> dict[str, list[str]]:
        """Return the cells of each row of a rendered table, by its label without marks of footnotes."""
        lines = (self.folder / f"results/{table}.md").read_text().splitlines()
        cells = [[cell.strip(" *") for cell in line.split("|")] for line in lines if line.startswith("|")]
        return {re.sub(r"( \(\w\))+$", "", label): values for _, label, *values, _ in cells}

    def edit(self, name: str, *replacements: tuple[str, str]) -> None:
        path = self.folder / name
        text = path.read_text()
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text)


def new_tea(folder: Path) -> Workspace:
    """Write the example's science and rules, with the other tests' small configuration and with hooks."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    Workspace(folder, PROJECT, parts=("profiles", "workflow/profiles"))
    Workspace(folder, Path(__file__).parent, parts=("hooks.py",))
    Paper(folder)
    workspace = Workspace(folder, parts=())
    job = "partial(STAGES[options.stage], job)"
    workspace.edit(
        "tea/job.py",
        ("from tea import", "import hooks\nfrom tea import"),
        (job, f"hooks.watched(job, {job})"),
    )
    return workspace


def _planned(output: str) -> Counter[str]:
    table = output.partition("Job stats:")[2].partition("total")[0]
    return Counter({rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)})
