"""Pin every package, transitive ones too, in constraints.txt.

Run it by `make lock`. It installs the newest versions that pyproject.toml allows into a temporary
environment and writes down what it got.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent


def main() -> None:
    (HERE / "constraints.txt").write_text(freeze())


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
    """Return each package's version, by its normalised name."""
    pairs = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    return {normalised(name): version for name, version in pairs}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
