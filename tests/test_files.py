"""Files in requests: streamed from below one folder, read back by a server that is not ours, and refused everywhere else."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import servers
from bench.transfers import uploaded
from decoding import decoding_server
from httptask.building import curl_command
from httptask.errors import SettingsError, TaskError
from httptask.model.api import Endpoint, MediaType, RequestBody
from httptask.model.task import Inputs
from httptask.task import HttpTask
from tasks import http, runtime

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


def send(server: str, folder: Path | None, body: Any, known: Endpoint | None = None, **request: Any) -> Any:
    """Run a task and return the request as the server read it."""
    with runtime(files=folder) as shared:
        task = http(f"{server}/a", request={"method": "POST", "body": body, **request})
        return HttpTask(task, runtime=shared, endpoint=known).call(Inputs(input=None)).body


def refused(folder: Path | None, body: Any, known: Endpoint | None = None, **request: Any) -> tuple[str, str]:
    """Run a task that may not be sent, and return where and why; a connection would be another error."""
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
    ],
)
def test_the_media_type_of_a_file(
    server: str, folder: Path, offered: list[str], said: dict[str, Any], sent: str
) -> None:
    """As the reference says, else as the name suggests where that is offered, else as the endpoint has it."""
    known = endpoint(**dict.fromkeys(offered, MediaType())) if offered else None
    read = send(server, folder, file("plans/a.pdf", **said), known)
    assert (read["headers"]["content-type"], read["sha256"]) == (sent, digest(PLAN))


def test_a_media_type_that_is_not_offered_is_refused(folder: Path) -> None:
    """The offered ones are named."""
    known = endpoint(**{"image/png": MediaType(), "image/gif": MediaType()})
    place, message = refused(folder, file("plans/a.pdf", contentType="text/csv"), known)
    assert place == "/body"
    assert "image/png, image/gif" in message


# Parts of a multipart body


def test_files_among_the_fields_of_a_form(server: str, folder: Path) -> None:
    """Text, JSON, a file and several of them: werkzeug and the library for mail read each name, media type and header."""
    encoding = {
        "plan": {"contentType": "application/x-plan", "headers": {"X-Kind": {"schema": {"const": "plan"}}}},
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
    assert read["form"] == [["title", "é"], ["meta", json.dumps({"n": 2**70}, separators=(",", ":"))]]
    assert [(each["field"], each["filename"], each["type"], each["sha256"]) for each in read["files"]] == [
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


def test_a_form_in_a_url_s_syntax_carries_no_file(folder: Path) -> None:
    """Refused, with what does carry one."""
    place, message = refused(folder, {"a": file("empty")}, headers={"Content-Type": FORM})
    assert place == "/body/a"
    assert MULTIPART in message


def test_a_reference_elsewhere_is_data(server: str, folder: Path) -> None:
    """In a JSON body it is an object like others; `validate` says that it would be sent as one."""
    body = {"a": file("plans/a.pdf")}
    assert send(server, folder, body)["json"] == body
    (problem,) = HttpTask(http("https://h.example/a", request={"method": "POST", "body": body})).problems()
    assert (problem.severity, problem.pointer) == ("warning", "/httpRequest/body/a")
    deep = {"method": "POST", "body": {"a": {"b": [body["a"]]}, "f": body["a"]}, "headers": {"Content-Type": MULTIPART}}
    (problem,) = HttpTask(http("https://h.example/a", request=deep)).problems()
    assert (problem.severity, problem.pointer) == ("warning", "/httpRequest/body/a/b/0")


def test_the_same_file_by_an_expression(server: str, folder: Path) -> None:
    """Its path may come from a run's input; what it yields is checked as strictly as what was written."""
    with runtime(files=folder) as shared:
        definition = http(
            f"{server}/a", request={"method": "POST", "body": file("${$.path}")}, inputParameters={"path": "${$.input}"}
        )
        task = HttpTask(definition, runtime=shared)
        assert task.problems() == []
        assert task.call(Inputs(input="plans/a.pdf")).body["sha256"] == digest(PLAN)
        with pytest.raises(SettingsError) as caught:
            task.call(Inputs(input="../secret"))
    assert [problem.pointer for problem in caught.value.problems] == ["/httpRequest/body/$file/path"]


# What may be read


@pytest.mark.parametrize(
    ("reference", "place", "said"),
    [
        ({"path": "../secret"}, "/body/$file/path", "climb"),
        ({"path": "plans/../../secret"}, "/body/$file/path", "climb"),
        ({"path": "plans\\..\\..\\secret"}, "/body/$file/path", "climb"),
        ({"path": "/etc/passwd"}, "/body", "not below the folder"),
        ({"path": "leaving"}, "/body", "not below the folder"),
        ({"path": "out/secret"}, "/body", "not below the folder"),
        ({"path": "device"}, "/body", "not below the folder"),
        ({"path": "pipe"}, "/body", "no regular file"),
        ({"path": "plans"}, "/body", "a folder"),
        ({"path": "missing.pdf"}, "/body", "there is no file 'missing.pdf'"),
        ({"path": "plans/a.pdf/x"}, "/body", "a.pdf/x"),
        ({"path": "x" * 5000}, "/body", "cannot be read"),
        ({"path": "a\0b"}, "/body/$file/path", "NUL"),
        ({"path": ""}, "/body/$file/path", "text"),
        ({"path": 5}, "/body/$file/path", "text"),
        ({"pth": "plans/a.pdf"}, "/body/$file/pth", "did you mean 'path'?"),
        ({}, "/body/$file", "needs its 'path'"),
        ("plans/a.pdf", "/body/$file", "must be an object"),
        ({"path": "empty", "upload": "x"}, "/body/$file", "not both"),
        ({"upload": "x"}, "/body", "uploads end with the designer"),
        ({"path": "empty", "contentType": "a/b\r\nX: 1"}, "/body/$file/contentType", "cannot stand in a header"),
        ({"path": "empty", "headers": {"X": "a\nb"}}, "/body/$file/headers/X", "line breaks"),
        ({"path": "empty", "headers": {"Content-Length": "5"}}, "/body/$file/headers/Content-Length", "no header"),
        ({"path": "empty", "size": 7}, "/body", "its reference says 7"),
    ],
)
def test_nothing_else_is_read(folder: Path, reference: Any, place: str, said: str) -> None:
    """Neither by `..`, nor by a link, nor by an absolute path; no device, pipe or folder: refused before anything is sent."""
    (folder / "leaving").symlink_to(folder.parent / "secret")
    (folder / "out").symlink_to(folder.parent)
    (folder / "device").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    found, message = refused(folder, {"$file": reference})
    assert found == place
    assert said in message
    field, message = refused(folder, {"a": [{"$file": reference}]}, headers={"Content-Type": MULTIPART})
    assert field == place.replace("/body", "/body/a/0")
    assert said in message


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


def test_the_folder_of_the_environment(server: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`HTTPTASK_FILES` names it where nothing else does."""
    monkeypatch.setenv("HTTPTASK_FILES", str(folder))
    assert send(server, None, file("plans/a.pdf"))["sha256"] == digest(PLAN)


def test_an_upload_is_a_file(server: str, folder: Path) -> None:
    """A designer's reference, with all that it says beside: its name and media type are the part's."""
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
            request={"method": "POST", "body": {"f": {"$file": said}}, "headers": {"Content-Type": MULTIPART}},
        )
        (part,) = HttpTask(task, runtime=shared).call().body["files"]
    assert (part["filename"], part["type"], part["sha256"]) == ("Plan 7.pdf", "application/pdf", digest(PLAN))


# On the way


def test_a_download_is_the_next_upload(server: str, folder: Path) -> None:
    """What a task gives back for a response that it kept as a file is a reference that a later task sends."""
    answer = servers.response(PLAN, ("Content-Type", "application/pdf"))
    with servers.raw_server(servers.respond(answer)) as source, runtime(files=folder) as shared:
        kept = HttpTask(http(f"{source.url}/a.pdf"), runtime=shared).call().body
        definition = http(
            f"{server}/a", request={"method": "POST", "body": "${$.file}"}, inputParameters={"file": "${$.input}"}
        )
        read = HttpTask(definition, runtime=shared).call(Inputs(input=kept)).body
    assert (read["sha256"], read["headers"]["content-type"]) == (digest(PLAN), "application/pdf")


def test_a_body_is_made_again_for_every_attempt_and_redirect(folder: Path) -> None:
    """A refusal, a broken connection and a redirect later the whole file is there."""
    handlers = servers.sequence(
        servers.respond_and_close(servers.response(status="503 Busy")),
        servers.close_at_once(after_request=True),
        servers.respond_and_close(servers.response(b"", ("Location", "/b"), status="307 Temporary Redirect")),
        servers.respond(servers.OK),
    )
    with servers.raw_server(handlers) as server, runtime(files=folder) as shared:
        request = {"method": "PUT", "body": file("plans/a.pdf")}
        retry = {"maxAttempts": 4, "intervalSeconds": 0}
        assert HttpTask(http(f"{server.url}/a", request=request, retry=retry), runtime=shared).call().attempts == 3
        assert [each.partition(b"\r\n\r\n")[2] for each in server.received] == [PLAN] * 4


@pytest.mark.parametrize("change", ["grown", "shrunk", "gone", "replaced"])
def test_a_file_that_changes_while_it_is_sent(folder: Path, change: str) -> None:
    """The request ends in an error that says so; the server never gets a body of a length that was not announced."""
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

    with servers.raw_server(handler) as server, runtime(files=folder) as shared, pytest.raises(TaskError) as caught:
        HttpTask(http(f"{server.url}/a", request={"method": "POST", "body": file("large")}), runtime=shared).call()
    assert went_on.is_set()
    assert caught.value.kind == "settings"
    assert "/httpRequest/body: " in str(caught.value)
    assert ("while it was sent" in str(caught.value)) is True
    assert caught.value.maybe_delivered


def test_a_file_is_a_word_in_what_people_read(server: str, folder: Path) -> None:
    """The exchange says how many bytes of which file went out, and the curl command takes the file itself."""
    request = {"method": "POST", "body": {"a": "b", "f": file("plans/a.pdf")}, "headers": {"Content-Type": MULTIPART}}
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
    assert ([each["sha256"] for each in read["files"]], read["form"]) == ([digest(PLAN)], [["a", "b"]])


def test_an_upload_takes_no_memory() -> None:
    """64 MB from disk add at most 16 MB to what the process holds, as a body and in a form; each arrives whole."""
    for in_form in (False, True):
        assert uploaded(64 * 1024 * 1024, in_form=in_form) < 16 * 1024 * 1024


# The command line


def test_files_from_the_command_line(server: str, folder: Path, tmp_path: Path) -> None:
    """`--files FOLDER` names the folder for `test-request` and `run`; without it nothing is sent."""
    definition = {
        "name": "d",
        "startTask": "t",
        "tasks": {"t": http(f"{server}/a", request={"method": "POST", "body": file("plans/a.pdf")})},
    }
    flow = tmp_path / "flow.json"
    flow.write_text(json.dumps(definition))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "httptask", *words, str(flow), "--allow-network", "127.0.0.1", "--json"]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    tested = run("test-request", "--files", str(folder))
    assert json.loads(tested.stdout)["attempts"][0]["hops"][0]["response"]["decoded"]["sha256"] == digest(PLAN), (
        tested.stderr
    )
    assert run("run", "--files", str(folder)).returncode == 0
    without = run("test-request")
    assert without.returncode == 2
    assert "--files" in without.stderr
