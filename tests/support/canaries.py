"""Credentials whose secrets are canaries, a server that repeats them, and a search for them.

A canary is a text that occurs nowhere else. The server repeats all secrets that it has received, in
every part of its responses and in every encoding. The search shares no code with the masking.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import servers
from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.credentials.oauth2._grants import GRANTS
from tasks import http, store

HEAD, TAIL = "c4n4ry", "yr4n4c"
"""The start and the end of every canary, by which a part of one is recognised, too."""
ANY = HEAD + "-\"é\\</&+ ü😀'%-of-32-bytes-" + TAIL
VISIBLE = HEAD + "-\"\\</&+'%~=-of-32-bytes-" + TAIL
IN_COOKIE = HEAD + "-</&+'%~=-" + TAIL
TOKEN = HEAD + "/given+token-" + TAIL
AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert(common_name="ann")
CHAIN = b"".join(part.bytes() for part in CERTIFICATE.cert_chain_pems).decode()


def _locked(key: Any, password: str) -> str:
    lock = serialization.BestAvailableEncryption(password.encode())
    form = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, form, lock).decode())


_EC_KEY = ec.generate_private_key(ec.SECP256R1())
EC_PEM = _locked(_EC_KEY, ANY)
TLS_PEM = _locked(
    serialization.load_pem_private_key(CERTIFICATE.private_key_pem.bytes(), None), ANY
)


# The search


def leaks(shown: str | bytes, needles: tuple[str, ...]) -> list[str]:
    """Return the spelling and the start of each of *needles* that occurs in *shown*.

    Text in base64 is searched decoded, too, because exchanges contain bodies in base64.
    """
    text = shown.decode("latin-1") if isinstance(shown, bytes) else shown
    inner = [_decoded(run[0]) for run in re.finditer(r"[A-Za-z0-9+/_-]{24,}", text)]
    problems = []
    for searched in (text, *inner):
        folded = searched.lower()
        for needle in needles:
            problems += [
                f"{name} {needle[:12]}"
                for name, spelling in _spellings(needle)
                if (spelling in searched if "base64" in name else spelling.lower() in folded)
            ]
    return problems


def _decoded(run: str) -> str:
    digits = run.replace("-", "+").replace("_", "/")
    return base64.b64decode(digits[: len(digits) // 4 * 4]).decode("latin-1")


def _spellings(needle: str) -> Iterator[tuple[str, str]]:
    octets = needle.encode()
    yield "plain", needle
    yield "percent", "".join(f"%{octet:02x}" for octet in octets)
    yield "json", "".join(f"\\u{ord(character):04x}" for character in needle)
    yield "html", "".join(f"&#{ord(character)};" for character in needle)
    yield "hex", octets.hex()
    for offset in range(5):
        digits = base64.b32encode(bytes(offset) + octets).decode()
        yield f"base32 at {offset}", digits[-(-8 * offset // 5) : 8 * (offset + len(octets)) // 5]
    yield "utf-16", needle.encode("utf-16-le").decode("latin-1")
    yield "utf-16 in json", json.dumps("\0".join(needle))[1:-1]
    for offset in range(3):
        digits = base64.b64encode(bytes(offset) + octets).decode()
        whole = digits[-(-8 * offset // 6) : 8 * (offset + len(octets)) // 6]
        yield f"base64 at {offset}", whole
        yield f"base64url at {offset}", whole.replace("+", "-").replace("/", "_")


# The credentials


@dataclass(frozen=True)
class Case:
    """A credential whose secrets are canaries."""

    credential: dict[str, Any]
    secrets: tuple[str, ...]
    request: dict[str, Any] = field(default_factory=dict)
    """Further fields of `httpRequest`."""
    derived: str = ""
    """A regular expression for values in a request that are derived from a secret."""
    needles: tuple[str, ...] = ()
    """Further texts to search for, besides the start and the end of a canary."""


def case_of(
    scheme: str,
    secret: str,
    name: str,
    **fields: Any,
) -> Case:
    return Case(
        {
            "type": scheme,
            name: secret,
            **fields,
        },
        (secret,),
    )


def _key(place: str, secret: str, **request: Any) -> Case:
    credential = {
        "type": "apiKey",
        "in": place,
        "name": "X-Key",
        "key": secret,
    }
    return Case(credential, (secret,), request)


def _lines(pem: str) -> tuple[str, ...]:
    """Return the lines of the key *pem* to search for."""
    return tuple(pem.split("\n")[1:-3])


SIGNATURE = {"name": "X-Signature", "value": "{signature}"}
AWS = {"accessKeyId": "AKIDEXAMPLE", "region": "us-east-1", "service": "execute-api"}
POSTED = {"method": "POST", "body": {"a": 1}}
FORM = {"method": "POST", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
CASES: dict[str, Case] = {
    "basic": Case(
        {"type": "basic", "username": "ann", "password": ANY}, (ANY,), {}, r"Basic (\S+)"
    ),
    "bearer": case_of("bearer", VISIBLE, "token"),
    "apiKey in the header": _key("header", VISIBLE),
    "apiKey in the query": _key("query", ANY),
    "apiKey in a cookie": _key("cookie", IN_COOKIE),
    "apiKey in a JSON body": _key("body", ANY, **POSTED),
    "apiKey in a form": _key("body", ANY, **FORM, body={"a": "1"}),
    "digest": Case(
        {"type": "digest", "username": "ann", "password": ANY}, (ANY,), {}, r'response="(\w+)"'
    ),
    "awsSigV4": Case(
        {"type": "awsSigV4", "secretAccessKey": VISIBLE, "sessionToken": TOKEN, **AWS},
        (VISIBLE, TOKEN),
        POSTED,
        r"Signature=(\w+)",
    ),
    "jwt with a key": Case(
        {"type": "jwt", "key": {"pem": EC_PEM, "password": ANY}, "issuer": "me"},
        (ANY, EC_PEM),
        {},
        r"Bearer (\S+)",
        _lines(EC_PEM),
    ),
    "jwt with a secret": Case(
        {"type": "jwt", "key": {"secret": ANY, "alg": "HS256"}, "issuer": "me"},
        (ANY,),
        {},
        r"Bearer (\S+)",
    ),
    "hmac": Case(
        {"type": "hmac", "secret": ANY, "stringToSign": "{method}{body}", "send": [SIGNATURE]},
        (ANY,),
        POSTED,
        r"(?i)X-Signature: (\S+)",
    ),
    "tls": Case(
        {"type": "tls", "certificate": CHAIN, "key": TLS_PEM, "password": ANY},
        (ANY, TLS_PEM),
        {},
        "",
        _lines(TLS_PEM),
    ),
}
CONSENT = {"authorizationCode", "deviceCode"}
"""Grants that need a person."""
BY_NAME: dict[str, Any] = {
    "clientId": "client",
    "username": "ann",
    "key": {"pem": EC_PEM, "password": ANY},
    "certificate": CHAIN,
}
"""Field -> its value, if that is not a canary itself."""


def _oauth(grant: str, authentication: str) -> Case:
    """Return a credential with all fields that *grant* and *authentication* require."""
    ways = (GRANTS[grant], AUTHENTICATIONS[authentication])
    needed = (*ways[0].required, *ways[1].required_of(()))
    names = {*needed, "clientId"}
    names |= {"key"} if any("key" in way.properties for way in ways) else set()
    values = {name: BY_NAME.get(name, VISIBLE) for name in sorted(names)}
    values |= {"extra": {"token": {"pin": ANY}}} if grant == "clientCredentials" else {}
    if authentication == "tls":
        values |= {"key": {"pem": TLS_PEM, "password": ANY}}
    credential = {
        "type": "oauth2",
        "grant": grant,
        "tokenUrl": "/token",
        **values,
    }
    credential["clientAuthentication"] = authentication
    credential_text = json.dumps(credential, ensure_ascii=False)
    secrets = (
        text for text in (VISIBLE, ANY) if json.dumps(text, ensure_ascii=False) in credential_text
    )
    return Case(credential, tuple(secrets))


CASES |= {
    f"oauth2 {grant} {way}": _oauth(grant, way)
    for grant in GRANTS
    for way in AUTHENTICATIONS
    if grant not in CONSENT and (grant == "clientCredentials" or way == "post")
}
# The server


def written(secret: str) -> dict[str, Any]:
    """Return *secret* in all encodings in which servers may repeat it."""
    octets = secret.encode()
    once = [base64.b64encode(b"abc"[:at] + octets) for at in range(3)]
    return {
        "plain": secret,
        "upper": secret.upper(),
        "json": json.dumps({"you sent": secret}),
        "json in utf-8": json.dumps({"you sent": secret}, ensure_ascii=False),
        "json in json": json.dumps({"log": json.dumps([secret])}),
        "json in json in utf-8": json.dumps(
            {"log": json.dumps([secret], ensure_ascii=False)}, ensure_ascii=False
        ),
        "percent": quote(secret, safe=""),
        "form": quote_plus(secret),
        "html": html.escape(secret),
        "hex": octets.hex(),
        "base64": [digits.decode() for digits in once],
        "base64 twice over": [
            base64.b64encode(b"abc"[:at] + digits).decode() for at in range(3) for digits in once
        ],
        "base64 of utf-16": [
            base64.b64encode(b"abc"[:at] + secret.encode(charset)).decode()
            for at in range(3)
            for charset in ("utf-16-le", "utf-16-be")
        ],
        "base32": [base64.b32encode(b"abcde"[:at] + octets).decode() for at in range(5)],
        "base64url": base64.urlsafe_b64encode(octets).decode(),
    }


class Echo:
    """A server that repeats all secrets in its response; the path selects the kind of response.

    `/token` issues a token, or refuses. Requests of digest credentials are challenged first.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.refuses = False
        self.derived: set[str] = set()
        """The derived values in all requests."""
        self.got = b""
        """All requests."""
        self.recent = b""
        """The last request, with the token request before it."""
        self.given: tuple[str, ...] = ()
        """The issued tokens."""

    def __call__(self, peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        self.got += request
        line = request.split(b"\r\n", 1)[0].decode("latin-1")
        path = re.split(r"[?]", line.split()[1])[0].strip("/")
        self.recent = request + (self.recent if path != "token" and self.given else b"")
        self.derived |= set(self.made)
        if path == "token":
            peer.sendall(self.token())
        elif self.case.credential["type"] == "digest" and not self.made:
            challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n0", qop="auth"')
            peer.sendall(servers.response(b"", challenge, status="401 Unauthorized"))
        else:
            peer.sendall(ANSWERS[path](self))
        return True

    @property
    def made(self) -> list[str]:
        """The derived values in the last request."""
        pattern = self.case.derived
        text = self.recent.decode("latin-1")
        if pattern:
            return re.findall(pattern, text)
        return []

    @property
    def echoed(self) -> list[str]:
        return [*self.case.secrets, *self.given, *self.made]

    @property
    def in_line(self) -> str:
        """The secrets for use in a line: those without line breaks, a character for each octet."""
        texts = [text for text in self.echoed if "\n" not in text]
        return " ".join(texts).encode().decode("latin-1")

    def token(self) -> bytes:
        if self.refuses:
            refusal = {"error": "invalid_client", "error_description": self.everything}
            text = json.dumps(refusal).encode()
            return servers.response(text, servers.JSON, status="401 Unauthorized")
        self.given = (TOKEN, TOKEN + "-2", TOKEN + "-3")
        names = ("access_token", "refresh_token", "id_token")
        given = dict(zip(names, self.given, strict=True))
        return servers.response(json.dumps(given).encode(), servers.JSON)

    @property
    def everything(self) -> Any:
        return [written(text) for text in self.echoed]

    def as_json(self) -> bytes:
        body = json.dumps({"names": self.in_line, "all": self.everything}).encode()
        return servers.response(body, servers.JSON, ("X-Echo", self.in_line))

    def as_text(self, charset: str, status: str) -> bytes:
        texts = [text for item in self.everything for text in item.values()]
        lines = [" ".join(text) if isinstance(text, list) else text for text in texts]
        body = "\n".join([*lines, self.recent.decode("latin-1")]).encode(charset)
        return servers.response(
            body,
            ("Content-Type", f"text/plain; charset={charset}"),
            status=status,
        )


ANSWERS: dict[str, Callable[[Echo], bytes]] = {
    "json": Echo.as_json,
    "text": lambda echo: echo.as_text("utf-8", "200 OK"),
    "utf-16": lambda echo: echo.as_text("utf-16-le", "200 OK"),
    "error-body": lambda echo: echo.as_text("utf-8", "400 Bad Request"),
    "status-line": lambda echo: servers.response(b"{}", servers.JSON, status=f"400 {echo.in_line}"),
    "location": lambda echo: servers.response(
        b"", ("Location", f"ftp://{quote(echo.in_line, 'latin-1')}/"), status="302 Found"
    ),
    "no-http": lambda echo: f"WHAT {echo.in_line}\r\n\r\n".encode("latin-1"),
}


@contextmanager
def echoing(case: Case, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Echo, str]]:
    """Run the server for *case*, and store its credential; yield the server and its URL."""
    echo = Echo(case)
    has_identity = "tls" in (case.credential["type"], case.credential.get("clientAuthentication"))
    with (
        servers.tls_server(echo, clients=AUTHORITY) if has_identity else servers.raw_server(echo)
    ) as server:
        credential = dict(case.credential)
        if "tokenUrl" in credential:
            credential["tokenUrl"] = server.url + credential["tokenUrl"]
        if has_identity:
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
        store(monkeypatch, bird=credential)
        yield echo, server.url


def needles_of(echo: Echo) -> tuple[str, ...]:
    """Return the texts to search for after *echo* has answered."""
    return (HEAD, TAIL, *echo.case.needles, *echo.derived)


def task_of(case: Case, url: str) -> dict[str, Any]:
    return http(url, credentials="bird", request=case.request)


def on_the_wire(echo: Echo) -> bool:
    """Say whether the server has received a secret, or a value derived from one."""
    if echo.case.credential["type"] == "tls":
        return bool(echo.got)  # without the certificate, the handshake would have failed
    return bool(leaks(unquote_to_bytes(echo.got), needles_of(echo)))
