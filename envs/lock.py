"""Pin every package, transitive ones too: constraints.txt, and from it the conda environments.

Run it by `make lock`. It installs the newest versions that pyproject.toml allows into a temporary
environment and writes down what it got.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
GPU_ONLY = {"mamba-ssm": "2.3.2.post1"}
"""Builds against CUDA, so it cannot be installed, and pinned, where there is none."""


def main() -> None:
    text = freeze() if "--environments-only" not in sys.argv else (HERE / "constraints.txt").read_text()
    (HERE / "constraints.txt").write_text(text)
    for name in ("cpu", "gpu"):
        (HERE / f"{name}.yaml").write_text(environment(name, pins(text)))


def freeze() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/pip", "--disable-pip-version-check"]
        # Without a GPU, the newest torch brings gigabytes of CUDA libraries; the pin is moved by hand.
        torch = f"torch=={pins((HERE / 'constraints.txt').read_text())['torch']}"
        subprocess.run([*pip, "install", "--quiet", torch, "--editable", f"{PROJECT}[dev]"], check=True)
        frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
    lines = [re.sub(r"\+.*", "", line) for line in frozen.splitlines() if re.match(r"[\w.-]+==", line)]
    return "# Written by envs/lock.py; do not edit.\n" + "\n".join(lines) + "\n"


def pins(text: str) -> dict[str, str]:
    """Package (normalised name) to version."""
    found = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    return {normalised(name): version for name, version in found}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def environment(name: str, versions: dict[str, str]) -> str:
    """A conda environment with the pinned versions of the packages that a job imports."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    names = [normalised(re.split(r"[<>=!~\[ ]", entry)[0]) for entry in project["dependencies"]]
    wanted = {package: versions[package] for package in names}
    if name == "gpu":
        wanted |= GPU_ONLY
    lines = [f"      - {package}=={version}" for package, version in sorted(wanted.items())]
    return "\n".join(
        [
            "# Written by envs/lock.py; do not edit.",
            f"name: papermatrix-{name}",
            "channels: [conda-forge, nodefaults]",
            "dependencies:",
            "  - python=3.11",
            "  - pip",
            "  - pip:",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    main()
