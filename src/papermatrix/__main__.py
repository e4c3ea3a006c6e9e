"""`python -m papermatrix` is the command `papermatrix`."""

import sys

from papermatrix.cli import main

sys.exit(main())
