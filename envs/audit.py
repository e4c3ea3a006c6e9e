"""Look every pinned package up in PyPI's list of known vulnerabilities, by pip-audit; run it by `make audit`.

Exit code 0: all were looked up and none is known to be vulnerable; 1: some are; 3: the list could not be
reached, or does not have all packages, so that nothing is said of those.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).resolve().parent / "constraints.txt"
VULNERABLE, UNKNOWN = 1, 3


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    command += ["--timeout", "15", "--format", "json", "--requirement", str(CONSTRAINTS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (run.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"audit: the list of vulnerabilities could not be reached, nothing was checked ({reason})")
        return UNKNOWN
    lines, code = verdict(packages)
    print("\n".join(lines))
    return code


def verdict(packages: list[dict[str, Any]]) -> tuple[list[str], int]:
    """Return pip-audit's findings as lines, and the exit code."""
    skipped = [package for package in packages if "skip_reason" in package]
    vulnerabilities = [
        f"{package['name']} {package['version']}: {vulnerability['id']}"
        f", fixed in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in packages
        for vulnerability in package.get("vulns", [])
    ]
    if skipped and len(skipped) == len(packages):
        return [
            f"audit: the list could not be reached: none of {len(packages)} packages was checked"
        ], UNKNOWN
    lines = [*vulnerabilities, f"audit: {len(packages) - len(skipped)} of {len(packages)} packages checked"]
    lines += [f"not checked: {package['name']}: {package['skip_reason']}" for package in skipped]
    return lines, VULNERABLE if vulnerabilities else UNKNOWN if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
