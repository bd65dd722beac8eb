"""`python -m httptask`, and the `httptask` command."""

import sys

# Where click, rich and Pygments are installed, `import httpx` also imports httpx's own command
# line: a third of the start-up time of our commands. None in `sys.modules` makes that import fail,
# and httpx goes on without it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from httptask.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
