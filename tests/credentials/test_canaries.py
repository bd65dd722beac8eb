"""No secret of any credential that ships is seen, wherever a person or a store looks.

The secrets are canaries: texts that stand nowhere else. A server echoes what it got in every part
of its answer, in every encoding; then everything that httptask shows is searched, by a function
that shares nothing with the masking. Tests of that function let a leak through, and it finds it.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import servers
from designer import RunningDesigner, events_of, running_designer
from httptask import hookimpl, run_workflow
from httptask._core.redaction import Redactor
from httptask.building import curl_command
from httptask.cli import main
from httptask.credentials._known import known_schemes
from httptask.credentials.oauth2._authentication import AUTHENTICATIONS
from httptask.credentials.oauth2._grants import GRANTS
from httptask.errors import TaskError
from httptask.model.policy import Network
from httptask.plugins import plugin_manager
from httptask.task import HttpTask
from tasks import http, runtime, store

HEAD, TAIL = "c4n4ry", "yr4n4c"
"""Every canary starts and ends with them, so that a part of one is seen, too."""
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
    """Return the spelling and the start of each of *needles* that stands in *shown*.

    Base64 in it is decoded first: an exchange holds bodies so.
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
    """More of `httpRequest`."""
    derived: str = ""
    """A pattern of what is made of a secret, in a request."""
    needles: tuple[str, ...] = ()
    """What is looked for beside the ends of a canary."""


def _case(scheme: str, secret: str, name: str, **fields: Any) -> Case:
    return Case({"type": scheme, name: secret, **fields}, (secret,))


def _key(place: str, secret: str, **request: Any) -> Case:
    credential = {"type": "apiKey", "in": place, "name": "X-Key", "key": secret}
    return Case(credential, (secret,), request)


def _lines(pem: str) -> tuple[str, ...]:
    """Return the lines of a key that a search looks for."""
    return tuple(pem.split("\n")[1:-3])


SIGNATURE = {"name": "X-Signature", "value": "{signature}"}
AWS = {"accessKeyId": "AKIDEXAMPLE", "region": "us-east-1", "service": "execute-api"}
POSTED = {"method": "POST", "body": {"a": 1}}
FORM = {"method": "POST", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
CASES: dict[str, Case] = {
    "basic": Case(
        {"type": "basic", "username": "ann", "password": ANY}, (ANY,), {}, r"Basic (\S+)"
    ),
    "bearer": _case("bearer", VISIBLE, "token"),
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
"""Grants that only a person can begin."""
BY_NAME: dict[str, Any] = {
    "clientId": "client",
    "username": "ann",
    "key": {"pem": EC_PEM, "password": ANY},
    "certificate": CHAIN,
}
"""Values of fields that are no canaries of their own."""


def _oauth(grant: str, authentication: str) -> Case:
    """Return a credential with all the fields that its *grant* and its *authentication* need."""
    ways = (GRANTS[grant], AUTHENTICATIONS[authentication])
    needed = (*ways[0].required, *ways[1].required_of(()))
    names = {*needed, "clientId"}
    names |= {"key"} if any("key" in way.properties for way in ways) else set()
    values = {name: BY_NAME.get(name, VISIBLE) for name in sorted(names)}
    values |= {"extra": {"token": {"pin": ANY}}} if grant == "clientCredentials" else {}
    if authentication == "tls":
        values |= {"key": {"pem": TLS_PEM, "password": ANY}}
    credential = {"type": "oauth2", "grant": grant, "tokenUrl": "/token", **values}
    credential["clientAuthentication"] = authentication
    held = json.dumps(credential, ensure_ascii=False)
    secrets = (text for text in (VISIBLE, ANY) if json.dumps(text, ensure_ascii=False) in held)
    return Case(credential, tuple(secrets))


CASES |= {
    f"oauth2 {grant} {way}": _oauth(grant, way)
    for grant in GRANTS
    for way in AUTHENTICATIONS
    if grant not in CONSENT and (grant == "clientCredentials" or way == "post")
}
each_credential = pytest.mark.parametrize("name", CASES)


def test_every_scheme_has_a_credential_here() -> None:
    """A scheme that ships without a row in this file is not looked at by it."""
    tried = {case.credential["type"] for case in CASES.values()}
    assert tried == set(known_schemes(plugin_manager(entry_points=False)))


# The server


def written(secret: str) -> dict[str, Any]:
    """Return *secret* as servers write it."""
    octets = secret.encode()
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
        "base64": [base64.b64encode(b"abc"[:at] + octets).decode() for at in range(3)],
        "base64url": base64.urlsafe_b64encode(octets).decode(),
    }


class Echo:
    """Answers by the path with what it knows and what it got; `/token` gives a token, or refuses.

    A digest is asked for where *challenges* is true.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.refuses = False
        self.derived: set[str] = set()
        """What was made of a secret in any request."""
        self.got = b""
        """All requests."""
        self.recent = b""
        """The last request, and the token request before it."""
        self.given: tuple[str, ...] = ()
        """Tokens that were given."""

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
        """What is made of a secret in the last request."""
        pattern, text = self.case.derived, self.recent.decode("latin-1")
        return re.findall(pattern, text) if pattern else []

    @property
    def echoed(self) -> list[str]:
        return [*self.case.secrets, *self.given, *self.made]

    @property
    def in_line(self) -> str:
        """What it echoes in a line: no line ends, and each octet a character."""
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
            body, ("Content-Type", f"text/plain; charset={charset}"), status=status
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
each_answer = pytest.mark.parametrize("answer", ANSWERS)


@contextmanager
def echoing(case: Case, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Echo, str]]:
    """Run the server of *case*, whose credential is stored, and give it and its address."""
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
    """Return what to look for after *echo* has answered."""
    return (HEAD, TAIL, *echo.case.needles, *echo.derived)


def task_of(case: Case, url: str) -> dict[str, Any]:
    return http(url, credentials="bird", request=case.request)


def on_the_wire(echo: Echo) -> bool:
    """Say whether the server got a secret, or what is made of one."""
    if echo.case.credential["type"] == "tls":
        return bool(echo.got)  # or the handshake had failed
    return bool(leaks(unquote_to_bytes(echo.got), needles_of(echo)))


# Where it may be seen


class Watcher:
    """A plugin that keeps what `httptask_exchange_finished` is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def httptask_exchange_finished(self, exchange: Any, task: Any) -> None:
        self.told += [json.dumps(exchange.to_json()), repr(exchange), repr(task)]


def of_exchange(exchange: Any) -> str:
    """Return all that an exchange shows: its JSON, its text, its pickle, and a copy for curl."""
    hops = [hop for attempt in exchange.attempts for hop in attempt.hops]
    texts = [json.dumps(exchange.to_json()), repr(exchange), str(exchange)]
    texts += [curl_command(hop.request) for hop in hops]
    texts += [hop.response.body.decode("latin-1") for hop in hops if hop.response is not None]
    return "\n".join([*texts, pickle.dumps(exchange).decode("latin-1")])


def of_error(error: TaskError) -> str:
    """Return all that an error shows but the response that it came with."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    written = {name: value for name, value in error.to_json().items() if name != "result"}
    return "\n".join([str(error), repr(error), *told.format(), json.dumps(written, default=repr)])


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(
        f"{record.getMessage()} {record.args!r} {record.exc_text} {vars(record)!r}"
        for record in caplog.records
    )


def listen(caplog: pytest.LogCaptureFixture) -> None:
    """Let every logger say everything."""
    for name in [None, *logging.root.manager.loggerDict]:
        caplog.set_level(logging.DEBUG, name)


def ended(task: HttpTask) -> TaskError | None:
    """Return the error that *task* ends in. No local variable of this frame holds a secret."""
    try:
        task.call()
    except TaskError as error:
        return error
    return None


def library(case: Case, url: str, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Return what a program sees of a test request, and of a call that ends in an error."""
    watcher = Watcher()
    listen(caplog)
    with runtime(watcher) as shared:
        task = HttpTask(task_of(case, url), name="task", runtime=shared)
        shown = {"exchange": of_exchange(task.test_request()), "curl": curl_command(task.render())}
        if (error := ended(task)) is not None:
            shown["error"] = of_error(error)
            if error.exchange is not None:
                shown["error's exchange"] = of_exchange(error.exchange)
    return shown | {"hook": "\n".join(watcher.told), "log": log_of(caplog)}


def commands(
    case: Case, url: str, folder: Path, capsys: pytest.CaptureFixture[str], *, runs: bool
) -> dict[str, str]:
    """Return what the commands print."""
    file = folder / "definition.json"
    definition = {"startTask": "Try", "tasks": {"Try": task_of(case, url)}}
    file.write_text(json.dumps(definition))
    shown = {}
    lines = [["test-request"], ["test-request", "--json"], ["test-request", "--curl"]]
    lines += [["run"], ["run", "--json"]] if runs else []
    for line in lines:
        main([*line, str(file), "--allow-network", "127.0.0.1"])
        printed = capsys.readouterr()
        shown[" ".join(line)] = printed.out + printed.err
    return shown


def all_leaks(shown: Mapping[str, str], echo: Echo) -> dict[str, list[str]]:
    """Return where something is seen, and what of it."""
    problems = {sink: leaks(text, needles_of(echo)) for sink, text in shown.items()}
    return {sink: texts for sink, texts in problems.items() if texts}


# The tests


@each_answer
@each_credential
def test_a_program_sees_no_secret(
    name: str,
    answer: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Exchange, error, traceback, curl, log and hook show none, whatever the server echoes."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        shown = library(case, f"{url}/{answer}", caplog)
        assert on_the_wire(echo)
    assert all_leaks(shown, echo) == {}


@each_credential
def test_a_command_prints_no_secret(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nor does what `test-request` and `run` print, as text and as JSON, and the copy for curl.

    What a response says in a run is its result: that of `run` is looked at where there is none.
    """
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        shown = commands(case, f"{url}/json", tmp_path, capsys, runs=False)
        shown |= commands(case, f"{url}/no-http", tmp_path, capsys, runs=True)
        assert on_the_wire(echo)
    assert all_leaks(shown, echo) == {}


@each_credential
def test_a_run_keeps_no_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record that an engine keeps of a run has none, but in a response that it holds."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url), runtime() as shared:
        definition = {"startTask": "Try", "tasks": {"Try": task_of(case, f"{url}/no-http")}}
        run = run_workflow(definition, runtime=shared)
        assert run.status == "Failed"
        assert on_the_wire(echo)
    shown = {"json": json.dumps(run.to_json()), "repr": repr(run)}
    assert all_leaks(shown, echo) == {}


@pytest.fixture(scope="module")
def designer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesigner]:
    # Each TLS server of a test has a certificate of its own.
    network = Network(insecure_hosts=("localhost",))
    folder = tmp_path_factory.mktemp("designer")
    with running_designer(folder, network=network) as running:
        yield running


def of_designer(case: Case, url: str, designer: RunningDesigner) -> dict[str, str]:
    """Return all that the designer tells its page about a test request."""
    draft = {"task": task_of(case, url), "name": "Tried"}
    told = events_of(designer, draft)
    asked = {"body": {}, "decoded": {"as": "decoded"}}
    place = told[-1][1].get("body")
    shown = {
        "events": json.dumps(told),
        "render": designer.client.post("render", json=draft).text,
        "credentials": designer.client.get("credentials").text,
    }
    for name, query in asked.items() if isinstance(place, str) else ():
        shown[name] = designer.client.get(place, params=query).text
    return shown


@pytest.mark.parametrize("answer", ["json", "error-body", "no-http"])
@each_credential
def test_the_designer_tells_no_secret(
    name: str, answer: str, designer: RunningDesigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its events, nor the body it keeps, nor what it renders has one."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        shown = of_designer(case, f"{url}/{answer}", designer)
        assert on_the_wire(echo)
    assert all_leaks(shown, echo) == {}


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("oauth2")])
def test_a_refused_token_shows_no_secret(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A token endpoint that echoes in its refusal what it got is quoted without it."""
    case = CASES[name]
    with echoing(case, monkeypatch) as (echo, url):
        echo.refuses = True
        shown = library(case, f"{url}/json", caplog)
        shown |= commands(case, f"{url}/json", tmp_path, capsys, runs=True)
        assert "error" in shown
        assert b"/token" in echo.got
    assert all_leaks(shown, echo) == {}


# The search finds what is there


@pytest.mark.parametrize("spelling", [*written("a"), "utf-16", "numbers in html", "deep"])
def test_the_search_finds_every_spelling(spelling: str) -> None:
    """Each way in which a server writes a secret is one that the search knows."""
    others = {
        "utf-16": ANY.encode("utf-16-le"),
        "numbers in html": "".join(f"&#{ord(character)};" for character in ANY),
        "deep": json.dumps({"body": base64.b64encode(json.dumps([ANY]).encode()).decode()}),
    }
    spelt = (others | written(ANY))[spelling]
    for text in spelt if isinstance(spelt, list) else [spelt]:
        around = b"a " + text + b" b" if isinstance(text, bytes) else f"a {text} b"
        assert leaks(around, (HEAD, TAIL))
    assert not leaks("•••", (HEAD, TAIL))


def test_the_search_finds_what_is_not_masked(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    designer: RunningDesigner,
) -> None:
    """Without masking, the same searches find the secret in everything that quotes a response."""
    for name in ("text", "bytes", "value", "pairs"):
        monkeypatch.setattr(Redactor, name, lambda self, given: given)
    monkeypatch.setattr(Redactor, "finds", lambda self, text: False)
    case = CASES["apiKey in the query"]
    with echoing(case, monkeypatch) as (echo, url):
        shown = library(case, f"{url}/error-body", caplog)
        shown |= commands(case, f"{url}/no-http", tmp_path, capsys, runs=True)
        shown |= of_designer(case, f"{url}/json", designer)
    silent = {"curl", "render", "credentials", "test-request --curl", "log"}
    assert set(shown) - set(all_leaks(shown, echo)) <= silent
    assert {"exchange", "error", "hook", "run", "run --json", "events", "body"} <= set(
        all_leaks(shown, echo)
    )


class Spilling:
    """A scheme of a plugin that writes the secret, encoded, into its own log."""

    name = "spilling"
    fields: Mapping[str, str] = {"key": "secret"}

    @hookimpl
    def httptask_auth_schemes(self) -> list[Any]:
        return [self]

    def authorise(self, request: Any, credential: Any) -> None:
        key = credential.fields["key"].reveal()
        logging.getLogger("acme.spilling").debug("%s", base64.b64encode(key.encode()).decode())
        request.set_header("X-Key", key)


def test_the_search_finds_what_a_plugin_spills(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A log of a plugin is its own; that it is found shows that logs are searched."""
    case = _case("spilling", VISIBLE, "key")
    listen(caplog)
    with echoing(case, monkeypatch) as (echo, url):
        task = HttpTask(task_of(case, f"{url}/json"), runtime=runtime(Spilling()))
        shown = {"exchange": of_exchange(task.test_request()), "log": log_of(caplog)}
    assert set(all_leaks(shown, echo)) == {"log"}
