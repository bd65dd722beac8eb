"""The command `python -m httptask.testing.stand_in`."""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import sys
import time
from collections.abc import Sequence

from httptask.testing.stand_in._page import METHOD, PATH_TEMPLATE
from httptask.testing.stand_in._stand_in import StandIn


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stand-in in the foreground until Ctrl+C or SIGTERM; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m httptask.testing.stand_in",
        description=(
            f"Run a stand-in of Procore's {METHOD} {PATH_TEMPLATE} on loopback until Ctrl+C."
        ),
        epilog="example: python -m httptask.testing.stand_in --port 8901 --verbose",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        help="where to listen; any free port by default",
    )
    parser.add_argument(
        "--token",
        help="refuse requests without this bearer token; make one up, it is no secret here",
    )
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="write a line per request on standard error",
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as stack:
            stand_in = StandIn(
                port=options.port,
                token=options.token,
                verbose=options.verbose,
            )
            try:
                stack.enter_context(stand_in)
            except OSError as exc:
                parser.exit(
                    2,
                    f"cannot listen on 127.0.0.1:{options.port}: {exc.strerror}; choose another"
                    " --port\n",
                )
            sys.stdout.write(f"{stand_in.url}\n")
            sys.stdout.flush()
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, found {text!r}")
    return int(text)
