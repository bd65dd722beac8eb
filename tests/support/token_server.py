"""An API with a token endpoint: refresh tokens rotate, access tokens expire."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import servers
from httptask.model.api import Endpoint, Server

_REQUIRED = {
    "client_credentials": set(),
    "password": {"username", "password"},
    "refresh_token": {"refresh_token"},
    "authorization_code": {"code", "redirect_uri", "code_verifier"},
    "jwt-bearer": {"assertion"},
    "token-exchange": {"subject_token", "subject_token_type"},
    "device_code": {"device_code"},
}
"""Grant -> its required fields (RFC 6749, section 4; RFC 7523, 7636, 8628, 8693)."""


class TokenServer:
    """Answers `/token`, and requests to all other paths with the current access token."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[dict[str, list[str]]] = []
        """The fields of each token request."""
        self.clients: list[str] = []
        """The decoded `Authorization` of each token request."""
        self.sent: list[str] = []
        """The request line of each request to the API."""
        self.answer: Callable[[dict[str, Any]], bytes] | None = None
        """Makes the response of the token endpoint from its usual members."""
        self.lives: Any = 3600
        self.pause = 0.0
        """The seconds before the token endpoint answers."""
        self.held: threading.Event | None = None
        """If set, the token endpoint waits for this event, and then closes without an answer."""
        self.asked = threading.Event()
        """Set when the token endpoint has received a request."""
        self.rotates = True
        self.asked_consent: dict[str, str] = {}
        """The query parameters of the last authorization request."""
        self.refuses_consent = False
        self.is_code_entered = True
        """Whether a person has entered the user code."""
        self._access = "none"
        self.refresh = "refresh-0"
        self._count = 0
        self._lock = threading.Lock()

    @property
    def granted(self) -> int:
        """The number of issued tokens."""
        return self._count

    def revoke(self) -> None:
        """Make the current access token invalid."""
        self._access = "none"

    def handle(self, peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        path = lines[0].split()[1]
        if path.startswith("/token"):
            self.asked.set()
            if self.held is not None:
                self.held.wait(servers.HANG_SECONDS)
                return False
            if headers.get("content-type") != "application/x-www-form-urlencoded":
                peer.sendall(servers.response(b"", status="415 Unsupported Media Type"))
                return True
            peer.sendall(self._token(path, parse_qs(body.decode()), headers))
            return True
        if path.startswith("/authorize"):
            peer.sendall(self._consented(parse_qs(urlsplit(path).query)))
            return True
        if path.startswith("/device"):
            peer.sendall(self._device())
            return True
        self.sent.append(lines[0])
        carries = self._access in lines[0] + headers.get("authorization", "") + body.decode()
        peer.sendall(
            servers.OK
            if carries
            else servers.response(b"{}", servers.JSON, status="401 Unauthorized")
        )
        return True

    def _consented(self, query: dict[str, list[str]]) -> bytes:
        """Redirect the browser with a code (RFC 6749, section 4.1.2), or with a refusal."""
        self.asked_consent = {name: values[0] for name, values in query.items()}
        answer = {
            "code": "c4n4ry-code",
            "state": self.asked_consent["state"],
            "iss": self.url,
        }
        if self.refuses_consent:
            answer = {"error": "access_denied", "state": self.asked_consent["state"]}
        where = self.asked_consent["redirect_uri"] + "?" + urlencode(answer)
        return servers.response(b"", ("Location", where), status="302 Found")

    def _device(self) -> bytes:
        """Return a user code (RFC 8628, section 3.2)."""
        answer = {
            "device_code": "c4n4ry-device",
            "user_code": "WDJB-MJHT",
            "verification_uri": self.url + "/enter",
            "expires_in": 60,
            "interval": 0.1,
        }
        return servers.response(json.dumps(answer).encode(), servers.JSON)

    def _refusal(self, form: dict[str, list[str]]) -> str:
        """Return the `error` for the token request *form* (RFC 6749, section 5.2); "": it is valid."""
        [grant] = form.get("grant_type", [""])
        required = _REQUIRED.get(grant.removeprefix("urn:ietf:params:oauth:grant-type:"))
        if required is None:
            return "unsupported_grant_type"
        if not form.keys() >= required:
            return "invalid_request"
        if grant == "refresh_token":
            if form["refresh_token"] == [self.refresh]:
                return ""
            return "invalid_grant"
        if grant == "authorization_code" and self.asked_consent:
            digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            is_right = (
                challenge == self.asked_consent.get("code_challenge")
                and form["redirect_uri"] == [self.asked_consent.get("redirect_uri")]
                and form["code"] == ["c4n4ry-code"]
            )
            return "" if is_right else "invalid_grant"
        if grant.endswith(":device_code") and not self.is_code_entered:
            return "authorization_pending"
        return ""

    def _token(
        self,
        path: str,
        form: dict[str, list[str]],
        headers: dict[str, str],
    ) -> bytes:
        scheme, _, pair = headers.get("authorization", "").partition(" ")
        with self._lock:
            self.requests.append(form)
            self.clients.append(base64.b64decode(pair).decode() if scheme == "Basic" else "")
        if self.pause:
            time.sleep(self.pause)
        with self._lock:
            # The first request of RFC 8628 does not ask for a token yet.
            if path != "/token/device" and (error := self._refusal(form)):
                refusal = json.dumps({"error": error}).encode()
                return servers.response(refusal, servers.JSON, status="400 Bad Request")
            self._count += 1
            self._access = f"c4n4ry-access-{self._count}"
            if self.rotates:
                self.refresh = f"c4n4ry-refresh-{self._count}"
            token = {"access_token": self._access, "token_type": "Bearer"}
            if self.lives is not None:
                token["expires_in"] = self.lives
            if form.get("grant_type") != ["client_credentials"]:
                token["refresh_token"] = self.refresh
            if self.answer is not None:
                return self.answer(token)
            return servers.response(json.dumps(token).encode(), servers.JSON)

    def credential(self, grant: str = "clientCredentials", **fields: Any) -> str:
        """Return a credential for this server, as JSON for an environment variable."""
        written = {
            "type": "oauth2",
            "grant": grant,
            "tokenUrl": self.url + "/token",
        }
        who = {"clientId": "client", "clientSecret": "c4n4ry-secret"}
        members = (written | who | fields).items()
        return json.dumps({name: value for name, value in members if value is not None})


def decoded(pair: str) -> list[str]:
    """Return the id and secret of a client from *pair* (RFC 6749, section 2.3.1)."""
    return [unquote_plus(part) for part in pair.split(":")]


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """Run a token server."""
    server = TokenServer()
    with servers.raw_server(server.handle) as running:
        server.url = running.url
        yield server


def login_endpoint(
    server: TokenServer,
    *,
    title: str = "Me",
    **scopes: str,
) -> Endpoint:
    """Return an endpoint of *server* that requires OAuth 2.0 with an authorization code."""
    flow = {
        "authorizationUrl": server.url + "/authorize",
        "tokenUrl": server.url + "/token",
        "scopes": scopes,
    }
    return Endpoint(
        id="acme-me-get",
        provider="acme",
        method="GET",
        path="/me",
        title=title,
        servers=(Server(server.url),),
        security=({"login": ("read",)},),
        security_schemes={"login": {"type": "oauth2", "flows": {"authorizationCode": flow}}},
    )
