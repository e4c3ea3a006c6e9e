"""`python -m beamfusion` is `beamfusion`."""

import sys

from beamfusion.cli import main

sys.exit(main())
