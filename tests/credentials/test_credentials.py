"""Credentials by name: found in a store, put on the wire by a scheme, masked everywhere else."""

from __future__ import annotations

import base64
import html
import json
import logging
import os
import pickle
import re
import subprocess
import threading
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import platformdirs
import pytest

import servers
from httptask import hookimpl
from httptask._core.redaction import Redactor
from httptask.building import curl_command
from httptask.errors import CredentialError
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import SentRequest
from httptask.task import HttpTask
from tasks import call, exchange, failure, http, runtime

CANARY = "c4n4ry/v4lue+with=chars"
"""A secret that looks different percent-encoded, in JSON and in base64."""

SCHEMES: list[tuple[dict[str, str], str]] = [
    ({"type": "bearer", "token": CANARY}, f"authorization: Bearer {CANARY}"),
    (
        {"type": "basic", "username": "ann", "password": CANARY},
        f"authorization: Basic {base64.b64encode(f'ann:{CANARY}'.encode()).decode()}",
    ),
    ({"type": "apiKey", "in": "header", "name": "X-Key", "key": CANARY}, f"x-key: {CANARY}"),
    (
        {"type": "apiKey", "in": "query", "name": "key", "key": CANARY},
        "GET /a?b=1&key=c4n4ry%2Fv4lue%2Bwith%3Dchars HTTP/1.1",
    ),
    (
        {"type": "apiKey", "in": "cookie", "name": "key", "key": CANARY},
        f"cookie: s=1; key={CANARY}",
    ),
]
SCHEME_IDS = ["bearer", "basic", "key in header", "key in query", "key in cookie"]


def task(url: str, **request: Any) -> dict[str, Any]:
    return http(url + "/a?b=1", credentials="my api", request={"cookies": {"s": "1"}, **request})


def head(server: servers.RawServer) -> str:
    lines = server.received[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return "\n".join(
        [
            lines[0],
            *(
                name.lower() + ":" + rest
                for name, _, rest in (line.partition(":") for line in lines[1:])
            ),
        ]
    )


@pytest.mark.parametrize(("credential", "wire"), SCHEMES, ids=SCHEME_IDS)
def test_each_scheme_puts_the_secret_on_the_wire_and_nowhere_else(
    credential: dict[str, str],
    wire: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server gets it as the RFC says; the exchange, its JSON, the log and errors do not show
    it, even when it is echoed.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", json.dumps(credential))
    caplog.set_level(logging.DEBUG)

    def echo(peer: servers.Peer) -> bool:
        request = peer.read_request()
        peer.sendall(
            servers.response(
                json.dumps(request.decode()).encode(),
                servers.JSON,
                ("X-Echo", CANARY),
                ("Set-Cookie", CANARY),
            )
        )
        return True

    with servers.raw_server(echo) as server:
        seen = exchange(task(server.url))
        assert wire in head(server)
    shown = json.dumps(seen.to_json()) + repr(seen) + caplog.text
    basic = wire.rpartition(" ")[2] if "Basic" in wire else CANARY
    for form in (CANARY, basic, "c4n4ry", base64.b64encode(CANARY.encode()).decode().rstrip("=")):
        assert form not in shown
    assert seen.response is not None
    assert (
        base64.b64decode(seen.to_json()["attempts"][0]["hops"][0]["response"]["bodyBase64"])
        == seen.response.body
    )
    assert b"c4n4ry" not in seen.response.body


@pytest.mark.parametrize(("credential", "wire"), SCHEMES, ids=SCHEME_IDS)
def test_errors_do_not_show_the_secret(
    credential: dict[str, str], wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that echoes the request in its error body does not leak the secret through our
    error.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", json.dumps(credential))

    def echo(peer: servers.Peer) -> bool:
        request = peer.read_request()
        peer.sendall(servers.response(request, ("Content-Type", "text/plain"), status="500 Oops"))
        return True

    with servers.raw_server(echo) as server:
        error = failure(task(server.url))
    assert "c4n4ry" not in str(error) + json.dumps(
        error.exchange.to_json() if error.exchange else None
    )


def test_curl_with_a_credential_works_when_its_variable_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The curl command holds a variable where the secret was; nothing is sent to make it."""
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_MY_API", json.dumps({"type": "bearer", "token": CANARY})
    )
    with servers.raw_server(servers.echo_json()) as server, runtime() as shared:
        command = curl_command(HttpTask(task(server.url), runtime=shared).render())
        assert not server.connections
    assert "c4n4ry" not in command
    assert "'Authorization: Bearer '\"${HTTPTASK_SECRET}\"" in command


@pytest.mark.parametrize("secret", ["a", "ab1", "x=y"])
@pytest.mark.parametrize("scheme", range(len(SCHEMES)), ids=SCHEME_IDS)
def test_a_secret_too_short_to_look_for_is_masked_where_it_is_put(
    scheme: int, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a scheme adds to a request is masked by place: header, query value, cookie; their
    names stay.
    """
    fields = {
        name: secret if value == CANARY else value for name, value in SCHEMES[scheme][0].items()
    }
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", json.dumps(fields))
    with (
        servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as server,
        runtime() as shared,
    ):
        subject = HttpTask(task(server.url), runtime=shared)
        seen, rendered = subject.test_request().request, subject.render()
    assert seen is not None
    for shown in (seen, rendered):
        added = dict(shown.headers) | {"url": shown.url}
        place = {
            "bearer": "Authorization",
            "basic": "Authorization",
            "key in header": "X-Key",
            "key in cookie": "Cookie",
        }
        value = added[place.get(SCHEME_IDS[scheme], "url")]
        kept = {
            "bearer": "Bearer ",
            "basic": "Basic ",
            "key in header": "",
            "key in cookie": "s=1; key=",
        }
        assert (
            value == kept.get(SCHEME_IDS[scheme], shown.url.partition("?")[0] + "?b=1&key=") + "•••"
        )


def test_curl_has_a_variable_for_every_secret() -> None:
    """Named by where it stands, in a URL, in headers, in a body; a shell puts each one where it
    was.
    """
    with servers.raw_server(servers.echo_json()) as server:
        headers = (
            ("Authorization", "Bearer •••"),
            ("X-Key", "•••"),
            ("x-key", "•••"),
            ("Content-Type", "text/plain"),
        )
        sent = SentRequest(
            "POST", f"{server.url}/•••?api_key=•••&b=1", headers, "c=•••, d=•••".encode()
        )
        command = curl_command(sent)
        names = ["API_KEY", "AUTHORIZATION", "BODY", "BODY_2", "URL", "X_KEY", "X_KEY_2"]
        comments = [line for line in command.splitlines() if line.startswith("# ")]
        assert sorted(line.split(":")[0] for line in comments) == [
            f"# HTTPTASK_SECRET_{name}" for name in names
        ]
        values = {f"HTTPTASK_SECRET_{name}": f"<{name}>" for name in names}
        subprocess.run(
            ["sh", "-c", command], env={**os.environ, **values}, check=True, capture_output=True
        )
        request = server.received[0].decode()
    assert request.startswith("POST /<URL>?api_key=<API_KEY>&b=1 HTTP/1.1\r\n")
    assert (
        "\r\nAuthorization: Bearer <AUTHORIZATION>\r\nX-Key: <X_KEY>\r\nx-key: <X_KEY_2>\r\n"
        in request
    )
    assert request.endswith("c=<BODY>, d=<BODY_2>")


def test_curl_puts_secrets_into_bytes_and_forms() -> None:
    """Where a body is no text, and in a form's fields, the variable stands between the bytes."""
    for media_type, body in (
        ("application/x-bytes", b"\xff" + "•••".encode() + b"\0"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
            + "•••\r\n--x--\r\n".encode(),
        ),
    ):
        with servers.raw_server(servers.echo_json()) as server:
            command = curl_command(
                SentRequest("POST", server.url, (("Content-Type", media_type),), body)
            )
            environment = {**os.environ, "HTTPTASK_SECRET": '";type=x'}
            subprocess.run(["sh", "-c", command], env=environment, check=True, capture_output=True)
            received = server.received[0].partition(b"\r\n\r\n")[2]
        assert received == b'\xff";type=x\0' or b'\r\n\r\n";type=x\r\n--' in received


def test_curl_keeps_the_name_of_a_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable of a pasted command stands for the value alone."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", json.dumps(SCHEMES[4][0]))
    with servers.raw_server(servers.echo_json()) as server:
        with runtime() as shared:
            command = curl_command(HttpTask(task(server.url), runtime=shared).render())
        subprocess.run(
            ["sh", "-c", command],
            env={**os.environ, "HTTPTASK_SECRET": "v"},
            check=True,
            capture_output=True,
        )
        assert "cookie: s=1; key=v" in head(server)


def test_plain_text_in_the_environment_is_a_bearer_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shortest way to a credential: a token in a variable."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", "t0ken")
    with servers.raw_server(servers.echo_json()) as server:
        call(task(server.url))
        assert "authorization: Bearer t0ken" in head(server)


def test_only_variables_with_the_prefix_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A definition cannot read any other variable of the environment."""
    monkeypatch.setenv("AWS_SECRET", "x")
    error = failure(http("http://127.0.0.1:1", credentials="AWS_SECRET"))
    assert isinstance(error, CredentialError)
    assert "HTTPTASK_CREDENTIAL_AWS_SECRET" in str(error)


def test_a_missing_credential_says_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, and the message names the variable and the file."""
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(tmp_path / "c.json"))
    with servers.raw_server(servers.echo_json()) as server:
        error = failure(task(server.url))
        assert not server.connections
    assert isinstance(error, CredentialError)
    assert error.attempts == 0
    assert "HTTPTASK_CREDENTIAL_MY_API" in str(error)
    assert str(tmp_path / "c.json") in str(error)


def credentials_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, mode: int = 0o600
) -> Path:
    path = tmp_path / "credentials.json"
    path.write_text(text)
    path.chmod(mode)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(path))
    return path


def test_without_a_name_the_file_is_in_the_users_configuration_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`credentials.json` in the folder that this system has for settings of a program."""
    monkeypatch.delenv("HTTPTASK_CREDENTIALS_FILE", raising=False)
    monkeypatch.setattr(
        platformdirs, "user_config_dir", lambda name, appauthor: str(tmp_path / name)
    )
    (tmp_path / "httptask").mkdir()
    path = tmp_path / "httptask" / "credentials.json"
    path.write_text(json.dumps({"my api": {"type": "bearer", "token": CANARY}}))
    path.chmod(0o600)
    with servers.raw_server(servers.echo_json()) as server:
        call(task(server.url))
        assert f"authorization: Bearer {CANARY}" in head(server)


def test_the_owner_only_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file only its owner can read holds credentials by name."""
    credentials_file(tmp_path, monkeypatch, '{"my api": {"type": "bearer", "token": "fr0m-file"}}')
    with servers.raw_server(servers.echo_json()) as server:
        call(task(server.url))
        assert "authorization: Bearer fr0m-file" in head(server)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_others_can_read_is_refused(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Group or others with any right: refused, with the command that mends it."""
    credentials_file(tmp_path, monkeypatch, '{"my api": {"type": "bearer", "token": "x"}}', mode)
    error = failure(http("http://127.0.0.1:1", credentials="my api"))
    assert isinstance(error, CredentialError)
    assert "chmod 600" in str(error)


def test_a_folder_in_place_of_the_file_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told to take the rights of everybody to it."""
    tmp_path.chmod(0o755)
    monkeypatch.setenv("HTTPTASK_CREDENTIALS_FILE", str(tmp_path))
    error = failure(http("http://127.0.0.1:1", credentials="my api"))
    assert "chmod" not in str(error)
    assert "directory" in str(error)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"my api": {"type": "bearer", "token": "c4n4ry"', "line 1"),
        ("[]", "one JSON object"),
        ('{"my api": "c4n4ry"}', '"type"'),
        ('{"my api": {"type": "bearrer", "token": "c4n4ry"}}', "did you mean 'bearer'?"),
        ('{"my api": {"type": "bearer", "tokn": "c4n4ry"}}', "'token' is missing"),
        ('{"my api": {"type": "bearer", "token": 5}}', "must be text"),
        ('{"my api": {"type": "basic", "username": "a:b", "password": "c4n4ry"}}', "colon"),
        (
            '{"my api": {"type": "apiKey", "in": "path", "name": "k", "key": "c4n4ry"}}',
            "goes in one of header, query, cookie, body",
        ),
        ('{"my api": {"type": "bearer", "token": "c4n4ry", "origins": "x"}}', "origins"),
    ],
)
def test_a_credential_that_cannot_be_used_says_why_without_showing_it(
    text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mistake in a credential has a message of its own, and none shows the secret."""
    credentials_file(tmp_path, monkeypatch, text)
    error = failure(http("http://127.0.0.1:1", credentials="my api"))
    assert isinstance(error, CredentialError), repr(error)
    assert says in str(error)
    assert "c4n4ry" not in str(error)


@pytest.mark.parametrize(
    "value", ["t0p-s3cret\n", " t0p-s3cret", "t0p-s3cret\x0b", "t0p\x00s3cret", "t0p-s3cret\ud800"]
)
@pytest.mark.parametrize("kind", ["bearer", "apiKey"])
def test_a_value_http_cannot_carry_is_refused_and_not_quoted(
    kind: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret pasted with its line end: class `credential`, the header named, the value nowhere,
    causes included.
    """
    fields = {
        "bearer": {"token": value},
        "apiKey": {"in": "header", "name": "X-Key", "key": value},
    }[kind]
    credentials_file(tmp_path, monkeypatch, json.dumps({"my api": {"type": kind, **fields}}))
    with servers.raw_server(servers.echo_json()) as server:
        error = failure(task(server.url))
        assert not server.connections
    assert isinstance(error, CredentialError), repr(error)
    assert "s3cret" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "form",
    [
        str,
        str.upper,
        html.escape,
        lambda value: value.encode().hex(),
        lambda value: quote(value, safe="").lower(),
    ],
)
def test_an_echo_in_other_spellings_is_masked_too(
    form: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that escapes, encodes or changes the case of what it echoes does not get the secret
    past the mask.
    """
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_MY_API", json.dumps({"type": "bearer", "token": CANARY + "<&>"})
    )
    echo = form(CANARY + "<&>")
    answer = servers.response(
        echo.encode(), ("Content-Type", "text/plain"), ("X-Echo", echo), status=f"200 {echo}"
    )
    with servers.raw_server(servers.respond(answer)) as server:
        assert echo not in json.dumps(exchange(task(server.url)).to_json(), ensure_ascii=False)


def units(text: str) -> list[int]:
    encoded = text.encode("utf-16-be")
    return [int.from_bytes(encoded[at : at + 2], "big") for at in range(0, len(encoded), 2)]


ESCAPES: dict[str, Callable[[str], str]] = {
    "base64 at the first octet": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 at the second octet": lambda text: base64.b64encode(b":" + text.encode()).decode(),
    "base64 at the third octet": (
        lambda text: base64.b64encode(b"u:" + text.encode() + b":v").decode()
    ),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"user" + text.encode()).decode(),
    "base64 of Latin-1": lambda text: base64.b64encode(b"u:" + text.encode("latin-1")).decode(),
    "JSON escapes": lambda text: "".join(f"\\u{unit:04x}" for unit in units(text)),
    "JSON escapes in capitals": lambda text: "".join(f"\\u{unit:04X}" for unit in units(text)),
    "a plus sign alone": lambda text: text.replace("+", "\\u002B").replace("/", "\\/"),
    "every octet percent-encoded": lambda text: "".join(f"%{octet:02X}" for octet in text.encode()),
    "percent-encoded in lower case": lambda text: quote(text, safe="").lower(),
    "percent-encoded Latin-1": lambda text: quote(text.encode("latin-1"), safe=""),
    "only some percent-encoded": lambda text: quote(text, safe="=/"),
    "HTML": lambda text: html.escape(text).replace("/", "&#47;").replace("+", "&#x2B;"),
    "Python's bytes": lambda text: str(text.encode())[2:-1],
}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
@pytest.mark.parametrize("secret", [CANARY, "pässwört+geheim/é", "Ab1="])
def test_a_secret_is_masked_however_an_encoder_writes_it(
    escape: Callable[[str], str], secret: str
) -> None:
    """In text and in bytes, beside the secret as it stands: what surrounds it stays, and no part of
    it does.
    """
    redactor = Redactor([secret])
    text = f"before [{escape(secret)}] [{secret}] after"
    for shown in (redactor.text(text), redactor.bytes(text.encode()).decode()):
        assert shown.startswith("before [")
        assert shown.endswith(" [•••] after")
        inner = shown.removeprefix("before [").removesuffix("] [•••] after")
        # Digits of base64 that hold nothing of the secret stay: what stood before it, what came
        # after.
        assert len(inner.replace("•••", "").rstrip("=")) <= 5, shown
        assert redactor.text(shown) == shown


@pytest.mark.parametrize(
    "echo",
    [
        "k+y%2Fz{w&lon\"g'<e>",
        "k+y/z%7Bw&lon\"g'<e>",
        "k+y/z{w&lon\"g'<e>",
        "k%20y/z%7bw&lon\"g'<e>",
        "k y/z{w&amp;lon\"g'<e>",
        "k y/z{w&AMP;lon\"g'<e>",
        "k y/z{w&lon&quot;g'<e>",
        'k y/z{w&lon"g&apos;<e>',
        "k y/z{w&lon\"g'&lt;e>",
        "k y/z{w&lon\"g'<e&gt;",
        "k&#32;y/z{w&lon\"g'<e>",
        "k y&#x2f;z&#123;w&lon\"g'<e>",
        "k y\\/z{w&lon\\u0022g'<e>",
        "k y/z{é\\ud83d\\ude00}",
        "k y/z{\\u00e9😀}",
        "k y/z{é%F0%9F%98%80}",
        "k y/z{é&#128512;}",
    ],
)
def test_a_secret_of_which_only_some_is_escaped_is_cut_out(echo: str) -> None:
    """Encoders differ in what they escape, and forms write a space as a plus; what stands around
    the secret stays.
    """
    redactor = Redactor(["k y/z{w&lon\"g'<e>", "k y/z{é😀}"])
    assert redactor.text(f"before [{echo}] after") == "before [•••] after"
    assert redactor.bytes(f"before [{echo}] after".encode()) == "before [•••] after".encode()


AWKWARD = "c4n4ry\"é\\/'\n😀"


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_secret_in_json_in_json_is_cut_out(levels: int, is_ascii: bool) -> None:
    """However often a server writes JSON into a text of JSON, the rest of it stays readable."""
    written, masked = AWKWARD, "•••"
    for _ in range(levels):
        written = json.dumps({"log": written}, ensure_ascii=is_ascii)
        masked = json.dumps({"log": masked}, ensure_ascii=False)
    assert Redactor([AWKWARD]).text(written) == masked
    octets = Redactor([AWKWARD]).bytes(written.encode())
    assert json.loads(octets) == json.loads(masked)


@pytest.mark.parametrize(
    "echo",
    [
        pytest.param(json.dumps("C4N4RY\"É\\/'\n😀"), id="capitals in JSON"),
        pytest.param(json.dumps(AWKWARD.encode().decode("latin-1")), id="octets as Latin-1"),
        pytest.param(repr(AWKWARD), id="Python"),
        pytest.param(quote(json.dumps([AWKWARD])), id="JSON in a URL"),
        pytest.param(html.escape(json.dumps(AWKWARD)), id="JSON in HTML"),
        pytest.param(json.dumps(base64.b64encode(b"?>>c4n4ry").decode()), id="base64"),
        pytest.param("Pz8/YzRuNHJ5".replace("/", "\\/"), id="base64 in JSON of PHP"),
        pytest.param(quote(quote("é>c4n4ry".encode("latin-1"))), id="Latin-1 in a URL in a URL"),
    ],
)
def test_escapes_of_several_kinds_hide_nothing(echo: str) -> None:
    """A secret is masked whose escapes are escaped again, in another way or case."""
    secrets = [AWKWARD, "?>>c4n4ry", "??\x3fc4n4ry", "é>c4n4ry"]
    shown = Redactor(secrets).text(f"a {echo} b")
    assert "•••" in shown
    assert not re.search(r"(?i)c4n4ry|YzRuNHJ5", shown)


def test_a_plus_of_the_secret_itself_is_no_space() -> None:
    """Beside escapes a plus may be itself, and a text of pluses is none of secrets."""
    assert Redactor(["ab+c/defg"]).text("[ab+c%2Fdefg]") == "[•••]"
    assert Redactor(["k y/z"]).text("[1+1, k+y, y+z]") == "[1+1, k+y, y+z]"


@pytest.mark.parametrize("charset", ["latin-1", "cp1252", "utf-16-le", "utf-16-be", "utf-16"])
def test_a_secret_in_another_charset_is_masked_beside_one_in_utf_8(charset: str) -> None:
    """Bytes do not say their charset: a secret in any that is likely goes, and what stands around
    it stays readable.
    """
    secret = "pässwört-geheim"
    shown = Redactor([secret]).bytes(f"[{secret}]".encode(charset) + secret.encode())
    assert secret.encode(charset.removesuffix("-le"))[4:-4] not in shown
    assert secret.encode() not in shown
    start = shown.removesuffix("•••".encode()).decode(charset)
    assert (start[0], start[-1]) == ("[", "]")


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("İstanbul-34", "xİSTANBUL-34y", "x•••y"),
        ("İstanbul-34", "xi\u0307stanbul-34y", "x•••y"),
        ("İstanbul-34", "Σİς İstanbul-34y", "Σİς •••y"),
        ("ΠΑΣΩΣ", "πασως!", "•••!"),
        ("ΠΑΣΩΣ", "ΠΑΣΩΣ!", "•••!"),
        ("ΠΑΣΩΣ", "πασωσ!", "•••!"),
        ("πασως", "ΠΑΣΩΣ!", "•••!"),
        ("ÄÖÜß-key", "äöüß-KEY.", "•••."),
        ("ÄÖÜß-key", "ÄÖÜSS-KEY.", "•••."),
    ],
)
def test_case_is_no_way_past_the_mask_beyond_ascii(secret: str, text: str, shown: str) -> None:
    """Letters whose lower case is longer, or depends on what follows, are letters like others, and
    what stands around the secret stays.
    """
    redactor = Redactor([secret])
    assert redactor.text(f"<{secret}>") == "<•••>"
    assert redactor.text(f"<{text}>") == f"<{shown}>"
    assert redactor.bytes(f"<{secret}>".encode()) == "<•••>".encode()


def test_secrets_that_overlap_leave_nothing() -> None:
    """Where one secret ends inside another, both go whole."""
    assert Redactor(["abcdefgh", "ghijkl"]).text("-abcdefghijkl-") == "-•••-"


def test_a_secret_that_is_a_number_is_masked_in_json() -> None:
    """A key of digits that comes back as a JSON number is no less a secret."""
    value = {"pin": 73219468, "ratio": 0.5, "count": 3, "ok": True}
    assert Redactor(["73219468"]).value(value) == {
        "pin": "•••",
        "ratio": 0.5,
        "count": 3,
        "ok": True,
    }


@pytest.mark.parametrize(
    ("body", "headers", "rest"),
    [
        (
            json.dumps({"a": CANARY, "b": CANARY}).replace("+", "\\u002b", 1),
            servers.JSON,
            {"a": "•••", "b": "•••"},
        ),
        (
            f"{CANARY} {base64.b64encode(b'u:' + CANARY.encode()).decode()}",
            ("Content-Type", "text/plain"),
            None,
        ),
        (
            f"k={CANARY}&l={quote(CANARY, safe='=')}",
            ("Content-Type", "text/plain; charset=utf-16-le"),
            None,
        ),
    ],
    ids=["escaped JSON", "base64", "UTF-16"],
)
def test_what_is_left_after_masking_is_looked_at_again(
    body: str, headers: tuple[str, str], rest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in the open does not hide a second one that is escaped, encoded or in another
    charset.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", CANARY)
    charset = "utf-16-le" if "utf-16" in headers[1] else "utf-8"
    with servers.raw_server(
        servers.respond(servers.response(body.encode(charset), headers))
    ) as server:
        seen = exchange(task(server.url)).response
    assert seen is not None
    assert rest is None or seen.decoded == rest
    for text in (
        seen.body.decode(charset, "replace"),
        json.dumps(seen.decoded, ensure_ascii=False),
    ):
        for part in ("v4lue", "002b", base64.b64encode(CANARY.encode("utf-8")[1:]).decode()[3:20]):
            assert part not in text


def test_a_response_without_a_secret_is_neither_walked_nor_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The text of a response is searched: only a value that holds a secret is walked, and copied,
    to mask it.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", CANARY)
    walked = []
    masked_value = Redactor.value
    monkeypatch.setattr(
        Redactor, "value", lambda self, value: walked.append(value) or masked_value(self, value)
    )
    body = json.dumps([{"id": number, "name": "é\n%2B&amp;"} for number in range(1000)]).encode()
    answers = [
        servers.response(body, servers.JSON),
        servers.response(servers.compressed(body), servers.JSON, servers.GZIP),
    ]
    for answer in answers:
        with servers.raw_server(servers.respond(answer)) as server:
            seen = exchange(task(server.url)).response
        assert seen is not None
        assert seen.decoded == json.loads(body)
        assert walked == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        pytest.param("200 OK", lambda task: exchange(task).outcome, id="a test request"),
        pytest.param("404 Not Found", lambda task: failure(task).kind, id="a run that fails"),
    ],
)
def test_a_response_is_masked_within_the_time_for_everything(
    monkeypatch: pytest.MonkeyPatch, status: str, outcome: Callable[[dict[str, Any]], str]
) -> None:
    """Masking belongs to the attempt: the deadline ends it, and it holds up no event loop."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", CANARY)
    released, in_loop = threading.Event(), []

    def endless(self: Redactor, data: Any) -> Any:
        if len(data) > 300_000 and not released.is_set():
            in_loop.append(threading.current_thread().name != "httptask")
            released.wait(60)
        return data

    monkeypatch.setattr(Redactor, "bytes", endless)
    answer = servers.response(json.dumps(["x" * 300_000]).encode(), servers.JSON, status=status)
    release = threading.Timer(6, released.set)
    with servers.raw_server(servers.respond(answer)) as server:
        release.start()
        ended = outcome(task(server.url) | {"totalTimeoutSeconds": 3})
    release.cancel()
    assert ended == "timeout"
    assert in_loop == [False] * len(in_loop)
    assert in_loop


def test_a_compressed_echo_is_masked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that decode to the secret are not handed out."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", CANARY)
    body = servers.compressed(json.dumps({"echo": CANARY}).encode())
    with servers.raw_server(
        servers.respond(servers.response(body, servers.JSON, servers.GZIP))
    ) as server:
        seen = exchange(task(server.url)).response
    assert seen is not None
    assert seen.decoded == {"echo": "•••"}
    assert seen.body == "•••".encode()


def test_the_cut_of_an_excerpt_saves_nothing_from_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the excerpt of an error body ends in the middle of a secret, the part before the cut is
    masked too.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", CANARY)
    for before in range(270, 300):
        answer = servers.response(
            b"x" * before + CANARY.encode(), ("Content-Type", "text/plain"), status="500 No"
        )
        with servers.raw_server(servers.respond(answer)) as server:
            assert "c4n4" not in str(failure(task(server.url)))


@pytest.mark.parametrize("status", ["500 No", "200 OK"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b" " * 7990 + CANARY.encode(), "text/plain"),
        (b" " * 65530 + CANARY.encode(), "text/plain"),
        (CANARY.encode("utf-16-le"), "text/plain; charset=utf-16-le"),
        (("{" + CANARY).encode("utf-16"), "application/json"),
        (b" " * 65530 + b"{" + CANARY.encode(), "application/json"),
    ],
)
def test_no_error_shows_a_secret_however_the_body_is_written(
    body: bytes, content_type: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind blanks, at a cut, in UTF-16, in broken JSON: the sentence about a body does not hold
    the secret.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", CANARY)
    answer = servers.response(body, ("Content-Type", content_type), status=status)
    with servers.raw_server(servers.respond(answer)) as server:
        seen = exchange(task(server.url))
    said = (seen.error or "").replace("\0", "").replace("\ufffd", "")
    assert "c4n4" not in said


def test_a_scheme_that_fails_does_not_show_what_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stranger's scheme that quotes the secret in its exception: masked, and not kept as a
    cause.
    """

    class Careless:
        name = "careless"
        fields = {"token": "secret"}  # noqa: RUF012

        def authorise(self, request: Any, credential: Credential) -> None:
            raise ValueError(f"cannot use {CANARY}")

    class Plugin:
        @hookimpl
        def httptask_auth_schemes(self) -> list[Any]:
            return [Careless()]

    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_MY_API", json.dumps({"type": "careless", "token": CANARY})
    )
    error = failure(task("http://127.0.0.1:1"), Plugin())
    assert isinstance(error, CredentialError)
    assert "c4n4ry" not in "".join(traceback.format_exception(error))


def test_a_store_runs_in_the_callers_context() -> None:
    """A vault that tells its tenant by a context variable sees the caller's."""
    tenant: ContextVar[str] = ContextVar("tenant", default="nobody")

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> Credential:
            return Credential(name, "bearer", {"token": Secret(f"token-of-{tenant.get()}")})

    with servers.raw_server(servers.echo_json()) as server:
        token = tenant.set("acme")
        call(task(server.url), Vault())
        tenant.reset(token)
        assert "authorization: Bearer token-of-acme" in head(server)


@pytest.mark.parametrize("given", ["text", {"token": 5}, {"token": None}, {"token": Secret(5)}])  # type: ignore[arg-type]
def test_a_store_that_gives_something_else_is_a_credential_error(given: Any) -> None:
    """A plugin's answer of a wrong type is said, not run into."""

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> Any:
            return given if isinstance(given, str) else Credential(name, "bearer", given)

    assert isinstance(failure(task("http://127.0.0.1:1"), Vault()), CredentialError)


def test_only_the_latest_derived_values_are_remembered() -> None:
    """A scheme that signs every request anew does not fill the memory of the mask; the credential
    itself stays in it.
    """
    redactor = Redactor([CANARY])
    signatures = [f"signature-{number:04}" for number in range(1000)]
    for signature in signatures:
        redactor.add_derived(signature)
        redactor.add_derived(signature)  # the same once more takes no other's place
    assert redactor.text(CANARY) == "•••"
    kept = [signature for signature in signatures if redactor.text(signature) == "•••"]
    assert kept == signatures[-64:]
    assert redactor.text("signature-0999 signature-0001") == "••• signature-0001"


def test_a_header_is_looked_at_anew_once_its_secret_may_be_forgotten() -> None:
    """Only the latest values that were made of secrets are masked, and only their headers known."""
    redactor = Redactor()
    line = ("Authorization", "Signature first-value")
    redactor.add_header(line, None)
    assert redactor.masks_header(line)
    assert redactor.text("first-value") == "•••"
    for number in range(64):
        redactor.add_derived(f"another-value-{number}")
    assert redactor.text("first-value") == "first-value"
    assert not redactor.masks_header(line)


SPACED = 's3 é/"&<+'


@pytest.mark.parametrize(
    "echo",
    [
        quote_plus(SPACED),
        quote(SPACED),
        SPACED.encode().hex().upper(),
        json.dumps(SPACED, ensure_ascii=False)[1:-1],
        json.dumps(SPACED)[1:-1].replace("/", r"\/"),
        "FOUR",
    ],
)
def test_a_secret_is_masked_in_names_and_at_any_depth(echo: str) -> None:
    """Of four characters too; what stands around it stays."""
    redactor = Redactor(["other secret", SPACED, "four"])
    assert redactor.finds(f"<{echo}>")
    assert redactor.text(f"<{echo}|{echo}>") == "<•••|•••>"
    assert redactor.bytes(f"<{echo}|{echo}>".encode()) == "<•••|•••>".encode()
    assert redactor.value([1, {f"<{echo}>": [echo, None, {"a": echo}]}]) == [
        1,
        {"<•••>": ["•••", None, {"a": "•••"}]},
    ]


def test_what_holds_no_secret_stays_as_it_is() -> None:
    """Nor is a value of less than four characters looked for: it stands in too many innocent
    places.
    """
    redactor = Redactor(["s3cr3t", "abc", ""])
    redactor.add_derived("xyz")
    value = {"abc": ["xyz", 1, None, ["s3cr3"]]}
    assert not redactor.finds("abc xyz s3cr3")
    assert redactor.value(value) == value
    assert redactor.text("abc xyz") == "abc xyz"
    assert redactor.bytes(b"abc xyz") == b"abc xyz"
    assert not Redactor().finds("anything")


def test_a_masked_value_may_be_nested_deeply() -> None:
    """Masking walks, it does not recurse: a response just inside the limit is masked like any
    other.
    """
    value: Any = CANARY
    for _ in range(5000):
        value = [value]
    masked = Redactor([CANARY]).value(value)
    for _ in range(5000):
        (masked,) = masked
    assert masked == "•••"


def test_a_credential_bound_to_origins_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A definition that names a credential for another server does not get it."""
    with servers.raw_server(servers.echo_json()) as server:
        bound = {"type": "bearer", "token": "t0ken", "origins": ["https://api.procore.com"]}
        monkeypatch.setenv("HTTPTASK_CREDENTIAL_MY_API", json.dumps(bound))
        error = failure(task(server.url))
        assert isinstance(error, CredentialError)
        assert "https://api.procore.com" in str(error)
        assert not server.connections
        monkeypatch.setenv(
            "HTTPTASK_CREDENTIAL_MY_API", json.dumps({**bound, "origins": [server.url + "/"]})
        )
        assert call(task(server.url)).status_code == 200


def test_a_secret_does_not_print() -> None:
    """repr, str, format, JSON and pickle show a mask or refuse."""
    secret = Secret(CANARY)
    credential = Credential("n", "bearer", {"token": secret})
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>9}",
        repr(credential),
        json.dumps(credential.to_json()),
    ):
        assert "c4n4ry" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(credential)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_a_store_of_a_plugin_is_asked_first_and_its_failure_is_a_credential_error() -> None:
    """A vault answers before the environment; what it raises reaches the author as a
    CredentialError.
    """

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> Credential | None:
            if name == "broken":
                raise OSError("the vault is sealed")
            return (
                Credential(name, "bearer", {"token": Secret("fr0m-vault")})
                if name == "my api"
                else None
            )

    with servers.raw_server(servers.echo_json()) as server:
        call(task(server.url), Vault())
        assert "authorization: Bearer fr0m-vault" in head(server)
    error = failure(http("http://127.0.0.1:1", credentials="broken"), Vault())
    assert isinstance(error, CredentialError)
    assert "sealed" in str(error)


def test_connections_are_not_shared_between_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two credentials, two connections; the same one keeps its own."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_ONE", "1111-one")
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_TWO", "2222-two")

    async def three(url: str) -> None:
        async with runtime() as shared:
            for name in ("one", "two", "one"):
                await HttpTask(http(url, credentials=name), runtime=shared).acall()

    import asyncio

    with servers.raw_server(servers.respond(servers.response(b"{}", servers.JSON))) as server:
        asyncio.run(three(server.url))
        assert server.connections == 2
