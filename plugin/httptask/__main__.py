"""`python -m httptask`, and the `httptask` command."""

import sys

# httpx loads a command line of its own, with click, rich and Pygments, where these are installed:
# a third of what our commands need to start. Without it, `httpx.main` says that it is missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from httptask.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
