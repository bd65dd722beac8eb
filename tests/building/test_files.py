"""Files in requests: streamed from below one folder, read back by a server that is not ours, and
refused everywhere else.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import servers
from decoding import decoding_server
from httptask.building import curl_command
from httptask.errors import SettingsError, TaskError
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody
from httptask.model.exchange import SentRequest
from httptask.model.task import Inputs, TestOptions
from httptask.sending._files import BodyFile, BodyFiles
from httptask.task import HttpTask
from tasks import http, runtime
from transfers import uploaded

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
PLAN = bytes(range(256)) * 300
"""More than is written to the network at once, and no text."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with decoding_server() as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of files, with a secret beside it."""
    folder = tmp_path / "files"
    (folder / "plans").mkdir(parents=True)
    (folder / "plans" / "a.pdf").write_bytes(PLAN)
    (folder / "b é.png").write_bytes(b"\x89PNG")
    (folder / "empty").write_bytes(b"")
    (tmp_path / "secret").write_text("s3cret")
    return folder


def file(path: str, **more: Any) -> dict[str, Any]:
    return {"$file": {"path": path, **more}}


def endpoint(**content: MediaType) -> Endpoint:
    return Endpoint("i", "POST", "/a", "v", request_body=RequestBody(content))


def send(
    server: str, folder: Path | None, body: Any, known: Endpoint | None = None, **request: Any
) -> Any:
    """Run a task and return the request as the server read it."""
    with runtime(files=folder) as shared:
        task = http(f"{server}/a", request={"method": "POST", "body": body, **request})
        return HttpTask(task, runtime=shared, endpoint=known).call(Inputs(input=None)).body


def refused(
    folder: Path | None, body: Any, known: Endpoint | None = None, **request: Any
) -> tuple[str, str]:
    """Run a task that may not be sent, and return where and why; a connection would be another
    error.
    """
    definition = http("http://127.0.0.1:1/a", request={"method": "POST", "body": body, **request})
    with runtime(files=folder) as shared:
        task = HttpTask(definition, runtime=shared, endpoint=known)
        with pytest.raises(SettingsError) as caught:
            task.call()
    problem, *_ = caught.value.problems
    return problem.pointer.removeprefix("/httpRequest"), problem.message


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# A whole body


@pytest.mark.parametrize("path", ["plans/a.pdf", "b é.png", "empty"])
def test_a_file_is_the_body(server: str, folder: Path, path: str) -> None:
    """Byte for byte, its length known beforehand; an absolute path below the folder is one, too."""
    for named in (path, str(folder / path)):
        read = send(server, folder, file(named))
        assert read["sha256"] == digest((folder / path).read_bytes())
        assert read["headers"]["content-length"] == str((folder / path).stat().st_size)
        assert "transfer-encoding" not in read["headers"]


@pytest.mark.parametrize(
    ("offered", "said", "sent"),
    [
        ([], {}, "application/pdf"),
        ([], {"contentType": "application/x-plan"}, "application/x-plan"),
        (["image/png", "application/pdf"], {}, "application/pdf"),
        (["application/*"], {}, "application/pdf"),
        (["application/octet-stream"], {}, "application/octet-stream"),
        (["*/*"], {}, "application/pdf"),
        (["application/json", "image/png"], {"contentType": "image/png"}, "image/png"),
        (["text/csv", "image/png"], {}, "text/csv"),
        ([FORM, MULTIPART, "image/*", "text/csv"], {}, "text/csv"),
        ([MULTIPART, "text/csv; charset=utf-8"], {}, "text/csv; charset=utf-8"),
        (
            ["image/*", "application/octet-stream"],
            {"contentType": "text/csv"},
            "application/octet-stream",
        ),
    ],
)
def test_the_media_type_of_a_file(
    server: str, folder: Path, offered: list[str], said: dict[str, Any], sent: str
) -> None:
    """As the reference says, else as the name suggests where that is offered, else as the endpoint
    has it.
    """
    known = endpoint(**dict.fromkeys(offered, MediaType())) if offered else None
    read = send(server, folder, file("plans/a.pdf", **said), known)
    assert (read["headers"]["content-type"], read["sha256"]) == (sent, digest(PLAN))


def test_a_media_type_that_is_not_offered_is_refused(folder: Path) -> None:
    """The offered ones are named."""
    known = endpoint(**{"image/png": MediaType(), "image/gif": MediaType()})
    place, message = refused(folder, file("plans/a.pdf", contentType="text/csv"), known)
    assert place == "/body"
    assert "image/png, image/gif" in message
    assert "text/csv" in message
    form = endpoint(**{"application/x-www-form-urlencoded": MediaType()})
    (folder / "unnamed").write_bytes(b"x")
    _, message = refused(folder, file("unnamed"), form)
    assert "application/x-www-form-urlencoded" in message
    _, message = refused(folder, {"$file": {"content": "x", "name": "own.bin"}}, form)
    assert "'own.bin'" in message


# Parts of a multipart body


def test_files_among_the_fields_of_a_form(server: str, folder: Path) -> None:
    """Text, JSON, a file and several of them: werkzeug and the library for mail read each name,
    media type and header.
    """
    encoding = {
        "plan": {
            "contentType": "application/x-plan",
            "headers": {"X-Kind": {"schema": {"const": "plan"}}},
        },
        "more": {"contentType": "image/*"},
    }
    known = endpoint(**{"application/json": MediaType(), MULTIPART: MediaType(encoding=encoding)})
    body = {
        "title": "é",
        "meta": {"n": 2**70},
        "plan": file("plans/a.pdf", headers={"X-Own": "1"}),
        "more": [file("b é.png"), file("empty", filename="none.gif")],
    }
    read = send(server, folder, body, known)
    assert read["form"] == [
        ["title", "é"],
        ["meta", json.dumps({"n": 2**70}, separators=(",", ":"))],
    ]
    assert [
        (each["field"], each["filename"], each["type"], each["sha256"]) for each in read["files"]
    ] == [
        ("plan", "a.pdf", "application/x-plan", digest(PLAN)),
        ("more", "b é.png", "image/png", digest(b"\x89PNG")),
        ("more", "none.gif", "image/gif", digest(b"")),
    ]
    assert [part[1:] for part in read["parts"]] == [
        ["text/plain", ""],
        ["application/json", ""],
        ["application/x-plan", "x-kind: plan\nx-own: 1"],
        ["image/png", ""],
        ["image/gif", ""],
    ]
    assert read["headers"]["content-length"] == str(len(read["body"]))


@pytest.mark.parametrize(
    "described",
    [["multipart/*"], ["*/*"], ["application/json", "multipart/*"], ["application/json", "*/*"]],
)
def test_files_where_a_range_of_media_types_is_described(
    server: str, folder: Path, described: list[str]
) -> None:
    """A body with files is written as multipart/form-data, by what the range says of its parts."""
    fields = {"plan": {"type": "string", "format": "binary"}, "note": {"type": "object"}}
    encoding = {"note": {"contentType": "application/vnd.note+json"}}
    schema = {"type": "object", "properties": fields}
    content = {name: MediaType(schema, encoding) for name in described}
    known = Endpoint("e", "POST", "/a", "p", request_body=RequestBody(content))
    body = {"plan": file("plans/a.pdf"), "note": {"b": 1}}
    definition = http(f"{server}/a", request={"method": "POST", "body": body})
    with runtime(files=folder) as shared:
        task = HttpTask(definition, runtime=shared, endpoint=known)
        assert task.problems() == []
        read = task.call().body
    assert read["mimetype"] == MULTIPART
    assert read["files"][0]["sha256"] == hashlib.sha256(PLAN).hexdigest()
    types = {name: media_type for name, media_type, _ in read["parts"]}
    assert types["note"] == "application/vnd.note+json"


def test_a_form_in_a_url_s_syntax_carries_no_file(folder: Path) -> None:
    """Refused, with what does carry one."""
    place, message = refused(folder, {"a": file("empty")}, headers={"Content-Type": FORM})
    assert place == "/body/a"
    assert MULTIPART in message


DOWNLOAD = {
    "$file": {
        "mediaType": "application/pdf",
        "size": 9,
        "sha256": "5" * 64,
        "path": f"/data/files/{'5' * 32}.pdf",
    }
}
"""What an earlier task gave back for a response that it kept as a file."""


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (
            {"body": {"attachments": [{"filename": "report.pdf", "content": "${$.f}"}]}},
            "/body/attachments/0/content",
        ),
        ({"body": {"a": "${$.f}"}}, "/body/a"),
        ({"body": ["${$.f}"]}, "/body/0"),
        ({"body": [["a", "${$.f}"]]}, "/body/0/1"),
        ({"body": {"a": "report: ${$.f}"}}, "/body/a"),
        ({"body": "${jsonata: '{\"a\": ' & $string(f) & '}'}"}, "/body"),
        ({"body": "${jsonata: $string({'a': $string(f)})}"}, "/body"),
        ({"body": {"a": {"b": ["${$.f}"]}}, "headers": {"Content-Type": MULTIPART}}, "/body/a/b/0"),
        ({"body": [["a", {"b": "${$.f}"}]], "headers": {"Content-Type": MULTIPART}}, "/body/0/1/b"),
        ({"body": {"a": "${$.f}"}, "headers": {"Content-Type": FORM}}, "/body/a"),
        ({"body": {"a": "${$.f}"}, "headers": {"Content-Type": "application/xml"}}, "/body/a"),
        ({"body": {"a": ["${$.f}"]}, "headers": {"Content-Type": "application/yaml"}}, "/body/a/0"),
        ({"body": {"$text": "${$.f}"}}, "/body/$text"),
        ({"headers": {"X-File": "${$.f}"}}, "/headers/X-File"),
        ({"headers": {"X-File": "a ${$.f}"}}, "/headers/X-File"),
        ({"query": {"f": "${$.f}"}}, "/query/f"),
        ({"query": {"f": ["${$.f}"]}}, "/query/f/0"),
        ({"query": [["f", "${$.f}"]]}, "/query/0/1"),
        ({"cookies": {"f": "${$.f}"}}, "/cookies/f"),
        (
            {"url": "http://127.0.0.1:1/a/{f}", "pathParameters": {"f": "${$.f}"}},
            "/pathParameters/f",
        ),
        ({"url": "http://127.0.0.1:1/a/${$.f}"}, "/url"),
        ({"url": "http://127.0.0.1:1/a?f=${jsonata: $encodeUrlComponent($string(f))}"}, "/url"),
    ],
)
@pytest.mark.parametrize("send_anyway", [False, True])
def test_a_file_that_cannot_stand_somewhere_is_refused(
    request_: dict[str, Any], place: str, send_anyway: bool
) -> None:
    """A local path never goes out: not in data, not in text made of it, not where the author sends
    anyway.
    """
    definition = http(
        "http://127.0.0.1:1/a",
        request={"method": "POST", **request_},
        inputParameters={"f": "${$.input}"},
    )
    with runtime() as shared, pytest.raises(SettingsError) as caught:
        HttpTask(definition, runtime=shared).test_request(
            Inputs(input=DOWNLOAD), TestOptions(send_anyway=send_anyway)
        )
    assert {problem.pointer for problem in caught.value.problems} == {f"/httpRequest{place}"}
    assert (
        '"as": "base64"' in caught.value.problems[0].message
        or MULTIPART in caught.value.problems[0].message
    )


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        ({"body": {"a": {"b": file("x")}, "c": "${$.c}"}}, "/body/a/b"),
        ({"body": {"a": file("x")}, "query": {"q": "${$.c}"}}, "/body/a"),
        ({"headers": {"X": file("x")}}, "/headers/X"),
        ({"query": {"q": {"a": file("x")}}}, "/query/q/a"),
        ({"body": '{"a": {"$file": {"path": "x"}}}'}, "/body"),
    ],
)
def test_validation_refuses_a_file_that_cannot_stand_somewhere(
    request_: dict[str, Any], place: str
) -> None:
    """Before anything runs, with the way to send the content."""
    definition = http(
        "https://h.example/a", request={"method": "POST", **request_}, inputParameters={"c": 1}
    )
    problems = {problem.pointer: problem for problem in HttpTask(definition).problems()}
    problem = problems[f"/httpRequest{place}"]
    assert problem.severity == "error"
    assert '"as": "base64"' in problem.message


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/body", {"body": {"$file": {"pathh": "x"}}}),
        ("/body/a", {"body": {"a": {"$file": {"pathh": "x"}}}}),
        ("/body/a/0", {"body": {"a": [{"$file": {"pathh": "x"}}]}}),
        ("/body/0/1", {"body": [["a", {"$file": {"pathh": "x"}}]]}),
        ("/body/a", {"body": {"a": {"$file": {"pathh": "${$.name}"}}}}),
        ("/body/a", {"body": {"a": "${$.file}"}}),
    ],
)
def test_a_misspelt_name_in_a_reference(path: str, request_: dict[str, Any]) -> None:
    """The name that was meant is told, and that alone; when the task runs, too."""
    request_ = {"method": "POST", "headers": {"Content-Type": MULTIPART}, **request_}
    parameters = {"name": "x", "file": {"$file": {"pathh": "x"}}}
    task = HttpTask(http("https://h.example/a", request=request_, inputParameters=parameters))
    with pytest.raises(SettingsError) as caught:
        task.call()
    found = task.problems() or caught.value.problems
    pointer = f"/httpRequest{path}/$file/pathh"
    assert [(each.pointer, each.params.get("near")) for each in found] == [(pointer, "path")]
    assert [each.pointer for each in caught.value.problems] == [pointer]


@pytest.mark.parametrize("place", ["body", "query", "headers"])
def test_a_misspelt_as_is_told_where_a_file_cannot_stand(place: str) -> None:
    """Its author wrote the way to send the content already: only the spelling is wrong."""
    reference = {"$file": {"content": "x", "ass": "text"}}
    value = {"a": {"b": reference}} if place == "body" else {"a": reference}
    path = "a/b" if place == "body" else "a"
    task = HttpTask(http("https://h.example/a", request={"method": "POST", place: value}))
    problems = {problem.pointer: problem for problem in task.problems()}
    problem = problems[f"/httpRequest/{place}/{path}/$file/ass"]
    assert "did you mean 'as'?" in problem.message
    assert "file-misplaced" not in {problem.code for problem in problems.values()}


@pytest.mark.parametrize("content_type", [MULTIPART, "application/json"])
@pytest.mark.parametrize("is_evaluated", [False, True])
def test_what_belongs_to_a_reference_stands_in_it(content_type: str, is_evaluated: bool) -> None:
    """A reference with other members would be data, and tell a stranger the local path."""
    value = {"$file": {"path": "plans/a.pdf"}, "filename": "b.pdf"}
    request = {
        "method": "POST",
        "headers": {"Content-Type": content_type},
        "body": {"a": "${$.value}" if is_evaluated else value},
    }
    task = HttpTask(http("https://h.example/a", request=request, inputParameters={"value": value}))
    with pytest.raises(SettingsError) as caught:
        task.call()
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == ("/httpRequest/body/a", "file-reference-crowded")
    assert "'filename'" in problem.message


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string", "minLength": 9, "pattern": "^x$"}, None),
        ({"type": "object", "required": ["a"]}, None),
        ({"type": ["object", "null"], "required": ["a"]}, None),
        ({"type": "string", "format": "date"}, None),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, None),
        ({"type": "integer"}, "expected an integer, found a file"),
        ({"type": "boolean"}, "expected true or false, found a file"),
        ({"enum": ["red", "green"]}, 'expected one of "red", "green", found a file'),
    ],
)
def test_what_a_description_says_of_a_file(schema: dict[str, Any], said: str | None) -> None:
    """Nothing is said of the text or the JSON in it, which nobody has read; a field that can be
    none is told, a body may be.
    """

    def found(body: Any, content_type: str, described: dict[str, Any]) -> list[tuple[str, str]]:
        known = endpoint(**{content_type: MediaType(described)})
        task = http("https://h.example/a", request={"method": "POST", "body": body})
        return [(each.pointer, each.message) for each in HttpTask(task, endpoint=known).problems()]

    form = {"type": "object", "properties": {"f": schema, "n": {"type": "integer"}}}
    at_f = [] if said is None else [("/httpRequest/body/f", said)]
    assert found({"f": file("x")}, MULTIPART, form) == at_f
    assert found(
        {"f": [file("x")]}, MULTIPART, {**form, "properties": {"f": {"items": schema}}}
    ) == ([] if said is None else [("/httpRequest/body/f/0", said)])
    assert found({"f": file("x"), "n": "1a"}, MULTIPART, form) == [
        *at_f,
        ("/httpRequest/body/n", 'expected an integer, found the string "1a"'),
    ]
    assert found(file("x"), "application/json", schema) == []


def test_the_local_path_of_a_download_never_goes_out(server: str, folder: Path) -> None:
    """Neither inside its reference taken apart, nor by itself; it may name the file to send."""
    answer = servers.response(PLAN, ("Content-Type", "application/pdf"))
    with servers.raw_server(servers.respond(answer)) as source, runtime(files=folder) as shared:
        kept = Inputs(input=HttpTask(http(f"{source.url}/a.pdf"), runtime=shared).call().body)

        def task(**request: Any) -> HttpTask:
            definition = http(f"{server}/a", request={"method": "POST", **request})
            return HttpTask(
                {**definition, "inputParameters": {"f": "${$.input['$file']}"}}, runtime=shared
            )

        for request in (
            {"body": {"a": "${$.f}"}},
            {"headers": {"X": "${$.f.path}"}},
            {"body": "at ${$.f.path}"},
        ):
            with pytest.raises(SettingsError) as caught:
                task(**request).call(kept)
            assert "local path" in str(caught.value)
        body = {"a": {"$file": {"path": "${$.f.path}", "as": "base64"}}}
        assert task(body=body).call(kept).body["json"] == {"a": base64.b64encode(PLAN).decode()}


TAKEN_APART = (
    "$.f.path",
    "'/' & $substringAfter($.f.path, '/')",
    "$split($.path, '/')",
    "$uppercase($.path)",
    "$base64encode($.f.path)",
    "$encodeUrlComponent($.said)",
    "$map($spread($.f), function($one) { $string($one) })",
    "$each($.f, function($value, $name) { $name & ' ' & $string($value) })",
    "$lookup($.f, 'path') ~> $replace('/', ' ')",
    "$join($.**[$type($) = 'string'], ' ')",
    "$substringAfter($string($.whole), 'path')",
    "($g := function($n) { $n = 0 ? $.f.path : $g($n - 1) }; $split($g(3), ''))",
)
"""JSONata over a reference to a kept file, and over what a query took from it before."""


@pytest.mark.parametrize("name", ["files", "my files é {1}"])
@pytest.mark.parametrize("is_named", [True, False])
def test_an_expression_cannot_take_the_local_path_of_a_download_apart(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_named: bool
) -> None:
    """A language that makes texts of texts sees the file's name; the reference stays whole."""
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    answer = servers.response(PLAN, ("Content-Type", "application/pdf"))
    with (
        servers.raw_server(servers.respond(answer)) as source,
        runtime(files=folder if is_named else None) as shared,
    ):
        got = HttpTask(http(f"{source.url}/a.pdf"), runtime=shared).call().body
        parameters = {
            "f": "${$.input['$file']}",
            "path": "${$.input['$file'].path}",
            "said": "at ${$.input['$file'].path}",
            "whole": "${$.input}",
        }

        def sent(body: Any, **request: Any) -> Any:
            definition = http(f"{server}/a", request={"method": "POST", "body": body, **request})
            task = HttpTask({**definition, "inputParameters": parameters}, runtime=shared)
            return task.call(Inputs(input=got))

        parts = [part.lower() for part in (*tmp_path.parts[1:], name) if len(part) > 4]
        seen = []
        for source_text in TAKEN_APART:
            with contextlib.suppress(SettingsError):
                seen.append(sent({"a": f"${{jsonata: {source_text}}}"}).body["json"])
        assert len(seen) >= len(TAKEN_APART) // 2
        for one in seen:
            texts = json.dumps([one, "".join(one["a"]), *bases(one["a"])]).lower()
            assert not [part for part in parts if part in texts]
        with pytest.raises(SettingsError, match="local path"):
            sent({}, url=f"{server}/a?p=${{$.path}}")
        form = {"plan": {"$file": "${jsonata: $merge([$.f, {'filename': 'p.pdf'}])}"}}
        headers = {"Content-Type": MULTIPART}
        (part,) = sent(form, headers=headers).body["files"]
        assert (part["filename"], part["sha256"]) == ("p.pdf", hashlib.sha256(PLAN).hexdigest())
        made = asyncio.run(
            shared.evaluator.evaluate(
                "${jsonata: {'a': [$.input]}}", {"input": got}, pointer="", run={}
            )
        )
        assert made == {"a": [got]}


def bases(value: Any) -> list[str]:
    """The texts in *value* that are base64, decoded."""
    texts = value if isinstance(value, list) else [value]
    decoded = []
    for text in texts:
        with contextlib.suppress(ValueError):
            decoded.append(base64.b64decode(text, validate=True).decode("latin-1"))
    return decoded


# Content as data


@pytest.mark.parametrize(
    "content_type", ["application/json", FORM, MULTIPART, "application/xml", "text/plain"]
)
def test_the_content_of_a_file_is_data(server: str, folder: Path, content_type: str) -> None:
    """As base64 or as text, wherever a text may stand: a server reads what was in the file."""
    text = 'é "quoted" & <b>\n1,2\n'
    (folder / "a.csv").write_text(text, encoding="utf-8")
    encoded = base64.b64encode(PLAN).decode()
    body: Any = {
        "a": {
            "raw": file("plans/a.pdf", **{"as": "base64"}),
            "csv": file("a.csv", **{"as": "text"}),
        }
    }
    if content_type in (FORM, MULTIPART):
        body = body["a"]
    if content_type == "text/plain":
        body = file("a.csv", **{"as": "text"})
    read = send(server, folder, body, headers={"Content-Type": content_type})
    if content_type in (FORM, MULTIPART):
        assert read["form"] == [["raw", encoded], ["csv", text]]
    elif content_type == "application/json":
        assert read["json"] == {"a": {"raw": encoded, "csv": text}}
    elif content_type == "application/xml":
        root = ET.fromstring(read["body"].encode("latin-1"))
        assert [each.text for each in root] == [encoded, text]
    else:
        assert read["body"].encode("latin-1").decode() == text


def test_the_content_of_a_file_outside_the_body(server: str, folder: Path) -> None:
    """In a query, a path, a header and a cookie; inline content alike, and beside an endpoint's
    schema of text.
    """
    (folder / "key").write_text("k3y", encoding="utf-8")
    key, inline = file("key", **{"as": "text"}), {"$file": {"content": "k3y", "as": "base64"}}
    parameters = (
        Parameter("k", "path", schema={"type": "string"}),
        Parameter("q", "query", schema={"pattern": "^k3y$"}),
    )
    known = replace(endpoint(), path="/a/{k}", parameters=parameters, request_body=None)
    request = {
        "query": {"q": key},
        "headers": {"X-Key": inline},
        "url": f"{server}/a/{{k}}",
        "pathParameters": {"k": key},
    }
    with runtime(files=folder) as shared:
        task = HttpTask(
            http("", request={"method": "POST", **request}), runtime=shared, endpoint=known
        )
        assert task.problems() == []
        read = task.call().body
    assert (read["target"], read["headers"]["x-key"]) == ("/a/k3y?q=k3y", "azN5")


@pytest.mark.parametrize(
    ("reference", "place", "said"),
    [
        ({"path": "b é.png", "as": "text"}, "/body/a/$file/as", "is not text in UTF-8"),
        ({"path": "../secret", "as": "text"}, "/body/a/$file/path", "leads out of the folder"),
        ({"path": "missing", "as": "base64"}, "/body/a", "there is no file 'missing'"),
        ({"path": "huge", "as": "base64"}, "/body/a", "up to 16,777,216 can be inserted"),
        ({"path": "empty", "as": "hex"}, "/body/a/$file/as", "'base64' or 'text'"),
        ({"path": "empty", "content": "x", "as": "text"}, "/body/a/$file", "only one of"),
    ],
)
def test_content_that_cannot_become_data(
    folder: Path, reference: dict[str, Any], place: str, said: str
) -> None:
    """Refused at its place before anything is sent, with what to do."""
    with (folder / "huge").open("wb") as huge:
        huge.truncate(16 * 1024 * 1024 + 1)
    found, message = refused(folder, {"a": {"$file": reference}})
    assert found == place
    assert said in message


def test_text_of_a_file_in_another_charset(server: str, folder: Path) -> None:
    """Its `contentType` says which, and it is read so; a byte order mark is no text."""
    (folder / "a.txt").write_bytes("café".encode("cp1252"))
    (folder / "b.txt").write_bytes("café".encode("utf-8-sig"))
    body = {
        "a": file("a.txt", contentType="text/plain; charset=windows-1252", **{"as": "text"}),
        "b": file("b.txt", **{"as": "text"}),
    }
    assert send(server, folder, body)["json"] == {"a": "café", "b": "café"}


# Files of the settings' own


def test_a_file_from_text_or_base64(server: str) -> None:
    """In a form it is a part with a name and a media type, as a whole body it is the body: no
    folder is needed.
    """
    csv = {"$file": {"content": "id,name\n1,Zoë\n", "filename": "x.csv", "contentType": "text/csv"}}
    raw = {"$file": {"contentBase64": base64.b64encode(PLAN).decode(), "filename": "a.pdf"}}
    plain = {"$file": {"content": ""}}
    latin = {"$file": {"content": "é", "contentType": "text/plain; charset=iso-8859-1"}}
    form = {"a": [csv, raw], "b": plain, "c": latin}
    read = send(server, None, form, headers={"Content-Type": MULTIPART})
    assert [
        (each["field"], each["filename"], each["type"], each["sha256"]) for each in read["files"]
    ] == [
        ("a", "x.csv", "text/csv", digest("id,name\n1,Zoë\n".encode())),
        ("a", "a.pdf", "application/pdf", digest(PLAN)),
        ("b", "file", "text/plain; charset=utf-8", digest(b"")),
        ("c", "file", "text/plain; charset=iso-8859-1", digest(b"\xe9")),
    ]
    whole = send(server, None, raw)
    assert (whole["sha256"], whole["headers"]["content-type"]) == (digest(PLAN), "application/pdf")
    assert send(server, None, csv)["headers"]["content-type"] == "text/csv"


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ({"contentBase64": "a"}, "/$file/contentBase64"),
        ({"contentBase64": "é==="}, "/$file/contentBase64"),
        ({"content": 5}, "/$file/content"),
        ({"content": "€", "contentType": "text/plain; charset=iso-8859-1"}, "/$file/content"),
        ({"content": "a", "contentBase64": "YQ=="}, "/$file"),
    ],
)
def test_content_that_is_none(reference: dict[str, Any], place: str) -> None:
    """Refused at its place, by validation and before anything is sent."""
    assert refused(None, {"$file": reference})[0] == f"/body{place}"
    assert (
        refused(None, {"a": {"$file": reference}}, headers={"Content-Type": MULTIPART})[0]
        == f"/body/a{place}"
    )


def test_a_part_has_the_name_that_its_file_came_with(server: str, folder: Path) -> None:
    """The name in the reference of a download; an author's own comes first."""
    (folder / "e639.pdf").write_bytes(PLAN)
    kept = {"path": "e639.pdf", "size": len(PLAN), "mediaType": "application/pdf"}
    form = {
        "a": {"$file": {**kept, "name": "résumé.pdf"}},
        "b": {"$file": {**kept, "filename": "résumé.pdf"}},
        "c": {"$file": {**kept, "name": "résumé.pdf", "filename": "cv.pdf"}},
    }
    read = send(server, folder, form, headers={"Content-Type": MULTIPART})
    assert [each["filename"] for each in read["files"]] == ["résumé.pdf", "résumé.pdf", "cv.pdf"]


def test_the_same_file_by_an_expression(server: str, folder: Path) -> None:
    """Its path may come from a run's input; what it yields is checked as strictly as what was
    written.
    """
    with runtime(files=folder) as shared:
        definition = http(
            f"{server}/a",
            request={"method": "POST", "body": file("${$.path}")},
            inputParameters={"path": "${$.input}"},
        )
        task = HttpTask(definition, runtime=shared)
        assert task.problems() == []
        assert task.call(Inputs(input="plans/a.pdf")).body["sha256"] == digest(PLAN)
        with pytest.raises(SettingsError) as caught:
            task.call(Inputs(input="../secret"))
    assert [problem.pointer for problem in caught.value.problems] == [
        "/httpRequest/body/$file/path"
    ]


# What may be read


@pytest.mark.parametrize(
    ("reference", "place", "said"),
    [
        ({"path": "../secret"}, "/body/$file/path", "leads out of the folder"),
        ({"path": "plans/../../secret"}, "/body/$file/path", "leads out of the folder"),
        ({"path": "plans\\..\\..\\secret"}, "/body/$file/path", "leads out of the folder"),
        ({"path": "/etc/passwd"}, "/body", "not in the folder"),
        ({"path": "leaving"}, "/body", "not in the folder"),
        ({"path": "out/secret"}, "/body", "not in the folder"),
        ({"path": "device"}, "/body", "not in the folder"),
        ({"path": "pipe"}, "/body", "no regular file"),
        ({"path": "plans"}, "/body", "a folder"),
        ({"path": "missing.pdf"}, "/body", "there is no file 'missing.pdf'"),
        ({"path": "plans/a.pdf/x"}, "/body", "a.pdf/x"),
        ({"path": "x" * 5000}, "/body", "cannot be read"),
        ({"path": "a\0b"}, "/body/$file/path", "NUL"),
        ({"path": ""}, "/body/$file/path", "text"),
        ({"path": 5}, "/body/$file/path", "text"),
        ({"pth": "plans/a.pdf"}, "/body/$file/pth", "did you mean 'path'?"),
        ({}, "/body/$file", "needs 'path'"),
        ("plans/a.pdf", "/body/$file", "must be an object"),
        ({"path": "empty", "upload": "x"}, "/body/$file", "only one of"),
        ({"upload": "x"}, "/body", "uploads are deleted"),
        (
            {"path": "empty", "contentType": "a/b\r\nX: 1"},
            "/body/$file/contentType",
            "cannot be written in a header",
        ),
        ({"path": "empty", "headers": {"X": "a\nb"}}, "/body/$file/headers/X", "line breaks"),
        ({"path": "empty", "headers": {"X": 5}}, "/body/$file/headers/X", "line breaks"),
        ({"path": "empty", "headers": ["X"]}, "/body/$file/headers", "an object"),
        (
            {"path": "empty", "headers": {"content-type": "a/b"}},
            "/body/$file/headers/content-type",
            "contentType",
        ),
        ({"problem": "the disk is full"}, "/body/$file", "the disk is full"),
        (
            {"path": "empty", "headers": {"Content-Length": "5"}},
            "/body/$file/headers/Content-Length",
            "not a header",
        ),
        ({"path": "empty", "size": 7}, "/body", "its reference says 7"),
    ],
)
def test_nothing_else_is_read(folder: Path, reference: Any, place: str, said: str) -> None:
    """Neither by `..`, nor by a link, nor by an absolute path; no device, pipe or folder: refused
    before anything is sent.
    """
    (folder / "leaving").symlink_to(folder.parent / "secret")
    (folder / "out").symlink_to(folder.parent)
    (folder / "device").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    found, message = refused(folder, {"$file": reference})
    assert found == place
    assert said in message
    field, message = refused(
        folder, {"a": [{"$file": reference}]}, headers={"Content-Type": MULTIPART}
    )
    assert field == place.replace("/body", "/body/a/0")
    assert said in message


def test_a_path_that_no_file_has_is_refused(folder: Path) -> None:
    """JSON can hold a lone surrogate, and file names cannot."""
    assert "there is no file" in refused(folder, {"$file": {"path": "a\ud800"}})[1]


def test_a_link_inside_the_folder_is_followed(server: str, folder: Path) -> None:
    """Where it leads to is below the folder."""
    (folder / "latest").symlink_to("plans/a.pdf")
    assert send(server, folder, file("latest"))["sha256"] == digest(PLAN)


def test_without_a_folder_no_file_is_read() -> None:
    """Only an operator names one, and the error says how."""
    place, message = refused(None, file("/etc/passwd"))
    assert place == "/body"
    assert "HTTPTASK_FILES" in message
    assert "--files" in message


def test_the_folder_of_the_environment(
    server: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`HTTPTASK_FILES` names it where nothing else does."""
    monkeypatch.setenv("HTTPTASK_FILES", str(folder))
    assert send(server, None, file("plans/a.pdf"))["sha256"] == digest(PLAN)


def test_an_upload_is_a_file(server: str, folder: Path) -> None:
    """A designer's reference, with all that it says beside: its name and media type are the
    part's.
    """
    said = {
        "upload": "u1",
        "name": "Plan 7.pdf",
        "mediaType": "application/pdf",
        "size": len(PLAN),
        "sha256": digest(PLAN),
    }
    with runtime() as shared:
        shared.uploads = {"u1": folder / "plans" / "a.pdf"}.get
        task = http(
            f"{server}/a",
            request={
                "method": "POST",
                "body": {"f": {"$file": said}},
                "headers": {"Content-Type": MULTIPART},
            },
        )
        (part,) = HttpTask(task, runtime=shared).call().body["files"]
    assert (part["filename"], part["type"], part["sha256"]) == (
        "Plan 7.pdf",
        "application/pdf",
        digest(PLAN),
    )


# On the way


def test_a_download_is_the_next_upload(server: str, folder: Path) -> None:
    """What a task gives back for a response that it kept as a file is a reference that a later task
    sends.
    """
    answer = servers.response(PLAN, ("Content-Type", "application/pdf"))
    with servers.raw_server(servers.respond(answer)) as source, runtime(files=folder) as shared:
        kept = HttpTask(http(f"{source.url}/a.pdf"), runtime=shared).call().body
        definition = http(
            f"{server}/a",
            request={"method": "POST", "body": "${$.file}"},
            inputParameters={"file": "${$.input}"},
        )
        read = HttpTask(definition, runtime=shared).call(Inputs(input=kept)).body
    assert (read["sha256"], read["headers"]["content-type"]) == (digest(PLAN), "application/pdf")


def test_a_body_is_made_again_for_every_attempt_and_redirect(folder: Path) -> None:
    """A refusal, a broken connection and a redirect later the whole file is there."""
    handlers = servers.sequence(
        servers.respond_and_close(servers.response(status="503 Busy")),
        servers.close_at_once(after_request=True),
        servers.respond_and_close(
            servers.response(b"", ("Location", "/b"), status="307 Temporary Redirect")
        ),
        servers.respond(servers.OK),
    )
    with servers.raw_server(handlers) as server, runtime(files=folder) as shared:
        request = {"method": "PUT", "body": file("plans/a.pdf")}
        retry = {"maxAttempts": 4, "intervalSeconds": 0}
        assert (
            HttpTask(http(f"{server.url}/a", request=request, retry=retry), runtime=shared)
            .call()
            .attempts
            == 3
        )
        assert [each.partition(b"\r\n\r\n")[2] for each in server.received] == [PLAN] * 4


@pytest.mark.parametrize("change", ["grown", "shrunk", "gone", "replaced"])
def test_a_file_that_changes_while_it_is_sent(folder: Path, change: str) -> None:
    """The request ends in an error that says so; the server never gets a body of a length that was
    not announced.
    """
    path = folder / "large"
    with path.open("wb") as large:
        large.truncate(64 * 1024 * 1024)
    went_on = threading.Event()

    def handler(peer: servers.Peer) -> None:
        peer.recv()
        if change == "gone":
            path.unlink()
        elif change == "replaced":
            (folder / "empty").replace(path)
        else:
            with path.open("r+b") as large:
                large.truncate(16 if change == "shrunk" else 65 * 1024 * 1024)
        went_on.set()
        peer.wait_for_close()

    with (
        servers.raw_server(handler) as server,
        runtime(files=folder) as shared,
        pytest.raises(TaskError) as caught,
    ):
        HttpTask(
            http(f"{server.url}/a", request={"method": "POST", "body": file("large")}),
            runtime=shared,
        ).call()
    assert went_on.is_set()
    assert caught.value.kind == "settings"
    assert "/httpRequest/body: " in str(caught.value)
    assert ("while it was sent" in str(caught.value)) is True
    assert caught.value.maybe_delivered


def test_a_file_is_a_word_in_what_people_read(server: str, folder: Path) -> None:
    """The exchange says how many bytes of which file went out, and the curl command takes the file
    itself.
    """
    request = {
        "method": "POST",
        "body": {"a": "b", "f": file("plans/a.pdf")},
        "headers": {"Content-Type": MULTIPART},
    }
    with runtime(files=folder) as shared:
        task = HttpTask(http(f"{server}/a", request=request), runtime=shared)
        exchange = task.test_request()
        command = curl_command(task.render())
    assert exchange.request is not None
    shown = exchange.request.to_json()
    assert f"[{len(PLAN):,} bytes of plans/a.pdf]" in shown["body"]
    assert exchange.response is not None
    assert shown["bodyBytes"] == len(exchange.response.decoded["body"])
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True)
    read = json.loads(done.stdout.partition(b"\r\n\r\n")[2])
    assert ([each["sha256"] for each in read["files"]], read["form"]) == (
        [digest(PLAN)],
        [["a", "b"]],
    )


def test_a_form_is_options_of_curl(server: str, folder: Path) -> None:
    """Text, JSON, files and inline ones are `-F` each; curl's parts are read as ours are, whatever
    they hold.
    """
    form = {
        "text": "a; b=\"c\" \\ 'd' @x <y\nü",
        "at": "@/etc/passwd",
        "json": {"a": '"; type=x'},
        "plan": file("plans/a.pdf", headers={"X-Own": 'a "b"'}),
        "all": [file("b é.png", contentType="image/png"), file("empty", filename="a;b,c.gif")],
        "csv": {
            "$file": {
                "content": "a,b;c\n",
                "filename": "x y.csv",
                "contentType": "text/csv; charset=utf-8",
            }
        },
    }
    request = {"method": "PUT", "body": form, "headers": {"Content-Type": MULTIPART}}
    with runtime(files=folder) as shared:
        task = HttpTask(http(f"{server}/a", request=request), runtime=shared)
        command, ours = curl_command(task.render()), task.call().body
    assert "--data" not in command
    assert command.count(" -F ") == 5
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=True)
    pasted = json.loads(done.stdout.rpartition(b"\r\n\r\n")[2])
    for name in ("method", "form", "files", "parts"):
        assert pasted[name] == ours[name], command


@pytest.mark.parametrize(
    "name", ['strange\\name"kind', "a\\", 'C:\\x\\"', "tab\there", "a%22;b'c'"]
)
def test_names_in_a_form_are_written_as_curl_writes_them(name: str) -> None:
    """HTML, "Multipart form data": quotes are percent-encoded, a backslash is one character, in the
    name of a field and of a file.
    """
    inline = {"$file": {"content": "x", "filename": name, "contentType": "text/plain"}}
    request = {"method": "POST", "body": {name: "v", "f": inline}}
    with servers.raw_server(servers.echo_json()) as echo, runtime() as shared:
        task = http(f"{echo.url}/a", request=request | {"headers": {"Content-Type": MULTIPART}})
        ours = HttpTask(task, runtime=shared).call().body["body"]
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        by_curl = servers.curl(
            *("-F", f"{name}=v", "-F", f'f=x;filename="{quoted}";type=text/plain'), f"{echo.url}/a"
        )
    theirs = json.loads(by_curl.stdout.rpartition("\n\n")[2])["body"]
    heads = [
        [line for line in body.splitlines() if line.startswith("Content-Disposition")]
        for body in (ours, theirs)
    ]
    assert heads[0] == heads[1]
    assert len(heads[0]) == 2


def test_names_in_another_multipart_body_are_quoted_strings() -> None:
    """RFC 2183, section 2: the library for mail reads them back."""
    name = 'a\\b"c\\'
    inline = {"$file": {"content": "x", "filename": name, "contentType": "text/plain"}}
    with servers.raw_server(servers.echo_json()) as echo:
        sent = send(echo.url, None, [inline], headers={"Content-Type": "multipart/mixed"})
    (media_type,) = [value for key, value in sent["headers"] if key.lower() == "content-type"]
    text = f"Content-Type: {media_type}\r\n\r\n{sent['body']}"
    (part,) = email.message_from_string(text).get_payload()
    assert part.get_filename() == name


@pytest.mark.parametrize(
    "form",
    [
        {"a": {"$file": {"contentBase64": "AP8="}}},
        {'a"b': "c", "d": {"e": 1}},
        {"a=b": "c"},
        {"a\\b": "\0"},
    ],
)
def test_a_form_that_no_option_can_say(server: str, form: dict[str, Any]) -> None:
    """Its bytes are given to curl as they are."""
    request = {"method": "POST", "body": form, "headers": {"Content-Type": MULTIPART}}
    with runtime() as shared:
        task = HttpTask(http(f"{server}/a", request=request), runtime=shared)
        command, ours = curl_command(task.render()), task.call().body
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    assert json.loads(done.stdout.rpartition(b"\r\n\r\n")[2])["sha256"] == ours["sha256"], command


def test_an_upload_takes_no_memory() -> None:
    """64 MB from disk add at most 16 MB to what the process holds, as a body and in a form; each
    arrives whole.
    """
    for in_form in (False, True):
        assert uploaded(64 * 1024 * 1024, in_form=in_form) < 16 * 1024 * 1024


# Before a run


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        (file("plans/none.pdf"), "", "no file 'plans/none.pdf' in"),
        ({"f": file("plans/none.pdf")}, "/f", "no file"),
        ({"f": [file("plans/a.pdf"), file("plans")]}, "/f/1", "a folder"),
        ({"f": file("plans/a.pdf", size=1)}, "/f", "its reference says 1"),
        (
            {"f": {"$file": {"upload": "gone", "name": "x.pdf"}}},
            "/f",
            "uploads are deleted",
        ),
    ],
    ids=["body", "field", "folder", "another", "upload"],
)
def test_a_reference_that_leads_nowhere_is_found_before_a_run(
    folder: Path, body: Any, place: str, words: str
) -> None:
    """Checking looks where a reference leads, and says at its place what sending would, whatever
    else is an expression.
    """
    for query in ({}, {"q": "${$.q}"}):
        request = {"method": "POST", "body": body, "query": query}
        request |= {} if place == "" else {"headers": {"Content-Type": MULTIPART}}
        definition = http("http://127.0.0.1:1/a", request=request) | {"inputParameters": {"q": 1}}
        with runtime(files=folder) as shared:
            (problem,) = HttpTask(definition, runtime=shared).problems()
        assert (problem.pointer, problem.severity) == ("/httpRequest/body" + place, "error")
        assert words in problem.message


@pytest.mark.parametrize("at", ["body", "a part"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("as", "bytes"), ("path", "../a"), ("content", 5), ("contentType", 5)],
)
def test_a_wrong_reference_is_told_before_a_run(at: str, name: str, value: Any) -> None:
    """Only what an expression decides is let through by validation, and is checked in the run."""

    def told(value: Any) -> list[str]:
        source = {} if name in ("path", "content") else {"path": "a"}
        reference = {"$file": {**source, name: value}}
        body = reference if at == "body" else {"f": reference}
        request = {"method": "POST", "body": body, "headers": {"Content-Type": MULTIPART}}
        if at == "body":
            request["headers"] = {"Content-Type": "application/pdf"}
        task = http("https://h.example/a", request=request, inputParameters={"x": 1})
        return [each.pointer for each in HttpTask(task).problems() if each.severity == "error"]

    pointer = f"/httpRequest/body{'' if at == 'body' else '/f'}/$file/{name}"
    assert pointer in told(value)
    assert told("${$.x}") == []


def test_what_cannot_be_told_before_a_run_is_no_problem(folder: Path) -> None:
    """Without a folder, with an expression in the reference, or where the bytes stand in it, nobody
    looks for a file.
    """
    tried = [
        (None, file("none.pdf")),
        (folder, file("${$.path}.pdf")),
        (folder, {"$file": {"content": "x"}}),
    ]
    for files, reference in tried:
        request = {
            "method": "POST",
            "body": {"f": reference},
            "headers": {"Content-Type": MULTIPART},
        }
        definition = http("http://127.0.0.1:1/a", request=request) | {
            "inputParameters": {"path": "x"}
        }
        with runtime(files=files) as shared:
            problems = HttpTask(definition, runtime=shared).problems()
        assert [problem for problem in problems if problem.severity == "error"] == []


# The command line


def test_files_from_the_command_line(server: str, folder: Path, tmp_path: Path) -> None:
    """`--files FOLDER` names the folder for `validate`, `test-request` and `run`; without it
    nothing is sent.
    """
    definition = {
        "name": "d",
        "startTask": "t",
        "tasks": {
            "t": http(f"{server}/a", request={"method": "POST", "body": file("plans/a.pdf")})
        },
    }
    flow = tmp_path / "flow.json"
    flow.write_text(json.dumps(definition))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        network = [] if words[0] == "validate" else ["--allow-network", "127.0.0.1"]
        line = [sys.executable, "-m", "httptask", *words, str(flow), *network, "--json"]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    tested = run("test-request", "--files", str(folder))
    assert json.loads(tested.stdout)["attempts"][0]["hops"][0]["response"]["decoded"][
        "sha256"
    ] == digest(PLAN), tested.stderr
    assert run("run", "--files", str(folder)).returncode == 0
    assert json.loads(run("validate", "--files", str(folder)).stdout) == {
        "valid": True,
        "problems": [],
    }
    elsewhere = run("validate", "--files", str(tmp_path))
    assert elsewhere.returncode == 1
    assert json.loads(elsewhere.stdout)["problems"][0]["pointer"] == "/tasks/t/httpRequest/body"
    without = run("test-request")
    assert without.returncode == 2
    assert "--files" in without.stderr


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n--b--\r\n',
        b"--b\r\n\r\nx\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n',
    ],
    ids=["a part without an empty line", "a part without a name", "a part that is no text"],
)
def test_curl_sends_the_bytes_of_a_form_that_its_options_cannot_say(body: bytes) -> None:
    """An author may have written the form himself: what is no part as `-F` makes them goes as it
    is.
    """
    command = curl_command(
        SentRequest(
            "POST", "http://h/", (("Content-Type", "multipart/form-data; boundary=b"),), body
        )
    )
    assert "--data-" in command
    assert "-F" not in command
    assert "--form-string" not in command


def test_a_body_that_nobody_waits_for_any_more_is_not_written(tmp_path: Path) -> None:
    """Of the files of one call at most one stays, and a thread that writes on stops: also in one
    that is made too late.
    """
    files = BodyFiles(lambda: BodyFile(lambda: tmp_path))
    kept, other = files.new(), files.new()
    kept.write(b"kept")
    other.write(b"other")
    files.close(kept)
    for unwanted in (other, files.new()):
        with pytest.raises(RuntimeError):
            unwanted.write(b"more")
    kept.keep()
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b"kept"]
