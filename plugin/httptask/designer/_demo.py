"""The demo: a workflow definition to start from, and an egress rule that allows only one API."""

from __future__ import annotations

from pathlib import Path

from httptask.hookspecs import hookimpl

SAMPLE = Path(__file__).with_name("tell-the-project.json")
"""A workflow definition whose task sends to port 0, a placeholder for the API's port."""


def sample(url: str) -> str:
    """Return the text of the sample definition, for the API at *url*."""
    return SAMPLE.read_text(encoding="utf-8").replace("http://127.0.0.1:0", url)


class OnlyPort:
    """A plugin that lets test requests reach only *port* of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    @hookimpl
    def httptask_check_egress(self, address: str, port: int) -> str | None:
        """Refuse every other port of 127.0.0.1."""
        if address != "127.0.0.1" or port == self._port:
            return None
        return (
            f"of this machine the demo reaches only its stand-in, port {self._port};"
            " --allow-network 127.0.0.1 opens it"
        )
