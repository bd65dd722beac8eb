"""The command line, in processes of its own: what works, what bad input gets, and what never
happens (a traceback).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import servers
from command_line import Run
from httptask._core import packaged
from httptask.cli._completion import SHELLS
from httptask.testing import StandIn
from tasks import PAGES, SEED, email_task, http


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], str]:
    """Give a function that writes a JSON file and returns its name."""

    def file(name: str, value: Any) -> str:
        (tmp_path / name).write_text(
            value if isinstance(value, str) else json.dumps(value, indent=1), "utf-8"
        )
        return name

    return file


def flow(*tasks: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {"name": "Flow", "startTask": tasks[0][0], "tasks": dict(tasks), **fields}


# What works


def test_version_and_help(run: Run) -> None:
    """`--version` is the manifest's; every command's help has an example that starts with the
    command.
    """
    assert run("--version").out == f"httptask {packaged.manifest()['version']}\n"
    listed = run("--help").out
    for name in packaged.manifest()["commands"]:
        assert name in listed
        shown = run(name, "--help")
        assert shown.status == 0
        (example,) = [line for line in shown.out.splitlines() if line.startswith("example: ")]
        assert (
            example.startswith(f"example: httptask {name} ")
            or example == f"example: httptask {name}"
        )
        assert not shown.out.split(example)[1].strip()  # on one line, so that it can be pasted
        assert "--json" in shown.out


def test_a_first_search_on_a_new_machine_finds_the_seed(run: Run) -> None:
    """Nothing imported, no catalogue yet: the shipped endpoint is there."""
    assert SEED in run("search", "procore", "send", "email").out
    assert run("search", "procore send email", "--json").json["hits"][0]["id"] == SEED
    assert run("search", "--method", "GET", "email").status == 1
    assert run("search", "--provider", "procore", "--limit", "1").status == 0


def test_import_reports_line_by_line_and_replaces(run: Run) -> None:
    """The twelve pages come in; a second import doubles nothing; notes name lines; --json has the
    same.
    """
    first = run("import", str(PAGES), "--json").json
    assert first["failed"] == []
    again = run("import", *map(str, sorted(PAGES.glob("*.txt"))), "--json").json
    assert {entry["source"]: entry["catalogue"]["added"] for entry in again["sources"]} == {
        str(path): 0 for path in PAGES.glob("*.txt")
    }
    shown = run("import", str(PAGES / "stripe-v1-customers-post-694.table.txt"))
    assert "line " in shown.out
    assert "truncated" in shown.out
    hits = run("search", "customer", "--provider", "stripe", "--limit", "100", "--json").json[
        "hits"
    ]
    assert len(hits) == len({hit["id"] for hit in hits}) == 2


def test_import_from_standard_input_and_with_what_the_page_does_not_say(run: Run) -> None:
    """A pasted page is read from stdin; provider and server can be given."""
    page = "POST /things/{id}\n\nMakes a thing.\n"
    done = run(
        "import",
        "-",
        "--provider",
        "acme",
        "--server",
        "https://api.acme.example/v1",
        "--json",
        stdin=page,
    )
    (entry,) = done.json["sources"]
    endpoint = run("show", entry["endpoints"][0]["id"], "--json").json
    assert endpoint["provider"] == "acme"
    assert endpoint["servers"] == [{"url": "https://api.acme.example/v1"}]
    prepared = run("prepare", endpoint["id"]).json
    assert prepared["httpRequest"]["url"] == "https://api.acme.example/v1/things/{id}"


PAGED = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "servers": [{"url": "https://api.acme.example"}],
    "paths": {
        "/things": {
            "get": {
                "parameters": [{"name": "cursor", "in": "query", "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "properties": {
                                        "data": {"type": "array"},
                                        "next_cursor": {"type": "string"},
                                    }
                                }
                            }
                        },
                    }
                },
            }
        }
    },
}


def test_pagination_is_offered_and_never_switched_on(run: Run) -> None:
    """`show` and `prepare` say that pages can be read and why; `--pagination` alone puts the
    setting into the task, which is then valid; an endpoint without pages says so.
    """
    done = run("import", "-", "--provider", "acme", "--json", stdin=json.dumps(PAGED))
    endpoint = done.json["sources"][0]["endpoints"][0]["id"]
    sentence = (
        "by cursor: the query parameter cursor, the response's $.next_cursor, the response's"
        " $.data, the items"
    )
    assert f"Pages can be read {sentence}" in run("show", endpoint).out
    prepared = run("prepare", endpoint)
    assert "pagination" not in prepared.json
    assert f"all pages can be read with --pagination, {sentence}" in prepared.err
    paged = run("prepare", endpoint, "--pagination")
    assert paged.json["pagination"] == {
        "mode": "cursor",
        "items": "$.data",
        "next": "$.next_cursor",
        "parameter": {"in": "query", "name": "cursor"},
    }
    assert "a test request confirms it" in paged.err
    definition = {"name": "Things", "startTask": "List", "tasks": {"List": paged.json}}
    checked = run("validate", "-", stdin=json.dumps(definition))
    assert checked.status == 0, checked.out
    without = run("prepare", SEED, "--pagination")
    assert "pagination" not in without.json
    assert "the description says nothing of pages" in without.err


@pytest.mark.parametrize(
    ("body", "needed"),
    [
        (b'{"data": [1], "next_cursor": "n1"}', "confirmed, the response has $.next_cursor"),
        (b'{"data": [1]}', "not confirmed, the response has no $.next_cursor"),
        (b'{"items": [1]}', "not confirmed, the response has no list at $.data"),
    ],
)
def test_a_test_request_confirms_a_suggestion(
    run: Run, write: Callable[[str, Any], str], body: bytes, needed: str
) -> None:
    """The first answer says whether the pages can be read as the description lets one expect; not
    where the task has a pagination of its own.
    """
    answer = servers.response(body, ("Content-Type", "application/json"))
    with servers.raw_server(servers.respond(answer)) as server:
        described = {**PAGED, "servers": [{"url": server.url}]}
        done = run("import", "-", "--provider", "acme", "--json", stdin=json.dumps(described))
        endpoint = done.json["sources"][0]["endpoints"][0]["id"]
        task = run("prepare", endpoint).json
        task["httpRequest"]["url"] = f"{server.url}/things"
        write("flow.json", {"name": "Things", "startTask": "List", "tasks": {"List": task}})
        shown = run("test-request", "flow.json")
    assert f": {needed}" in shown.err, shown
    assert "n1" not in shown.err


def test_show_schema_prepare(run: Run) -> None:
    """The reference for a person, the schema as JSON Schema, the task with only documented
    defaults, the rest named.
    """
    shown = run("show", SEED).out
    for needed in (
        "topic_type  string, required",
        '"rfi"',
        'default: "application/json"',
        "email.distribution_ids  array",
    ):
        assert needed in shown
    schema = run("schema", SEED).json
    Draft202012Validator.check_schema(schema)
    prepared = run("prepare", SEED)
    assert prepared.json["httpRequest"]["headers"] == {"Content-Type": "application/json"}
    assert "/httpRequest/query/topic_type: one of 20 values" in prepared.err


def test_remove(run: Run) -> None:
    """A removed endpoint is gone and does not come back by itself."""
    assert run("remove", SEED).status == 0
    assert run("show", SEED).status == 2
    assert run("search", "procore").status == 1


def test_validate_test_request_and_run(
    run: Run, write: Callable[[str, Any], str], tmp_path: Path
) -> None:
    """The three steps of a definition's life, in text and in JSON, with a credential that is never
    shown.
    """
    with StandIn(token="canary-t0ken") as server:
        task = email_task(server.url, credentials="procore sandbox")
        write("flow.json", flow(("Tell", task)))
        write("input.json", {"rfi": {"id": 7}})
        secret = {"HTTPTASK_CREDENTIAL_PROCORE_SANDBOX": "canary-t0ken"}
        assert run("validate", "flow.json", **secret).out == "flow.json: valid\n"
        valid = run("validate", "flow.json", "--json", **secret)
        assert valid.json == {"valid": True, "problems": []}
        shown = run(
            "test-request", "flow.json", "--task", "Tell", "--input", "input.json", **secret
        )
        assert shown.status == 0
        for needed in (
            (
                "> POST /rest/v1.0/project/1001/email_communications?topic_id=7&topic_type=rfi"
                " HTTP/1.1"
            ),
            "> Authorization: Bearer •••",
            "< HTTP/1.1 201 Created",
            "< Set-Cookie: session=901; Path=/; HttpOnly\n< Set-Cookie: region=us; Path=/",
            "phases: dns",
        ):
            assert needed in shown.out
        exchange = run(
            "test-request",
            "flow.json",
            "--input",
            "-",
            "--json",
            stdin='{"rfi": {"id": 8}}',
            **secret,
        )
        Draft202012Validator(packaged.schema("exchange")).validate(exchange.json)
        curl = run("test-request", "flow.json", "--input", "input.json", "--curl", **secret)
        before = len(server.requests)
        pasted = subprocess.run(
            ["sh", "-c", curl.out],
            env={**os.environ, "HTTPTASK_SECRET": "canary-t0ken"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert pasted.stdout.startswith("HTTP/1.1 201 Created")
        assert len(server.requests) == before + 1
        saved = run(
            "test-request",
            "flow.json",
            "--input",
            "input.json",
            "--save-body",
            "body.bin",
            "--json",
            **secret,
        )
        response = saved.json["attempts"][0]["hops"][0]["response"]
        assert (tmp_path / "body.bin").read_bytes().decode() == json.dumps(response["decoded"])
        ran = run("run", "flow.json", "--input", "input.json", "--json", **secret)
        assert ran.json["status"] == "Completed"
        assert ran.json["output"]["body"]["topic_id"] == 7
        told = run("run", "flow.json", "--input", "input.json", **secret)
        assert "Completed" in told.out
        for done in (shown, exchange, curl, saved, ran, told):
            assert "canary-t0ken" not in done.out + done.err


def test_the_failure_workflow_beside_the_definition_is_run(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """`failureWorkflow` names a file beside the definition; its run is told."""
    end = {
        "type": "Terminate",
        "terminationStatus": "Completed",
        "workflowOutput": "${$.input.failed.task}",
    }
    write("clean up.json", flow(("Tell", end)))
    write("flow.json", flow(("A", http("http://127.0.0.1:1/")), failureWorkflow="clean up"))
    done = run("run", "flow.json", "--json")
    assert done.status == 1
    assert done.json["failureRun"]["status"] == "Completed"
    assert done.json["failureRun"]["output"] == "A"


def test_untrusted_text_cannot_steer_the_terminal(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """Escape sequences in a description, a response and an error are shown, not obeyed."""
    page = "GET /x\n\nPlain \x1b]0;owned\x07 text \x9b2J.\n"
    entry = run("import", "-", "--provider", "p", "--json", stdin=page).json["sources"][0]
    answer = servers.response(
        b"\x1b[31mred\x1b[0m \xc2\x9b2J", ("Content-Type", "text/plain"), ("X", "\x1b[1m")
    )
    with servers.raw_server(servers.respond(answer)) as server:
        write("flow.json", flow(("A", http(server.url))))
        outputs = [
            run("show", entry["endpoints"][0]["id"]),
            run("test-request", "flow.json"),
            run("run", "flow.json"),
        ]
    for done in outputs:
        assert not {"\x1b", "\x9b", "\x07"} & set(done.out + done.err)
        assert done.out


# Bad input: one clear message, an exit status that is not 0, and nothing lost


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("", "empty"),
        ("Dear all,\nhow do I POST /this?\n", "GET /users/{id}"),
        ('{"raml": "1.0"}', "raml"),
        ("\x00\x01\x02PNG", ""),
    ],
    ids=["empty", "a letter", "another format", "binary"],
)
def test_a_page_that_is_none(run: Run, tmp_path: Path, page: str, says: str) -> None:
    """Not a page: said with the file's name, and the pages beside it are still imported."""
    (tmp_path / "bad.txt").write_text(page)
    (tmp_path / "good.txt").write_text("GET /good\n\nGood.\n")
    done = run("import", "bad.txt", "good.txt", "--provider", "p")
    assert done.status == 2
    assert "bad.txt" in done.err
    assert says in done.err
    assert "GET /good" in done.out
    assert run("search", "good", "--provider", "p").status == 0


def test_a_page_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    """Missing, and an empty folder: the operating system's reason, without a traceback."""
    (tmp_path / "folder").mkdir()
    for source in ("missing.txt", "folder"):
        done = run("import", source)
        assert done.status == 2
        assert source in done.err


def test_a_folder_without_pages_does_not_keep_the_others_out(run: Run, tmp_path: Path) -> None:
    """Good, empty folder, good: two imported, one named; with --json all of it in one document on
    stdout.
    """
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.txt").write_text("GET /a\n\nA.\n")
    (tmp_path / "b.txt").write_text("GET /b\n\nB.\n")
    done = run("import", "a.txt", "empty", "b.txt", "--provider", "p", "--json")
    assert done.status == 2
    assert [entry["source"] for entry in done.json["sources"]] == ["a.txt", "b.txt"]
    assert [error["source"] for error in done.json["failed"]] == ["empty"]
    assert done.err == ""


@pytest.mark.parametrize(
    "words", [["--server", "not-a-url"], ["--server", "ftp://x"], ["--provider", "Ac me/../x"]]
)
def test_what_is_said_of_a_description_is_checked(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    """A server that is no address and a provider that is no name are refused; nothing is
    imported.
    """
    (tmp_path / "a.txt").write_text("GET /a\n\nA.\n")
    done = run("import", "a.txt", *words)
    assert done.status == 2
    assert words[1] in done.err
    assert run("search", "a", "--json").json["hits"][0]["id"] == SEED


def test_an_exchange_is_not_lost_when_its_body_cannot_be_saved(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """The request has been made: what came of it is printed, whatever happens to the file."""
    with servers.raw_server(servers.echo_json()) as server:
        write("flow.json", flow(("A", http(server.url))))
        done = run("test-request", "flow.json", "--save-body", "no/such/folder/x")
    assert done.status == 2
    assert "< HTTP/1.1 200 OK" in done.out
    assert "no/such/folder/x" in done.err


def test_a_body_of_bytes_is_described_and_saved_whole(
    run: Run, write: Callable[[str, Any], str], tmp_path: Path
) -> None:
    """Type, size and SHA-256 of a file; --save-body has all of it, past what memory holds too, and
    leaves nothing else.
    """
    body = bytes(range(256)) * 40_000
    sha256 = hashlib.sha256(body).hexdigest()
    for content, headers in ((body, ()), (gzip.compress(body), (servers.GZIP,))):
        answer = servers.response(content, ("Content-Type", "image/png"), *headers)
        with servers.raw_server(servers.respond(answer)) as server:
            write("flow.json", flow(("A", http(server.url))))
            before = {path.name for path in tmp_path.iterdir()}
            shown = run("test-request", "flow.json")
            assert {path.name for path in tmp_path.iterdir()} == before
            saved = run("test-request", "flow.json", "--save-body", "body.png", "--json")
        assert f"as a file: image/png, {len(body):,} bytes, SHA-256 {sha256}" in shown.out
        assert f"< ({len(content):,} bytes, the first shown)" in shown.out
        assert (tmp_path / "body.png").read_bytes() == body
        assert {path.name for path in tmp_path.iterdir()} == before | {"body.png"}
        file = saved.json["attempts"][0]["hops"][0]["response"]["file"]
        assert file == {"mediaType": "image/png", "size": len(body), "sha256": sha256}


def test_two_test_requests_have_two_idempotency_keys(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """A server must not take the second test request for the first one, sent again."""
    with servers.raw_server(servers.respond(servers.OK)) as server:
        write("flow.json", flow(("A", http(server.url, idempotencyKey=True))))
        assert [run("test-request", "flow.json").status for _ in range(2)] == [0, 0]
        keys = [
            line
            for request in server.received
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"idempotency-key:")
        ]
    assert len(keys) == len(set(keys)) == 2


def test_a_wait_for_a_limit_is_said_in_a_sentence(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """What the limits of an origin did stands in the text of a run and of a test request, and in
    the history of a run as JSON; what waited for nothing says nothing.
    """
    once = servers.redirect("/next"), servers.respond(servers.OK)
    with servers.raw_server(servers.sequence(*once * 3)) as server:
        limit = {"requests": 1, "seconds": 1, "burst": 1}
        first = http(server.url, rateLimit=limit)
        write("once.json", flow(("Ask", first)))
        shown = run("test-request", "once.json").out
        hops = shown.split("phases: ")
        assert "for its turn" not in hops[0]
        assert re.search(
            r"note: Waited \d\.\d+ s for its turn: limited until 2.*Z: the rateLimit of the task"
            r" is 1 request",
            hops[1],
        ), shown
        told = run("run", "once.json")
        assert re.search(r"Completed +Ask .*\n +Waited \d\.\d+ s for its turn: limited", told.err)
        task = json.loads(run("run", "once.json", "--json").out)["tasks"][0]
    assert [note.partition(" s for")[2].partition(" until")[0] for note in task["notes"]] == [
        " its turn: limited"
    ]


def test_a_request_that_a_limit_held_back_is_said_in_a_sentence(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """It was not sent, and the sentence says so."""
    with servers.raw_server(servers.redirect("/next")) as server:
        task = http(
            server.url,
            rateLimit={"requests": 1, "seconds": 90, "burst": 1},
            totalTimeoutSeconds=5,
        )
        write("late.json", flow(("Ask", task)))
        shown = run("test-request", "late.json")
        assert shown.status == 1
        assert re.search(r"note: Not sent: limited until 2.*: the rateLimit of the task", shown.out)
        assert re.search(r"\n +Not sent: limited until 2", run("run", "late.json").err)


def test_what_is_not_as_documented_is_told(run: Run, write: Callable[[str, Any], str]) -> None:
    """A test request lists the differences; the task may fail for them, and `validate` says when
    nothing is checked.
    """
    responses = {
        "200": {
            "description": "",
            "content": {"application/json": {"schema": {"required": ["id"]}}},
        }
    }
    description = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/x": {"get": {"responses": responses}}},
    }
    entry = run("import", write("x.json", description), "--provider", "p", "--json").json[
        "sources"
    ][0]
    with servers.raw_server(servers.respond(servers.OK)) as server:
        task = http(server.url + "/x", endpoint=entry["endpoints"][0]["id"])
        write("flow.json", flow(("A", task)))
        shown = run("test-request", "flow.json")
        write("flow.json", flow(("A", {**task, "checkResponse": "fail"})))
        failed = run("run", "flow.json")
        write("flow.json", flow(("A", http(server.url, checkResponse="fail"))))
        warned = run("validate", "flow.json")
    assert (shown.status, failed.status, warned.status) == (0, 1, 0)
    assert "not as documented:\n  /id: 'id' is documented as always there\n" in shown.out
    assert "it is not as documented: /id" in failed.out
    assert "/tasks/A/checkResponse: no response is checked" in warned.out


def test_an_operator_limits_the_tasks_of_a_run(run: Run, write: Callable[[str, Any], str]) -> None:
    """`--max-steps` and `HTTPTASK_MAX_STEPS` end a loop without end; the option wins, and what is
    no number is refused.
    """
    back = {
        "type": "Decision",
        "choices": [{"condition": "${$.input}", "nextTask": "Again"}],
        "defaultTask": "End",
    }
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    write("flow.json", flow(("Again", back), ("End", end)))
    write("input.json", True)
    told = run(
        "run", "flow.json", "--input", "input.json", "--max-steps", "7", HTTPTASK_MAX_STEPS="5"
    )
    assert told.status == 1
    assert "more than 7 tasks" in told.out + told.err
    assert "--max-steps or HTTPTASK_MAX_STEPS" in told.out + told.err
    set_by_environment = run("run", "flow.json", "--input", "input.json", HTTPTASK_MAX_STEPS="5")
    assert "more than 5 tasks" in set_by_environment.out + set_by_environment.err
    for count in ("0", "-1", "many"):
        refused = run("run", "flow.json", f"--max-steps={count}")
        assert refused.status == 2
        assert f"expected a whole number from 1, found '{count}'" in refused.err
    wrong = run("run", "flow.json", HTTPTASK_MAX_STEPS="many")
    assert wrong.status == 2
    assert "HTTPTASK_MAX_STEPS is 'many'; expected a whole number from 1" in wrong.err


def test_a_catalogue_that_cannot_be_used_only_matters_to_those_who_need_it(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """A definition without endpoints runs whatever the catalogue is like."""
    write("broken.db", "this is no catalogue")
    with servers.raw_server(servers.echo_json()) as server:
        write("flow.json", flow(("A", http(server.url))))
        assert run("run", "flow.json", "--catalogue", "broken.db").status == 0
    write("flow.json", flow(("A", email_task("https://h"))))
    done = run("validate", "flow.json", "--catalogue", "broken.db")
    assert done.status == 1
    assert "broken.db" in done.out


def test_a_run_shows_its_progress(run: Run, write: Callable[[str, Any], str]) -> None:
    """A line on stderr for every task as it ends; the result alone on stdout."""
    with servers.raw_server(servers.echo_json()) as server:
        write(
            "flow.json",
            flow(
                ("A", {**http(server.url), "end": None, "nextTask": "B"}), ("B", http(server.url))
            ),
        )
        done = run("run", "flow.json", "--json")
    assert [line.split()[:2] for line in done.err.splitlines()] == [
        ["Completed", "A"],
        ["Completed", "B"],
    ]
    assert done.json["status"] == "Completed"


def test_an_unknown_endpoint_names_the_nearest(run: Run) -> None:
    """For show, schema, prepare and remove; as JSON too."""
    for name in ("show", "schema", "prepare", "remove"):
        done = run(name, SEED.replace("email", "emial"))
        assert done.status == 2
        assert SEED in done.err
        assert done.out == ""
    assert json.loads(run("show", SEED + "x", "--json").err)["nearest"] == [SEED]


@pytest.mark.parametrize(
    "command", [["validate"], ["test-request", "--task", "A"], ["run"]], ids=lambda words: words[0]
)
def test_invalid_json_names_line_and_column(
    run: Run, write: Callable[[str, Any], str], command: list[str]
) -> None:
    """A definition that is not JSON: file, line, column."""
    write("flow.json", '{\n "name": "x",\n "tasks": {,}\n}')
    done = run(*command, "flow.json")
    assert done.status == 2
    assert "flow.json" in done.err
    assert "line 3, column 12" in done.err


def test_a_doubled_task_is_not_lost_silently(run: Run, write: Callable[[str, Any], str]) -> None:
    """Two tasks of one name in the text: said, instead of keeping the last."""
    write(
        "flow.json", '{"startTask": "A", "tasks": {"A": {"type": "Http"},\n "A": {"type": "Http"}}}'
    )
    done = run("validate", "flow.json")
    assert done.status == 2
    assert "'A' stands twice" in done.err
    assert "line 2" in done.err


def test_problems_of_a_definition_have_lines_and_pointers(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """Unknown type, missing next task, a loop without end: all at once, each with its line; run
    refuses the same.
    """
    definition = flow(
        ("A", {**http("https://h/"), "end": None, "nextTask": "C"}),
        ("B", {"type": "Htpp", "nextTask": "Nowhere"}),
        ("C", {**http("https://h/"), "end": None, "nextTask": "D"}),
        ("D", {**http("https://h/"), "end": None, "nextTask": "C"}),
    )
    write("flow.json", definition)
    done = run("validate", "flow.json")
    assert done.status == 1
    for needed in (
        "unknown task type",
        "did you mean Http?",
        "no task 'Nowhere'",
        "never reaches an end",
        "line ",
    ):
        assert needed in done.out, needed
    listed = run("validate", "flow.json", "--json").json
    text = json.dumps(definition, indent=1).splitlines()
    assert not listed["valid"]
    for problem in listed["problems"]:
        assert problem["line"] <= len(text)
    assert (
        '"Htpp"'
        in text[
            next(
                problem["line"]
                for problem in listed["problems"]
                if problem["pointer"] == "/tasks/B/type"
            )
            - 1
        ]
    )
    refused = run("run", "flow.json")
    assert refused.status == 2
    assert "did you mean Http?" in refused.err


@pytest.mark.parametrize(
    ("task", "status", "says"),
    [
        (http("http://127.0.0.1:1/", credentials="nobody"), 2, "HTTPTASK_CREDENTIAL_NOBODY"),
        (http("http://127.0.0.1:1/${$.nope}", inputParameters={"yes": 1}), 2, "yes"),
        (http("http://127.0.0.1:1/"), 1, "is the server running?"),
        (http("http://10.0.0.1/"), 1, "--allow-network"),
        (http("http://nobody.invalid/"), 1, "nobody.invalid"),
        (http("nothing"), 2, "https://"),
    ],
    ids=[
        "missing credential",
        "expression that names nothing",
        "server not there",
        "refused address",
        "no such host",
        "no URL",
    ],
)
def test_a_request_that_cannot_be_made(
    run: Run, write: Callable[[str, Any], str], task: dict[str, Any], status: int, says: str
) -> None:
    """One clear message that says what to do; the status says whether the input or the work is at
    fault.
    """
    write("flow.json", flow(("A", task)))
    tested = run("test-request", "flow.json", "--task", "A")
    assert tested.status == status
    assert says in tested.out + tested.err
    ran = run("run", "flow.json")
    assert ran.status in (1, 2)
    assert says in ran.out + ran.err


def test_a_response_that_is_not_json_though_it_says_so(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """The class `parse`, what stands there instead, and the body kept in the exchange."""
    with servers.raw_server(servers.not_json()) as server:
        write("flow.json", flow(("A", http(server.url))))
        done = run("test-request", "flow.json")
        assert done.status == 1
        assert "outcome: parse: the response says it is application/json and is not" in done.out
        as_json = run("test-request", "flow.json", "--json").json
    assert as_json["outcome"] == "parse"
    assert "<" in as_json["attempts"][0]["hops"][0]["response"]["decoded"]


TEMPORAL = ("--engine", "temporal")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["serach", "x"], "no command 'serach'"),
        (["show"], "ENDPOINT"),
        (["search", "--limit", "0"], "--limit: expected a whole number from 1, found '0'"),
        (["run", "flow.json", "--connections", "x"], "expected a whole number from 1, found 'x'"),
        (["worker", "--grace", "nan"], "--grace: expected a number of seconds, found 'nan'"),
        (
            ["runs", "--status", "interrupted"],
            "there is no 'interrupted'; did you mean Interrupted?",
        ),
        (["credentials", "tets"], "there is no 'tets'; did you mean test?"),
        (["completion", "tcsh"], "SHELL: there is no 'tcsh'; it is one of bash, zsh, fish"),
        (["--json", "run", "flow.json"], "--json stands behind the command: httptask run --json"),
        (["help"], "for help: httptask --help"),
        (["run", "flow.json", "--files", "flow.json"], "is a file (HTTPTASK_FILES, --files): name"),
        (["run", "flow.json", "--input", "-"], "standard input: not JSON"),
        (["import", "flow.json"], "a workflow definition, which httptask validate checks"),
        (["import", "curl.txt"], "a curl command, which httptask import-request reads"),
        (["import-request", "flow.json"], "it is a workflow definition already"),
        (["import-request", "openapi.json"], "it describes an API, which httptask import reads"),
        (["run", "flow.json", "--engine", "airflow"], "embedded"),
        (["run", "flow.json", "--allow-network", "10.0.0.0/99"], "10.0.0.0/99"),
        (["run", "flow.json", *TEMPORAL, "--allow-network", "::1"], "give it to httptask worker"),
        (
            ["run", "flow.json", *TEMPORAL, "--detach", "--proxy", "h:1"],
            "give it to httptask worker",
        ),
        (["run", "flow.json", *TEMPORAL, "--connections", "5"], "--connections does not reach"),
        (
            ["run", "flow.json", *TEMPORAL, "--journal", "j.sqlite3"],
            "a file of runs on this machine",
        ),
        (["status", "r", *TEMPORAL, "--journal", "j.sqlite3"], "a file of runs on this machine"),
        (["complete", "r", "A", *TEMPORAL, "--journal", "j"], "a file of runs on this machine"),
        (["run", "flow.json", "--task-queue", "q"], "--task-queue is for --engine temporal"),
        (["designer", "--port", "0", "--task-queue", "q"], "--task-queue is for --engine temporal"),
        (["run", "flow.json", "--input", "missing.json"], "missing.json"),
        (["run", "flow.json", "--input", "broken.json"], "line 1, column 2"),
        (["test-request", "flow.json", "--task", "Aa"], "did you mean 'A'?"),
        (["test-request", "flow.json", "--task", "B"], "type Terminate"),
        (["test-request", "end.json"], "no task of type Http"),
        (["run", "end.json", "--variable", "/a/b=1"], "give the variable as a whole"),
        (["test-request", "flow.json", "--tasks", "list.json"], "expected an object"),
        (["validate", "missing.json"], "missing.json"),
        (["validate", "list.json"], "object"),
        (["search", "x", "--catalogue", "flow.json"], "flow.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_and_wrong_files(
    run: Run, write: Callable[[str, Any], str], words: list[str], says: str
) -> None:
    """Bad usage or input: status 2 and one message on stderr that names what is wrong."""
    end = {"type": "Terminate", "terminationStatus": "Completed"}
    write(
        "flow.json",
        flow(("A", {**http("http://127.0.0.1:1/"), "end": None, "nextTask": "B"}), ("B", end)),
    )
    write("end.json", flow(("B", end)))
    write("broken.json", "{")
    write("list.json", [])
    write("openapi.json", {"openapi": "3.1.0"})
    write("curl.txt", "curl https://a.example/")
    done = run(*words)
    assert done.status == 2, done.out + done.err
    assert says in done.err
    assert done.out == ""


def test_a_foreign_catalogue_file_is_not_touched(run: Run, tmp_path: Path) -> None:
    """A file that is something else is named and stays as it is, byte for byte."""
    foreign = tmp_path / "photo.jpg"
    foreign.write_bytes(b"\xff\xd8\xff\xe0 not a catalogue")
    done = run(
        "import", str(PAGES / "brevo-contacts-post-240.table.txt"), "--catalogue", str(foreign)
    )
    assert done.status == 2
    assert "photo.jpg" in done.err
    assert foreign.read_bytes() == b"\xff\xd8\xff\xe0 not a catalogue"
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_usage_errors_as_json(run: Run) -> None:
    """With --json wrong usage is JSON too."""
    for words in (["search", "--limit", "0", "--json"], ["show", "--json"]):
        done = run(*words)
        assert done.status == 2
        assert json.loads(done.err)["message"]


def test_errors_as_json(run: Run, write: Callable[[str, Any], str]) -> None:
    """With --json an error is a JSON object on stderr."""
    write("flow.json", flow(("A", http("http://127.0.0.1:1/", credentials="nobody"))))
    error = json.loads(run("test-request", "flow.json", "--json").err)
    assert error["kind"] == "credential"
    assert error["attempts"] == 0


# Stopping


@pytest.fixture
def slow() -> Iterator[servers.RawServer]:
    with servers.raw_server(servers.silent()) as server:
        yield server


STOPPING = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def stopped(
    number: signal.Signals, slow: servers.RawServer, tmp_path: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with *words*, and send it the signal when *slow* has got its request."""
    environment = {
        **os.environ,
        "HTTPTASK_CATALOGUE": str(tmp_path / "c.sqlite3"),
        "HTTPTASK_ALLOW_NETWORKS": "127.0.0.1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "httptask", *words],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not slow.received and time.monotonic() < deadline:
        time.sleep(0.02)
    assert slow.received
    process.send_signal(number)
    out, err = process.communicate(timeout=servers.HANG_SECONDS)
    assert "Traceback" not in err
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def half_way(slow: servers.RawServer) -> dict[str, Any]:
    """Return a definition that is stopped in its second task, a POST."""
    request = {"url": slow.url, "method": "POST", "body": {}}
    second = {"type": "Http", "httpRequest": request, "readTimeoutSeconds": 50, "end": True}
    decision = {"type": "Decision", "choices": [{"condition": "${jsonata: true}", "nextTask": "B"}]}
    return {"startTask": "A", "tasks": {"A": {**decision, "defaultTask": "B"}, "B": second}}


@pytest.mark.parametrize(
    ("number", "status"), STOPPING.items(), ids=lambda each: getattr(each, "name", each)
)
def test_a_stopped_run_tells_how_far_it_came(
    slow: servers.RawServer,
    write: Callable[[str, Any], str],
    tmp_path: Path,
    number: signal.Signals,
    status: int,
) -> None:
    """The signal's exit status; the run so far, and that the request under way may have been
    delivered; nothing is left.
    """
    write("flow.json", half_way(slow))
    before = sorted(tmp_path.iterdir())
    done = stopped(number, slow, tmp_path, "run", "flow.json", "--json")
    assert done.returncode == status
    run = json.loads(done.stdout)
    assert run["status"] == "Cancelled"
    assert [(task["name"], task["status"]) for task in run["tasks"]] == [
        ("A", "Completed"),
        ("B", "InProgress"),
    ]
    assert run["tasks"][1]["error"]["maybeDelivered"] is True
    lines = done.stderr.partition("{")
    assert number.name in json.loads(lines[1] + lines[2])["message"]
    assert [path for path in sorted(tmp_path.iterdir()) if path.suffix != ".sqlite3"] == before


def test_a_stopped_run_says_so_to_a_person(
    slow: servers.RawServer, write: Callable[[str, Any], str], tmp_path: Path
) -> None:
    """Without `--json` the same in words."""
    write("flow.json", half_way(slow))
    done = stopped(signal.SIGINT, slow, tmp_path, "run", "flow.json")
    assert done.returncode == 130
    assert "InProgress B" in done.stderr
    assert "stopped by SIGINT; the server may have got the request of 'B'" in done.stderr
    assert "Cancelled" in done.stdout


def test_a_stopped_test_request_shows_its_exchange(
    slow: servers.RawServer, write: Callable[[str, Any], str], tmp_path: Path
) -> None:
    """The request as it went out is shown, and the folder for its body is removed."""
    write("flow.json", half_way(slow))
    words = ("test-request", "flow.json", "--task", "B", "--save-body", "body.bin", "--json")
    done = stopped(signal.SIGTERM, slow, tmp_path, *words)
    assert done.returncode == 143
    exchange = json.loads(done.stdout)
    assert exchange["outcome"] == "cancelled"
    assert exchange["attempts"][0]["hops"][0]["request"]["method"] == "POST"
    assert "may have got the request" in json.loads(done.stderr)["message"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".httptask-")]


def test_an_ignored_hangup_stays_ignored(write: Callable[[str, Any], str], tmp_path: Path) -> None:
    """`nohup httptask run` goes on when the terminal is closed."""
    answer = servers.response(b"{}", servers.JSON)
    go_on = threading.Event()

    def answer_late(*arguments: Any) -> Any:
        go_on.wait(60)
        return servers.respond(answer)(*arguments)

    with servers.raw_server(answer_late) as server:
        write("flow.json", flow(("A", http(server.url))))
        process = subprocess.Popen(
            ["nohup", sys.executable, "-m", "httptask", "run", "flow.json"],
            cwd=tmp_path,
            env={
                **os.environ,
                "HTTPTASK_CATALOGUE": "c.sqlite3",
                "HTTPTASK_ALLOW_NETWORKS": "127.0.0.1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not server.connections and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGHUP)
        go_on.set()
        process.communicate(timeout=servers.HANG_SECONDS)
    assert process.returncode == 0


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-16", "utf-8"])
def test_json_is_json_whatever_the_terminal_writes(
    write: Callable[[str, Any], str], tmp_path: Path, encoding: str
) -> None:
    """A stream that is not UTF-8 carries escapes, one that is the text; never something else."""
    text = "😀 👩\u200d🚀 café \u009b31m \u202e \u200b \u2028 \ud800"
    flow_ = {
        "startTask": "A",
        "tasks": {
            "A": {"type": "Terminate", "terminationStatus": "Completed", "workflowOutput": text}
        },
    }
    write("flow.json", flow_)
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "httptask", "run", "flow.json", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.decode(encoding))["output"] == text
    for control in ("\u009b", "\u202e", "\u200b", "\u2028"):
        assert control not in done.stdout.decode(encoding)


def test_no_name_makes_a_line_of_its_own(run: Run, write: Callable[[str, Any], str]) -> None:
    """A path, a server, a field and a note stay in their lines, whatever a stranger wrote there."""
    field = {"name": "q\nwarning: q", "in": "query", "required": True, "schema": {}}
    description = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1\nwarning: v"},
        "servers": [{"url": "https://a.example/\nwarning: s"}],
        "paths": {"/a\nwarning: {p}": {"get": {"parameters": [field]}}},
    }
    write("api.json", description)
    options = ("--provider", "acme")
    id_ = run("import", "api.json", *options, "--json").json["sources"][0]["endpoints"][0]["id"]
    lines = []
    for words in (
        ("import", "api.json", *options),
        ("search", "acme"),
        ("show", id_),
        ("prepare", id_),
    ):
        done = run(*words)
        lines += [*done.out.splitlines(), *done.err.splitlines()]
    assert [line for line in lines if "\\nwarning: " in line]
    assert not [line for line in lines if line.startswith("warning: ")]


def test_no_key_of_a_definition_makes_a_line_of_its_own(
    run: Run, write: Callable[[str, Any], str]
) -> None:
    """A task, a setting and a field stay in their lines, and are seen as they are."""
    key = "a\nwarning: \u202e\u3164b"
    task = http("http://127.0.0.1:9", headers={key: "x"}) | {
        key: 1,
        "inputParameters": {key: "${$.no}"},
    }
    write("flow.json", flow((key, task)))
    for words in (("validate",), ("run",), ("test-request", "--task", "x")):
        done = run(*words, "flow.json")
        lines = [*done.out.splitlines(), *done.err.splitlines()]
        assert any("warning: \\u202e\\u3164b" in line for line in lines), words
        assert not [line for line in lines if line.startswith("warning: \\u202e")]


@pytest.mark.parametrize("words", [("show", "--json"), ("schema",), ("prepare",)])
def test_no_json_steers_a_terminal(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A description's control characters and reversals are escaped in JSON as they are in text."""
    page = (PAGES / f"{SEED}.txt").read_text(encoding="utf-8")
    steering = page.replace("Topic ID", "\u009b31mTopic\u202e ID").replace(
        "Creates a", "\u009b31mCreates a"
    )
    (tmp_path / "page.txt").write_text(steering, encoding="utf-8")
    imported = run("import", "page.txt", "--provider", "acme", "--json").json
    done = run(words[0], imported["sources"][0]["endpoints"][0]["id"], *words[1:])
    assert done.status == 0
    assert not set("\u009b\u202e") & set(done.out)
    assert "31mCreates a" in done.out  # the title goes without, all else is escaped
    assert words[0] == "prepare" or "\\u009b31m" in done.out


def test_alone_it_prints_the_help(run: Run) -> None:
    """`httptask` says what it can do; that is no failure."""
    done = run()
    assert (done.status, done.err) == (0, "")
    assert "usage: httptask" in done.out
    assert "search" in done.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("serch", "email"), "did you mean search?"),
        (("test_request", "flow.json"), "did you mean test-request?"),
        (("search", "email", "--provder", "procore"), "did you mean --provider?"),
        (("search", "email", "--provder=procore"), "did you mean --provider?"),
        (("frobnicate",), "the commands are: import"),
    ],
)
def test_a_misspelt_word_gets_the_nearest(run: Run, words: tuple[str, ...], hint: str) -> None:
    """The first line says what is not known and what was probably meant, the next one where help
    is; with `--json` as JSON.
    """
    done = run(*words)
    assert done.status == 2
    message, *rest = done.err.splitlines()
    assert hint in message
    assert len(rest) <= 1
    assert all("help" in line for line in rest)
    assert hint in json.loads(run(*words, "--json").err)["message"]


@pytest.mark.parametrize("name", ["procore.com", "api.procore.com", "procroe"])
def test_a_provider_by_another_name_gets_the_nearest(run: Run, name: str) -> None:
    """Its site or a misspelling leads to the provider."""
    done = run("search", "email", "--provider", name)
    assert done.status == 1
    assert done.out == f"there is no provider {name!r}; did you mean procore?\n"
    assert run("search", "email", "--provider", name, "--json").json["didYouMean"] == "procore"


def test_bash_completes_commands_and_options(run: Run) -> None:
    """The real bash, with the script that it is told to evaluate."""
    script = run("completion", "bash").out
    ask = """
    COMP_WORDS=(httptask {words}); COMP_CWORD={last}
    $(complete -p httptask | sed -E 's/.*-F ([^ ]+).*/\\1/') httptask; printf '%s\n' "${{COMPREPLY[@]}}"
    """

    def completed(*words: str) -> set[str]:
        asked = ask.format(words=" ".join(f"'{word}'" for word in words), last=len(words))
        done = subprocess.run(
            ["bash", "-c", script + asked],
            capture_output=True,
            text=True,
            check=True,
            timeout=servers.HANG_SECONDS,
        )
        return set(done.stdout.split())

    assert completed("se") == {"search"}
    assert "test-request" in completed("te")
    assert completed("search", "--pro") == {"--provider"}


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_written_for_every_shell_that_is_offered(run: Run, shell: str) -> None:
    """The library writes for each of them, in its oldest release that we accept too."""
    written = run("completion", shell)
    assert written.status == 0
    assert "test-request" in written.out


def test_a_terminal_gets_colours_and_a_pipe_none(run: Run, tmp_path: Path) -> None:
    """Colours only where a terminal is, and `NO_COLOR` is not set."""
    (tmp_path / "flow.json").write_text('{"startTask": "A", "tasks": {}}')
    words = f"{sys.executable} -m httptask validate flow.json"

    def on_a_terminal(**variables: str) -> str:
        # `script` gives the command a terminal of its own.
        done = subprocess.run(
            ["script", "-qec", words, "/dev/null"],
            cwd=tmp_path,
            env={**os.environ, "TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    assert "\x1b[31merror: \x1b[0m" in on_a_terminal()
    assert "\x1b" not in on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in run("validate", "flow.json").out


def test_a_reader_that_goes_away_is_no_error_message(run: Run, tmp_path: Path) -> None:
    """`httptask schema … | head -1` is quiet."""
    environment = {**os.environ, "HTTPTASK_CATALOGUE": str(tmp_path / "c.sqlite3")}
    command = f"'{sys.executable}' -m httptask schema {SEED} | head -c 1"
    done = subprocess.run(
        ["sh", "-c", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=servers.HANG_SECONDS,
        check=True,
    )
    assert done.stderr == ""


def test_the_demo_goes_the_whole_way() -> None:
    """`make demo`'s command: every step, exit status 0, the server gone afterwards."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("HTTPTASK_")
    }
    done = subprocess.run(
        [sys.executable, "-m", "httptask.testing.demo"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=servers.HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for needed in (
        "procore send email",
        "valid",
        "problems",
        "< HTTP/1.1 201 Created",
        "phases:",
        "curl -sS",
        "communicationId",
    ):
        assert needed in done.stdout
    assert "sandbox-token" not in done.stdout
    port = int(done.stdout.split("http://127.0.0.1:", 1)[1].split()[0].split("/")[0])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
