"""The command `beamfusion`, which `python -m beamfusion` is too."""

import sys


def main() -> int:
    """Run the command line; Ctrl-C leaves no traceback, even while modules are imported."""
    try:
        from beamfusion.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
