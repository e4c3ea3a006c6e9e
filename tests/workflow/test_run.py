"""`papermatrix run`: one row or cell alone, and its job in the foreground of a terminal."""

import os
import pty
import re
import select
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.snake import Workspace, environment


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    """Return a finished paper with a row whose jobs have not run."""
    workspace.edit(
        "config/tables.yaml", ("    columns:", "      - {label: strong, with: {leaf.grams: 4}}\n    columns:")
    )
    return workspace


def values(output: str) -> dict[str, str]:
    return dict(re.findall(r"^cups, (.*): (.*)$", output, re.MULTILINE))


@pytest.mark.slow
def test_a_cell_and_then_its_row_are_made_and_shown_and_no_table_is_rendered(workspace: Workspace) -> None:
    before, rendered = workspace.runs(), workspace.rows("cups")
    cell = values(workspace.papermatrix("run", "cups", "strong", "blue cup", "--cores", "1"))
    assert workspace.runs() - before == {"dry": 1, "taste": 1}
    row = values(workspace.papermatrix("run", "cups", "strong", "--", "--cores", "1"))
    assert workspace.runs() - before == {"dry": 1, "taste": 2}
    assert list(row) == ["strong, white cup", "strong, blue cup"]
    assert cell == {"strong, blue cup": row["strong, blue cup"]}
    assert 0 < float(row["strong, white cup"]) < float(row["strong, blue cup"]) < 1
    assert workspace.rows("cups") == rendered
    workspace.snakemake("--cores", "1")
    assert workspace.rows("cups")["strong"] == list(row.values())
    assert workspace.runs() - before == {"dry": 1, "taste": 2}


@pytest.mark.slow
def test_a_cell_whose_job_fails_says_so_and_the_exit_code_too(workspace: Workspace) -> None:
    workspace.edit("config/tables.yaml", ("leaf.grams: 4", "leaf.grams: 13"))
    output = workspace.papermatrix("run", "cups", "strong", "blue cup", "--cores", "1", fails=True)
    assert values(output)["strong, blue cup"].startswith('failed; "the leaves burn", see results/jobs/dry/')


class Terminal:
    """A terminal in which a command runs, and what it shows."""

    def __init__(self, folder: Path, *command: str):
        self.shown = ""
        self._child, self._descriptor = pty.fork()
        if self._child == 0:
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, *command], environment())

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up, which ends what still runs in it."""
        os.close(self._descriptor)

    def answer(self, prompt: str, keys: str) -> None:
        """Press keys once a prompt is shown anew, as late as a person would.

        Python's readline misses a Ctrl-C that comes after it shows its prompt and before it waits for a key.
        """
        self._read_until(prompt)
        time.sleep(0.5)
        os.write(self._descriptor, keys.encode())

    def exit_code(self) -> int:
        self._read_until(None)
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])

    def _read_until(self, text: str | None) -> None:
        seen, deadline = "", time.monotonic() + 60
        while text is None or text not in seen:
            assert select.select([self._descriptor], [], [], deadline - time.monotonic())[0], self.shown
            try:
                seen += (chunk := os.read(self._descriptor, 4096).decode())
            except OSError:  # the command has ended
                assert text is None, self.shown
                return
            self.shown += chunk


@pytest.mark.slow
def test_a_debugger_has_the_terminal_of_the_cells_job_and_the_result_is_as_any(workspace: Workspace) -> None:
    workspace.edit(
        "tea/taste.py", ("    random = Random(seed)\n", "    random = Random(seed)\n    breakpoint()\n")
    )
    command = ("-m", "papermatrix", "run", "cups", "strong", "blue cup", "--debug", "--cores", "2")
    with Terminal(workspace.folder, *command) as terminal:
        terminal.answer(
            "(Pdb) ", "import sys; print([s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)])\n"
        )
        terminal.answer("[True, True, True]\r\n(Pdb) ", "\x03")
        terminal.answer("KeyboardInterrupt--\r\n(Pdb) ", "print(len(leaves), colour)\n")
        terminal.answer("400 blue\r\n(Pdb) ", "continue\n")
        assert terminal.exit_code() == 0
    shown = values(terminal.shown.replace("\r", ""))["strong, blue cup"]
    assert 0 < float(shown) < 1
    assert "Terminating" not in terminal.shown
    after = workspace.runs()
    workspace.edit("tea/taste.py", ("    breakpoint()\n", ""))
    assert values(workspace.papermatrix("run", "cups", "strong", "--cores", "1"))["strong, blue cup"] == shown
    assert workspace.runs() - after == {"taste": 1}
