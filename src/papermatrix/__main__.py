"""The command `papermatrix`, which `python -m papermatrix` is too."""

import sys


def main() -> int:
    """Run the command line; Ctrl-C leaves no traceback, even while modules are imported."""
    try:
        from papermatrix.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
