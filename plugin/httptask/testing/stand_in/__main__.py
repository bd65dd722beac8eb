"""`python -m httptask.testing.stand_in`."""

from __future__ import annotations

import sys

from httptask.testing.stand_in._command import main

sys.exit(main())
