"""`python -m httptask`, and the `httptask` command."""

import sys

from httptask.cli import main

if __name__ == "__main__":
    sys.exit(main())
