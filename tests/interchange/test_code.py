"""A request as code in another language: what is run sends the same request."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from httptask.building import build
from httptask.cli import _interchange, _workflow
from httptask.errors import InterchangeError
from httptask.interchange import FORMS, LANGUAGES, code_of
from httptask.model.credential import Credential, Secret
from httptask.model.exchange import SentRequest
from httptask.task import HttpTask
from interchange import Given, Sent, judged, sent
from servers import HANG_SECONDS, RawServer
from tasks import http, runtime

EXECUTED = ("curl", "httpie", "python", "javascript")
"""The languages whose programs are run."""
RUN = [
    pytest.param(language, marks=pytest.mark.npm if language == "javascript" else ())
    for language in EXECUTED
]
NODE = {"accept-language", "sec-fetch-mode"}
"""Headers that fetch adds in Node.js."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "photo 'x'.png").write_bytes(b"\x89PNG\r\n\x00\xff")
    return folder


def command(language: str, program: str) -> list[str]:
    """Return the command that runs *program*."""
    if language == "python":
        return [sys.executable, "-c", program]
    if language == "javascript":
        return ["node", "--input-type=module", "-e", program]
    return ["bash", "-c", program]


def run(language: str, program: str, server: RawServer, folder: Path, **secrets: str) -> Sent:
    """Run *program* and return the request that came."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = {"HTTPIE_CONFIG_DIR": str(folder), "LC_ALL": "C.UTF-8", "PATH": path}
    before = len(server.received)
    done = subprocess.run(
        command(language, program),
        cwd=folder,
        env={**os.environ, **home, **secrets},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert len(server.received) > before, done.stderr.decode()
    assert done.returncode == 0, done.stderr.decode()
    return sent(server.received[-1])


def same(ours: Sent, theirs: Sent) -> bool:
    """Say whether two requests are the same, but for what a client tells of itself."""
    kept = [
        {
            name: [", ".join(values)]
            for name, values in one.headers.items()
            if name not in NODE and not (name == "user-agent" and "own/" not in values[0])
        }
        for one in (ours, theirs)
    ]
    others = [(one.method, one.path, one.query, one.body) for one in (ours, theirs)]
    return kept[0] == kept[1] and others[0] == others[1]


REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "query": {"query": {"q": "a b&c=d+é", "x": ["1", "2"], "quotes": "'\"$`\\!%"}},
    "headers": {"headers": {"X-A": "it's \"q\" $HOME `x` %PATH%", "X-B": ["1", "2"], "X-C": ":=@x", "X-D": "", "User-Agent": "own/1.0", "Cookie": "a=b; c=d"}},
    "latin-1": {"headers": {"X-A": "é"}},
    "delete": {"method": "DELETE"},
    "odd method": {"method": "PROPFIND", "headers": {"Depth": "1"}},
    "json": {"method": "POST", "body": {"a": [1, 2.5, None], "é😀": "line\nbreak\t\"q\" 'x' \\ $HOME \u2028\ufeff\x7f"}},
    "form": {"method": "POST", "headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": {"a": "x y&z", "b": "@c"}},
    "text": {"method": "PUT", "headers": {"Content-Type": "text/plain"}, "body": "@not a file\n'quoted'"},
    "octets": {"method": "POST", "headers": {"Content-Type": "application/octet-stream"}, "body": {"$file": {"contentBase64": "AP/+gAEn"}}},
    "file": {"method": "POST", "headers": {"Content-Type": "image/png"}, "body": {"$file": {"path": "photo 'x'.png"}}},
    "multipart": {"method": "POST", "headers": {"Content-Type": "multipart/form-data"}, "body": {"a": "1", "f": {"$file": {"path": "photo 'x'.png"}}}},
    "empty post": {"method": "POST"},
}  # fmt: skip


def rendered(url: str, request: Mapping[str, Any], folder: Path, *plugins: Any, **more: Any) -> SentRequest:  # fmt: skip
    task = http(f"{url}/a/b%20c", request=dict(request), **more)
    with runtime(*plugins, files=str(folder)) as shared:
        return HttpTask(task, name="task", runtime=shared).render()


@pytest.mark.parametrize("language", RUN)
@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_run_sends_the_same_request(
    language: str, name: str, server: RawServer, folder: Path
) -> None:
    """Method, URL, headers and body arrive as the task sends them, whatever has to be quoted."""
    request = REQUESTS[name]
    with runtime(files=str(folder)) as shared:
        HttpTask(http(f"{server.url}/a/b%20c", request=request), name="task", runtime=shared).call()
    ours = sent(server.received[-1])
    program = code_of(rendered(server.url, request, folder), language)
    assert same(run(language, program, server, folder), ours), program


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_begins_with_code_and_imports_what_it_uses(language: str, folder: Path) -> None:
    """No empty line at the top, and no module for a text that looks like one: Go refuses it."""
    text = "os.environ pathlib. base64. readFile( file( \" os. ' os."
    request = {"method": "POST", "headers": {"Content-Type": "text/plain"}, "body": text}
    program = code_of(rendered("https://videos.example", request, folder), language)
    assert program == program.lstrip()
    imports = [
        line.strip() for line in program.splitlines() if "import" in line or line[:1] == "\t"
    ]
    assert not {"import os", "import pathlib", "import base64", '"os"'} & set(imports)
    assert "node:fs" not in program
    assert "func file" not in program


class Keys:
    """Two credentials, as an import gives them."""

    credentials: Mapping[str, Credential] = {
        "token": Credential("token", "bearer", {"token": Secret("hush-1")}),
        "key": Credential("key", "apiKey", {"in": "query", "name": "api key", "key": Secret("hush-2")}),
        "field": Credential("field", "apiKey", {"in": "body", "name": "pass", "key": Secret("hush-3")}),
    }  # fmt: skip


@pytest.mark.parametrize("language", RUN)
def test_secrets_are_variables(language: str, server: RawServer, folder: Path) -> None:
    """The code holds none; each has a variable of its own, which a comment explains, and with them
    set the request is the same.
    """
    request = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": {"a": 1}}
    keys = Given(Keys())  # type: ignore[arg-type]  # all it needs
    program = code_of(
        rendered(server.url, request, folder, keys, credentials=["token", "key", "field"]), language
    )
    assert "hush" not in program
    names = ("AUTHORIZATION", "API_KEY", "BODY")
    assert all(f"HTTPTASK_SECRET_{name}: the secret in " in program for name in names)
    values = {f"HTTPTASK_SECRET_{name}": f"v-{name}'\"" for name in names[:1]}
    values |= {f"HTTPTASK_SECRET_{name}": f"v-{name}" for name in names[1:]}
    arrived = run(language, program, server, folder, **values)
    assert arrived.headers["authorization"] == ["Bearer v-AUTHORIZATION'\""]
    assert arrived.query == [("api key", "v-API_KEY")]
    assert json.loads(arrived.body["json"]) == {"a": 1, "pass": "v-BODY"}


GO = """package main

import (
\t"fmt"
\t"io"
\t"net/http"
\t"strings"
)

func main() {
\tbody := strings.NewReader("a\\n\\"b\\" \\\\ `c` é\\ufeff")
\trequest, err := http.NewRequest("POST", "https://h.example/a?q=%22", body)
\tif err != nil {
\t\tpanic(err)
\t}
\trequest.Header.Add("Accept", "*/*")
\trequest.Header.Add("Content-Type", "text/plain")
\tresponse, err := http.DefaultClient.Do(request)
\tif err != nil {
\t\tpanic(err)
\t}
\tdefer response.Body.Close()
\ttext, err := io.ReadAll(response.Body)
\tif err != nil {
\t\tpanic(err)
\t}
\tfmt.Println(response.StatusCode)
\tfmt.Println(string(text))
}
"""


def shown(**request: Any) -> SentRequest:
    made = build({"url": "https://h.example/a", **request})
    return SentRequest(made.method, made.url, tuple(made.headers), made.body)


@pytest.mark.npm
def test_every_go_program_is_one_and_is_written_as_gofmt_has_it(folder: Path) -> None:
    """The judge is gofmt itself, which parses a program before it writes it; a compiler is too large
    to install for tests.
    """
    keys = Given(Keys())  # type: ignore[arg-type]  # all it needs
    secret = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": {"a": 1}}
    credentials = ["token", "key", "field"]
    requests = [rendered("https://h.example", request, folder) for request in REQUESTS.values()]
    requests.append(rendered("https://h.example", secret, folder, keys, credentials=credentials))
    programs = [code_of(request, "go") for request in requests]
    assert judged("gofmt.mjs", [*programs, "func {"]) == [*programs, False]


def test_a_go_program_is_the_one_that_the_compiler_took() -> None:
    """It stands here as it was compiled and run."""
    headers = {"Content-Type": "text/plain"}
    body = 'a\n"b" \\ `c` é\ufeff'
    request = shown(method="POST", query={"q": '"'}, headers=headers, body=body)
    assert code_of(request, "go") == GO


@pytest.mark.parametrize(
    ("language", "request_", "sentence"),
    [
        ("javascript", {"method": "GET", "body": "x"}, "fetch sends no body with the method GET"),
        ("httpie", {"headers": {"X": "a\\:b"}}, "HTTPie cannot say the header X"),
    ],
)
def test_what_a_language_cannot_say_is_refused(
    language: str, request_: dict[str, Any], sentence: str
) -> None:
    """Nothing else is sent in its place."""
    with pytest.raises(InterchangeError, match=sentence):
        code_of(shown(**request_), language)


def test_every_language_is_tried_and_offered() -> None:
    """All but Go are run here; the command line offers these languages, and the forms of imports."""
    assert {*EXECUTED, "go"} == set(LANGUAGES)
    parsers = argparse.ArgumentParser().add_subparsers()
    _workflow.add(parsers)
    _interchange.add(parsers)
    choices = {
        option: action.choices
        for parser in parsers.choices.values()
        for option, action in parser._option_string_actions.items()
    }
    assert (choices["--as"], choices["--from"]) == (LANGUAGES, FORMS)
