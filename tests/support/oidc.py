"""Run node-oidc-provider, an authorization server that we did not write."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import npm

FOLDER = Path(__file__).parents[1] / "credentials" / "oidc"


class Judge:
    """A running authorization server, with an API at `/api` that takes its tokens."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.api = issuer + "/api"

    def consent(self, url: str) -> str:
        """Open *url* as a browser does, consent, and return the URL of the final redirect."""
        own = self.issuer
        away = []

        class Browser(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *arguments: Any) -> Any:
                target = arguments[-1]
                if target.startswith(own):
                    return super().redirect_request(*arguments)
                away.append(target)
                return None

        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(),
            Browser(),
        )
        try:
            opener.open(url).close()
        except urllib.request.HTTPError as error:
            error.close()
        assert away, "the browser was sent nowhere"
        return away[0]

    def enter(self, user_code: str, *, refuse: bool = False) -> None:
        """Enter *user_code* as a person does, and consent or refuse."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(f"{self.issuer}/person?code={user_code}{'&refuse' if refuse else ''}").close()


@contextmanager
def judge(clients: list[dict[str, Any]], **settings: Any) -> Iterator[Judge]:
    """Run the server with *clients* (OpenID Connect Dynamic Client Registration, section 2)."""
    npm.install(FOLDER)
    process = subprocess.Popen(
        ["node", "server.mjs"],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if "OIDC_LOG" not in os.environ else None,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"clients": clients, **settings}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        while line and not line.startswith('{"issuer"'):  # its warnings
            line = process.stdout.readline()
        yield Judge(json.loads(line)["issuer"])
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
