"""`httptask credentials`: a person manages them, and no secret is ever an argument."""

from __future__ import annotations

import json
import os
import pty
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import servers
from command_line import Run
from token_server import token_server

SECRET = "c4n4ry-pass:w0rd"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "no-credentials.json"


def stored(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def write(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")
    file.chmod(0o600)


def test_a_secret_comes_from_standard_input_and_is_never_printed(run: Run, file: Path) -> None:
    """`set` writes the file for its owner alone; `list` and `--json` show everything but values."""
    made = run(
        "credentials", "set", "crm", "--type", "basic", "--field", "username=ann",
        "--origin", "https://crm.example", stdin=SECRET + "\n",
    )  # fmt: skip
    assert made.out == "crm (basic) is kept in the file\n"
    assert stored(file) == {
        "crm": {
            "type": "basic",
            "username": "ann",
            "password": SECRET,
            "origins": ["https://crm.example"],
        }
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    listed = run("credentials")
    assert listed.out.splitlines()[1].split() == [
        "crm", "basic", "file", "https://crm.example", "-",
    ]  # fmt: skip
    (item,) = run("credentials", "list", "--json").json["items"]
    assert item == {
        "name": "crm",
        "kind": "basic",
        "source": "file",
        "writable": True,
        "origins": ["https://crm.example"],
    }
    shown = run("credentials", "--json").out + listed.out + made.out
    assert SECRET not in shown


def test_a_secret_is_no_argument(run: Run, file: Path) -> None:
    """A secret as a field is refused with what to do instead; the sentence does not repeat it."""
    done = run("credentials", "set", "api", "--type", "bearer", "--field", f"token={SECRET}")
    assert done.status == 2
    assert "cannot be an argument" in done.err
    assert SECRET not in done.err
    assert not file.exists()
    for words in (("--token", SECRET), (SECRET,)):
        refused = run("credentials", "set", "api", "--type", "bearer", *words)
        assert refused.status == 2
    assert not file.exists()


def test_a_terminal_is_asked_without_echo(run: Run, file: Path, tmp_path: Path) -> None:
    """At a terminal, each secret that has to be there is asked for, and is not shown."""
    leader, follower = pty.openpty()
    environment = os.environ | {"HTTPTASK_CREDENTIALS_FILE": str(file)}
    words = [sys.executable, "-m", "httptask", "credentials", "set", "api", "--type", "bearer"]
    process = subprocess.Popen(
        words, stdin=follower, stdout=follower, stderr=follower, env=environment,
        start_new_session=True, cwd=tmp_path,
    )  # fmt: skip
    os.close(follower)
    seen, asked = b"", threading.Event()

    def read() -> None:
        nonlocal seen
        while True:
            try:
                data = os.read(leader, 4096)
            except OSError:  # its end, on Linux
                data = b""
            if not data:
                return
            seen += data
            if b"(not shown): " in seen:
                asked.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert asked.wait(servers.HANG_SECONDS)
    os.write(leader, SECRET.encode() + b"\n")
    assert process.wait(servers.HANG_SECONDS) == 0
    reader.join(servers.HANG_SECONDS)
    os.close(leader)
    assert stored(file)["api"]["token"] == SECRET
    assert SECRET.encode() not in seen


def test_others_stay_as_they_are_written(run: Run, file: Path) -> None:
    """A credential is added, changed and removed; every other byte of the file stays."""
    before = (
        '{\n    "b": {"type": "bearer",   "token": "\\u0062"},\n'
        '    "a": {\n      "type": "bearer", "token": "a" }\n}\n'
    )
    write(file, before)
    run("credentials", "set", "new", "--type", "bearer", stdin="n")
    added = file.read_text("utf-8")
    assert added.startswith(before.removesuffix("\n}\n"))
    assert list(stored(file)) == ["b", "a", "new"]
    run("credentials", "set", "b", "--origin", "https://b.example")
    changed = file.read_text("utf-8")
    assert changed.endswith(added[added.index('    "a"') :])
    assert stored(file)["b"] == {"type": "bearer", "token": "b", "origins": ["https://b.example"]}
    assert run("credentials", "remove", "new", "--yes").out == "removed new from the file\n"
    assert run("credentials", "remove", "b", "--yes").status == 0
    assert file.read_text("utf-8") == '{\n    "a": {\n      "type": "bearer", "token": "a" }\n}\n'
    assert run("credentials", "remove", "a", "--yes").status == 0
    assert stored(file) == {}


def test_many_processes_write_at_once(run: Run, file: Path) -> None:
    """Nothing that one process wrote is lost by another's writing."""

    def make(number: int) -> None:
        run("credentials", "set", f"c{number}", "--type", "bearer", stdin=f"t{number}")

    threads = [threading.Thread(target=make, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: each["token"] for name, each in stored(file).items()} == {
        f"c{number}": f"t{number}" for number in range(6)
    }


def test_a_file_gives_several_fields(run: Run, file: Path, tmp_path: Path) -> None:
    """`--from-file` takes a JSON object; lists and JSON values come from `--field`."""
    (tmp_path / "secrets.json").write_text(json.dumps({"clientSecret": SECRET}))
    made = run(
        "credentials", "set", "crm", "--type", "oauth2", "--from-file", "secrets.json",
        "--field", "grant=clientCredentials", "--field", "tokenUrl=https://login.example/token",
        "--field", "clientId=me", "--field", "scopes=read", "--field", "scopes=write",
        "--field", "expiresInDefault=60", "--field", 'sendAs={"in": "query"}',
        "--origin", "https://crm.example",
    )  # fmt: skip
    assert made.status == 0, made.err
    assert stored(file)["crm"] == {
        "type": "oauth2",
        "clientSecret": SECRET,
        "grant": "clientCredentials",
        "tokenUrl": "https://login.example/token",
        "clientId": "me",
        "scopes": ["read", "write"],
        "expiresInDefault": 60,
        "sendAs": {"in": "query"},
        "origins": ["https://crm.example"],
    }


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("--type", "basic"), "x", "'username' is missing"),
        (("--type", "basik"), "x", "did you mean 'basic'?"),
        ((), "x", "name the type"),
        (("--type", "bearer"), "", "'token' is missing"),
        (("--type", "bearer", "--origin", "crm"), "x", "the origin 'crm' is none"),
        (("--type", "bearer", "--field", "x"), "x", "NAME=VALUE"),
        (("--type", "bearer", "--field", "nmae=x"), "x", "'nmae' is not known"),
        (("--type", "bearer", "--secret", "password"), "x", "is no secret of it"),
        (("--type", "bearer", "--from-file", "none"), "", "cannot be read"),
        (("--type", "bearer"), '{"token": "c4n4ry', "not JSON"),
        (("--type", "oauth2", "--field", "expiresInDefault=x"), "", "expected JSON"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    run: Run, file: Path, words: tuple[str, ...], stdin: str, said: str
) -> None:
    """Bad input has exit status 2 and a sentence without the secret; there is no file."""
    done = run("credentials", "set", "crm", *words, stdin=stdin)
    assert done.status == 2
    assert said in done.err
    assert "c4n4ry" not in done.err
    assert not file.exists()


def test_a_broken_or_open_file_is_left_alone(run: Run, file: Path) -> None:
    """A file that others can read, or that is no JSON, is not written over."""
    write(file, '{"a": 1')
    assert run("credentials", "set", "b", "--type", "bearer", stdin="x").status == 2
    assert file.read_text() == '{"a": 1'
    write(file, "{}")
    file.chmod(0o644)
    refused = run("credentials", "set", "b", "--type", "bearer", stdin="x")
    assert (refused.status, file.read_text()) == (2, "{}")
    assert "chmod 600" in refused.err
    assert "warning: " in run("credentials").out


def test_one_without_origins_warns(run: Run, file: Path) -> None:
    """`set` and `list` warn of a credential that may go anywhere, and of one that is shadowed."""
    made = run(
        "credentials", "set", "api", "--type", "bearer", stdin="x", HTTPTASK_CREDENTIAL_API="y"
    )
    assert "any origin" in made.out
    assert "the environment has one of this name, which is used instead" in made.out
    listed = run("credentials", "--json").json
    assert listed["items"][0]["warnings"]
    assert "warning: api: it may be sent to any origin" in run("credentials").out


def test_remove_asks(run: Run, file: Path) -> None:
    """Nothing is removed unless a person says so; the environment's is not ours to remove."""
    write(file, '{"a": {"type": "bearer", "token": "a"}}')
    refused = run("credentials", "remove", "a")
    assert (refused.status, list(stored(file))) == (2, ["a"])
    assert "--yes" in refused.err
    assert run("credentials", "remove", "nobody", "--yes").status == 2
    shown = run("credentials", "remove", "b", "--yes", HTTPTASK_CREDENTIAL_B="x")
    assert "unset HTTPTASK_CREDENTIAL_B" in shown.err


def test_test_sends_one_harmless_request(run: Run, file: Path) -> None:
    """`test --url` sends a GET with the credential; a 401 is a refusal, with exit status 1."""
    heads: list[str] = []
    statuses = ["200 OK", "401 Unauthorized", "404 Not Found"]

    def handle(peer: servers.Peer) -> None:
        heads.append(peer.read_request().decode("latin-1"))
        peer.sendall(servers.response(b"{}", servers.JSON, status=statuses[len(heads) - 1]))

    with servers.raw_server(handle) as server:
        write(
            file, json.dumps({"api": {"type": "bearer", "token": SECRET, "origins": [server.url]}})
        )
        accepted, refused, missing = (
            run("credentials", "test", "api", "--url", server.url + "/me") for _ in range(3)
        )
        elsewhere = run("credentials", "test", "api", "--url", "http://localhost:1/")
    assert heads[0].startswith("GET /me HTTP/1.1\r\n")
    assert f"Bearer {SECRET}" in heads[0]
    assert (accepted.status, accepted.out) == (0, "the server accepts it: 200 OK\n")
    assert (refused.status, refused.out) == (1, "the server refuses it: 401 Unauthorized\n")
    assert missing.status == 0
    assert "does not refuse it" in missing.out
    assert elsewhere.status == 1
    assert "may only be sent to" in elsewhere.out
    assert len(heads) == 3


def test_test_gets_a_token_and_list_says_when_it_expires(run: Run, file: Path) -> None:
    """`test` gets a token, which is kept; `list` says until when; `remove` takes it away."""
    tokens = file.with_suffix(".tokens.json")
    with token_server() as server:
        write(file, json.dumps({"crm": json.loads(server.credential())}))
        done = run("credentials", "test", "crm")
        assert done.status == 0, done.err
        assert done.out.startswith("the server gave a token\ntoken: until 20")
        assert "c4n4ry" in tokens.read_text()
        assert stat.S_IMODE(tokens.stat().st_mode) == 0o600
        listed = run("credentials", "--json")
        (item,) = listed.json["items"]
        assert item["token"].keys() == {"refreshes", "expiresAt", "expired"}
        assert "c4n4ry" not in listed.out + done.out
        run("credentials", "set", "crm", "--field", "scopes=more", stdin="")
        assert "c4n4ry" not in tokens.read_text()  # it was for other scopes
        assert run("credentials", "test", "crm", "--json").json["accepted"] is True
        assert server.granted == 2
        assert run("credentials", "remove", "crm", "--yes").status == 0
        assert "c4n4ry" not in tokens.read_text()
    write(file, json.dumps({"crm": json.loads(server.credential())}))
    failed = run("credentials", "test", "crm")
    assert failed.status == 1
    assert "failed (connection)" in failed.out


def test_bearer_alone_cannot_be_tested_without_a_request(run: Run, file: Path) -> None:
    """Where nobody can be asked for a token, and no request is named, that is said."""
    write(file, '{"api": {"type": "bearer", "token": "x"}}')
    done = run("credentials", "test", "api")
    assert done.status == 2
    assert "name a URL, or an endpoint" in done.err


@contextmanager
def connecting(file: Path, tmp_path: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run `credentials connect crm` until it ends."""
    environment = os.environ | {
        "HTTPTASK_CREDENTIALS_FILE": str(file),
        "HTTPTASK_ALLOW_NETWORKS": "127.0.0.1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "httptask", "credentials", "connect", "crm", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=tmp_path, text=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def test_connect_waits_for_the_browser(run: Run, file: Path, tmp_path: Path) -> None:
    """A person consents; the callback with another state, or for another host, ends nothing; the
    token is kept for the next process.
    """
    with token_server() as server:
        consenting = server.credential(
            "authorizationCode", authorizationUrl=server.url + "/authorize"
        )
        write(file, json.dumps({"crm": json.loads(consenting)}))
        assert "credentials connect crm" in run("credentials", "test", "crm").out
        port = free_port()
        with connecting(file, tmp_path, "--no-browser", "--port", str(port)) as process:
            assert process.stderr is not None
            assert "Open this address" in process.stderr.readline()
            address = process.stderr.readline().strip()
            callback = f"http://127.0.0.1:{port}/oauth/callback"
            for url, headers in (
                (callback + "?code=x&state=guessed", {}),
                (callback + "?code=x", {"Host": "evil.example"}),
            ):
                with pytest.raises(HTTPError) as refused:
                    urlopen(Request(url, headers=headers), timeout=servers.HANG_SECONDS)
                refused.value.close()
            with urlopen(address, timeout=servers.HANG_SECONDS) as answer:
                assert answer.read() == b"Connected. You can close this window."
            out, _ = process.communicate(timeout=servers.HANG_SECONDS)
        assert process.returncode == 0
        assert out.startswith("crm is connected; its token: until 20")
        assert server.asked_consent["code_challenge_method"] == "S256"
        assert run("credentials", "test", "crm", "--url", server.url + "/me").status == 0
        assert server.granted == 1
        server.refuses_consent = True
        with connecting(file, tmp_path, "--no-browser", "--port", str(port)) as process:
            assert process.stderr is not None
            process.stderr.readline()
            with pytest.raises(HTTPError) as refused:
                urlopen(process.stderr.readline().strip(), timeout=servers.HANG_SECONDS)
            refused.value.close()
            _, error = process.communicate(timeout=servers.HANG_SECONDS)
        assert process.returncode == 2
        assert "consent was refused" in error


def test_connect_on_another_device(run: Run, file: Path, tmp_path: Path) -> None:
    """Where there is no browser, a code is entered elsewhere."""
    with token_server() as server:
        server.is_code_entered = False
        written = server.credential("deviceCode", deviceAuthorizationUrl=server.url + "/device")
        write(file, json.dumps({"crm": json.loads(written)}))
        with connecting(file, tmp_path) as process:
            assert process.stderr is not None
            assert f"Open {server.url}/enter on any device, and enter WDJB-MJHT" in (
                process.stderr.readline()
            )
            server.is_code_entered = True
            assert process.wait(servers.HANG_SECONDS) == 0
        assert "until 20" in run("credentials").out


def test_test_request_shows_the_token_request(run: Run, file: Path, tmp_path: Path) -> None:
    """The request for a token stands before the one it was for; secrets are masked."""
    with token_server() as server:
        write(file, json.dumps({"crm": json.loads(server.credential())}))
        task = {"type": "Http", "credentials": "crm", "httpRequest": {"url": server.url + "/me"}}
        flow = {"startTask": "A", "tasks": {"A": {**task, "end": True}}}
        (tmp_path / "flow.json").write_text(json.dumps(flow))
        shown = run("test-request", "flow.json")
    assert shown.status == 0
    token, own = (
        shown.out.index(f"token request to {server.url}/token:"),
        shown.out.index("> GET /me"),
    )
    assert token < shown.out.index("> POST /token") < own
    assert "c4n4ry" not in shown.out
