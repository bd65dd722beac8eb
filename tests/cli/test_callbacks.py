"""`--callbacks` on the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calling import CallingApi, call, calling_api, export
from command_line import Run
from httptask.cli._output import CommandError
from httptask.cli._receiver import callback_server_of, callbacks_of
from worlds import workflow


@pytest.fixture(scope="module")
def api() -> Iterator[CallingApi]:
    with calling_api() as running:
        yield running


def flow(folder: Path, task: Any) -> str:
    (folder / "flow.json").write_text(json.dumps(workflow("Export", {"Export": task})), "utf-8")
    return "flow.json"


def test_a_test_request_waits_for_the_call(run: Run, tmp_path: Path, api: CallingApi) -> None:
    """It says where it waits, without the secret part, and shows the call; without a receiver
    nothing is sent.
    """
    name = flow(tmp_path, export(api))
    refused = run("test-request", name, "--allow-network", "127.0.0.1")
    assert (refused.status, api.came) == (2, [])
    assert "or with --callbacks HOST:PORT" in refused.err
    urls: list[str] = []
    api.before_answer = lambda url: urls.append(url) or call(url)  # type: ignore[func-returns-value]
    done = run("test-request", name, "--allow-network", "127.0.0.1", "--callbacks", "127.0.0.1:0")
    assert done.status == 0, done.err
    assert "Receiving  Export: calls of http://127.0.0.1:" in done.err
    assert "POST -> 202" in done.out
    assert '>   "rows": 5' in done.out
    assert "(ended by callback)" in done.out
    assert urls[0].rpartition("/")[2] not in done.out + done.err


def test_a_run_waits_for_the_call(run: Run, tmp_path: Path, api: CallingApi) -> None:
    """One for each item; the call may come before the answer, and twice."""
    task = {**export(api), "forEach": {"items": [1, 2]}}
    statuses: list[int] = []
    api.before_answer = lambda url: statuses.extend((call(url)[0], call(url)[0]))
    done = run("run", flow(tmp_path, task), "--callbacks", "127.0.0.1:0", "--json")
    assert done.status == 0, done.err
    assert [item["body"] for item in done.json["output"]] == [{"rows": 5}] * 2
    assert statuses == [202, 200] * 2
    assert done.err.count("Receiving  Export: calls of http://127.0.0.1:") == 1


def received_at(at: str | None, url: str | None = None) -> str | None:
    """Receive calls as the options say, and return at which address."""

    async def main() -> str | None:
        arguments = argparse.Namespace(callbacks=at, callback_url=url)
        async with callbacks_of(arguments) as callbacks:
            return callbacks.address if callbacks is not None else None

    return asyncio.run(main())


def test_the_address_is_that_of_the_option() -> None:
    """A name, an IPv6 address in brackets (RFC 3986, section 3.2.2), or what a proxy is called."""
    assert received_at(None) is None
    assert str(received_at("127.0.0.1:0")).startswith("http://127.0.0.1:")
    assert str(received_at("[::1]:0")).startswith("http://[::1]:")
    public = "https://public.example/hooks"
    assert received_at("0.0.0.0:0", public + "/") == public


@pytest.mark.parametrize(
    ("at", "url", "why"),
    [
        *((at, None, "write HOST:PORT") for at in
          ("8400", ":8400", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:\u0661", "")),
        ("0.0.0.0:0", None, "add --callback-url"),
        ("[::]:0", None, "add --callback-url"),
        ("192.0.2.1:0", None, "cannot listen there"),
        (None, "https://public.example", "add it"),
        *(("127.0.0.1:0", url, "write an http or https URL") for url in
          ("public.example", "ftp://a.example", "http://", "https://a.example/?q=1",
           "https://me@a.example", "https://a.example:x", "https://[::1")),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(at: str | None, url: str | None, why: str) -> None:
    """With what to write instead; 192.0.2.1 is nobody's (RFC 5737)."""
    with pytest.raises(CommandError, match=why):
        received_at(at, url)


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CommandError, match=rf"--callbacks {at}: cannot listen there: Addr"):
            received_at(at)


def test_a_server_receives_no_calls_for_us(run: Run, tmp_path: Path, api: CallingApi) -> None:
    name, asked = flow(tmp_path, export(api)), len(api.came)
    done = run("run", name, "--detach", "--engine", "temporal", "--callbacks", "127.0.0.1:0")
    assert (done.status, len(api.came)) == (2, asked)
    assert "give --callbacks to httptask worker" in done.err


def test_workers_share_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a user's file would be another one on the next machine: it is named, and long enough
    that nobody guesses it (RFC 2104, section 3).
    """
    here = argparse.Namespace(callbacks="127.0.0.1:8400", callback_url=None)
    elsewhere = argparse.Namespace(callbacks=None, callback_url="https://public.example/hooks")
    assert callback_server_of(argparse.Namespace(callbacks=None, callback_url=None)) is None
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET", "s" * 32)
    server = callback_server_of(here)
    assert server is not None
    assert (server.host, server.port, server.address) == ("127.0.0.1", 8400, None)
    server = callback_server_of(elsewhere)
    assert server is not None
    assert (server.host, server.address) == (None, "https://public.example/hooks")
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET_OTHER", "o" * 32)
    server = callback_server_of(elsewhere)
    assert server is not None
    assert server.secret == (b"s" * 32, b"o" * 32)
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET_OTHER", "o" * 31)
    with pytest.raises(CommandError, match="SECRET_OTHER has fewer than 32 bytes"):
        callback_server_of(here)
    monkeypatch.setenv("HTTPTASK_CALLBACK_SECRET", "s" * 31)
    with pytest.raises(CommandError, match="fewer than 32 bytes"):
        callback_server_of(here)
    monkeypatch.delenv("HTTPTASK_CALLBACK_SECRET")
    with pytest.raises(CommandError, match="openssl rand -hex 32"):
        callback_server_of(elsewhere)
