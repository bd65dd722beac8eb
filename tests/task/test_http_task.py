"""The HTTP task: from a definition to a result, and Test request with its raw exchange."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import contextvars
import gzip
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from pytest_httpx import HTTPXMock

import servers
from httptask import errors, hookimpl
from httptask._core import packaged
from httptask._http.unpackers import ACCEPT_ENCODING
from httptask.building import curl_command
from httptask.model.exchange import Exchange
from httptask.model.task import Inputs, TaskResult, TestOptions
from httptask.sending import Progress, View, watched
from httptask.task import HttpTask
from httptask.task._judge import Judge
from httptask.testing import StandIn
from tasks import RFI, SEED, call, email_task, exchange, failure, http, runtime


def test_the_seeds_task_runs_against_the_stand_in() -> None:
    """The task of the design, expression and all, is accepted by a server that judges it without
    our code.
    """
    with StandIn() as server:
        result = call(email_task(server.url), inputs=RFI)
    assert result.status_code == 201
    assert result.body["topic_id"] == 7
    assert result.body["distribution_ids"] == [881]
    assert result.headers["set-cookie"] == ["session=901; Path=/; HttpOnly", "region=us; Path=/"]
    assert set(result.to_json()) == {
        "statusCode",
        "reasonPhrase",
        "headers",
        "body",
        "url",
        "attempts",
        "elapsedSeconds",
    }


def test_what_the_expressions_yield_is_checked_before_anything_is_sent() -> None:
    """A text where an integer is wanted, an enum value that is none: found after evaluation, with
    the place; nothing goes out.
    """
    with StandIn() as server:
        task = email_task(server.url)
        task["inputParameters"]["type"] = "${$.input.type}"
        task["httpRequest"]["query"]["topic_type"] = "${$.type}"
        error = failure(task, inputs=Inputs(input={"rfi": {"id": "seven"}, "type": "rfii"}))
        assert server.requests == []
    assert isinstance(error, errors.SettingsError)
    assert {problem.pointer for problem in error.problems} == {
        "/httpRequest/query/topic_id",
        "/httpRequest/query/topic_type",
    }
    assert error.exchange is None


def test_an_expression_that_names_nothing_says_what_is_known() -> None:
    """A wrong name ends in `expression`, with the place and the names that were there; nothing goes
    out.
    """
    with StandIn() as server:
        error = failure(email_task(server.url), inputs=Inputs(input={"rfi": {"idd": 7}}))
        assert server.requests == []
    assert isinstance(error, errors.ExpressionError)
    assert error.pointer == "/inputParameters/topicId"
    assert "idd" in error.known
    assert "$.input.rfi.id" in str(error)


def test_a_test_request_returns_the_raw_exchange() -> None:
    """Request as sent, status line, version, headers in order with duplicates, untouched bytes, a
    decoded view, phases.
    """
    with StandIn() as server:
        seen = exchange(email_task(server.url), inputs=RFI)
        (received,) = server.requests
        url = server.url
    request, response = seen.request, seen.response
    assert request is not None
    assert response is not None
    assert list(request.headers) == list(received.headers)
    assert request.body == received.body
    assert request.url == url + received.target
    assert response.status_line == "HTTP/1.1 201 Created"
    names = [name for name, _ in response.headers]
    assert names.count("Set-Cookie") == 2
    assert names[:4] == ["Server", "Date", "Content-Type", "Content-Length"]
    assert response.decoded == json.loads(response.body)
    assert list(seen.phases) == ["dns", "connect", "send", "wait", "receive"]
    assert sum(seen.phases.values()) <= seen.elapsed_seconds
    assert len(seen.attempts) == 1
    Draft202012Validator(packaged.schema("exchange")).validate(seen.to_json())


def test_the_exchange_holds_what_curl_sees() -> None:
    """Status line, headers and body bytes are those the real curl prints for the same request to
    the same server.
    """
    body = b'{"a":  1}\n\xc3\xa9'
    answer = servers.response(
        body, ("Content-Type", "text/plain"), ("X-One", "1"), ("x-one", "2"), status="299 So So"
    )
    with servers.raw_server(servers.respond(answer)) as server:
        seen = exchange(http(server.url + "/x"))
        printed = servers.curl(server.url + "/x").stdout
    assert seen.response is not None
    shown = "\n".join(
        [seen.response.status_line, *(f"{name}: {value}" for name, value in seen.response.headers)]
    )
    assert printed == f"{shown}\n\n{body.decode()}"


def test_body_bytes_are_untouched_and_decoded_beside() -> None:
    """A compressed body stays compressed in the exchange; the view beside it is decoded."""
    body = gzip.compress(b'{"big": 12345678901234567890123}')
    answer = servers.response(body, servers.JSON, servers.GZIP)
    with servers.raw_server(servers.respond(answer)) as server:
        seen = exchange(http(server.url))
    assert seen.response is not None
    assert seen.response.body == body
    assert base64.b64decode(seen.response.to_json()["bodyBase64"]) == body
    assert seen.response.decoded == {"big": 12345678901234567890123}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("application/problem+json; charset=utf-8", b'{"a": 1}', {"a": 1}),
        ("application/json", '"\u00e9"'.encode("utf-16"), "é"),
        ("text/plain; charset=iso-8859-1", b"\xe9", "é"),
        ('text/html; charset="windows-1251"', b"\xe9", "й"),
        ("text/plain", "é".encode(), "é"),
        ("text/plain; charset=punycode", b"abc", "abc"),
        ("text/plain; charset=zlib", b"abc", "abc"),
        ("text/plain; charset=nonsense", b"abc", "abc"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/json", b"", None),
    ],
)
def test_the_result_has_the_body_as_its_type_says(
    content_type: str, body: bytes, expected: object
) -> None:
    """JSON is parsed, text decoded by its declared charset when that is one, nothing is null."""
    with servers.raw_server(
        servers.respond(servers.response(body, ("Content-Type", content_type)))
    ) as server:
        assert call(http(server.url)).body == expected


def test_other_bodies_become_files_with_their_size_and_hash(tmp_path: Path) -> None:
    """Bytes are kept as a file and referred to; a test request describes them and stores
    nothing.
    """
    body = bytes(range(256))
    with servers.raw_server(
        servers.respond(servers.response(body, ("Content-Type", "image/png")))
    ) as server:
        reference = call(http(server.url), files=tmp_path).body["$file"]
        kept = list(tmp_path.iterdir())
        seen = exchange(http(server.url), files=tmp_path)
    assert Path(reference["path"]).read_bytes() == body
    assert reference["path"].endswith(".png")
    assert (reference["size"], reference["sha256"]) == (256, hashlib.sha256(body).hexdigest())
    assert list(tmp_path.iterdir()) == kept
    assert seen.response is not None
    assert seen.response.body == body


def test_a_result_is_not_lost_when_its_file_cannot_be_kept() -> None:
    """The request has been made: a folder that cannot be written to is said in the reference."""
    with servers.raw_server(
        servers.respond(servers.response(b"\x89PNG", ("Content-Type", "image/png")))
    ) as server:
        reference = call(
            http(server.url, request={"method": "POST"}), files=Path("/proc/no/such")
        ).body["$file"]
    assert "could not be kept" in reference["problem"]
    assert reference["size"] == 4


def test_head_has_no_body_however_long_it_says_it_is() -> None:
    """HEAD's Content-Length speaks of the body GET would have (RFC 9110, section 9.3.2)."""
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    )
    with servers.raw_server(servers.respond(answer)) as server:
        assert call(http(server.url, request={"method": "HEAD"})).body is None


def test_the_curl_command_works_when_pasted() -> None:
    """A shell runs the command and the stand-in accepts it with the same values."""
    with StandIn() as server, runtime() as shared:
        task = email_task(server.url)
        task["httpRequest"]["body"]["communication"]["subject"] = (
            'It\'s $5 "quoted" \\ `x` @file {a}[b]\nnew line é'
        )
        command = curl_command(HttpTask(task, runtime=shared).render(RFI))
        assert server.requests == []
        done = subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            timeout=servers.HANG_SECONDS,
            check=True,
        )
        assert done.stdout.startswith("HTTP/1.1 201 Created")
        call(task, inputs=RFI)
        pasted, ours = server.requests
    assert pasted.body == ours.body
    assert pasted.target == ours.target
    assert set(ours.headers) - set(pasted.headers) == {
        ("User-Agent", f"httptask/{packaged.manifest()['version']}"),
        ("Accept-Encoding", ACCEPT_ENCODING),
    }


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "HEAD"},
        {"method": "DELETE", "body": {"a": 1}},
        {"method": "POST"},
        {"method": "POST", "body": "@/etc/hosts", "headers": {"Content-Type": "text/plain"}},
        {"method": "PUT", "body": "a\0b", "headers": {"Content-Type": "text/plain", "X-Empty": ""}},
        {"method": "GET", "query": {"a[b]": "{x}", "c": "'; rm -rf /"}},
    ],
    ids=[
        "head",
        "delete with a body",
        "post without one",
        "an @",
        "a NUL and an empty header",
        "brackets and quotes",
    ],
)
def test_curl_sends_what_we_send(request_: dict[str, object]) -> None:
    """Method, target and body of the pasted command are those of our own request, also in the odd
    cases.
    """
    with servers.raw_server(servers.echo_json()) as server:
        with runtime() as shared:
            command = curl_command(
                HttpTask(http(server.url + "/p", request=request_), runtime=shared).render()
            )
        subprocess.run(
            ["sh", "-c", command], capture_output=True, timeout=servers.HANG_SECONDS, check=True
        )
        call(http(server.url + "/p", request=request_))
        pasted, ours = server.received
    assert pasted.split(b"\r\n")[0] == ours.split(b"\r\n")[0]
    assert pasted.partition(b"\r\n\r\n")[2] == ours.partition(b"\r\n\r\n")[2]


def test_sync_and_async_do_the_same() -> None:
    """`call` is `acall`, `test_request` is `atest_request`: same requests, same results; sync works
    twice in a row.
    """

    async def asynchronously(url: str) -> TaskResult:
        async with runtime() as shared:
            return await HttpTask(email_task(url), runtime=shared).acall(RFI)

    with StandIn() as server, runtime() as shared:
        task = HttpTask(email_task(server.url), runtime=shared)
        first = task.call(RFI)
        second = asyncio.run(asynchronously(server.url))
        third = task.test_request(RFI)
        one, two, three = server.requests
    assert first.status_code == second.status_code == 201
    assert third.outcome == "success"
    assert one.body == two.body == three.body
    assert one.headers == two.headers == three.headers


def test_a_test_request_that_fails_is_still_an_exchange() -> None:
    """A refusal, a dead server: the exchange says so; only when nothing could be sent is there an
    error instead.
    """
    with StandIn(failures=[503]) as server:
        assert exchange(email_task(server.url), inputs=RFI).outcome == "status"
    dead = exchange(http("http://127.0.0.1:1/"))
    assert dead.outcome == "connection"
    assert dead.response is None
    Draft202012Validator(packaged.schema("exchange")).validate(dead.to_json())


@pytest.mark.parametrize(
    ("url", "brought", "target"),
    [
        ("${$.next}", '{base}/a?filter={"x":1}&q=a b', "/a?filter=%7B%22x%22:1%7D&q=a%20b"),
        ("${$.next}", "{base}/echo/{id}", "/echo/%7Bid%7D"),
        ("{base}/${$.next}/{id}?c=${$.next}", "x{id} y", "/x%7Bid%7D%20y/s3cret?c=x%7Bid%7D%20y"),
        ("{base}/a?${$.next}", "a=1&b=%7B2&c={id}", "/a?a=1&b=%7B2&c=%7Bid%7D"),
        ("{base}/a/${jsonata: '{' & 'id}'}", "", "/a/%7Bid%7D"),
        ("{base}/a/{id}/${$.next}", 5, "/a/s3cret/5"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_what_an_expression_brings_into_a_url_has_no_places(
    url: str, brought: Any, target: str, whole: bool
) -> None:
    """Only the author's own text has places for parameters; data has its braces and blanks escaped,
    and may hold a query.
    """
    with servers.raw_server(servers.respond(servers.OK)) as server:
        url = url.replace("{base}", server.url)
        given = brought.replace("{base}", server.url) if isinstance(brought, str) else brought
        values = {"pathParameters": {"id": "s3cret"}} if "{id}" in url else {}
        task = http(url, request=values, inputParameters={"next": "${$.input}"})
        if whole and not values:
            # The whole request from an expression is data, too.
            task["inputParameters"]["request"] = {"url": url.replace("$.next", "$.input")}
            task["httpRequest"] = "${$.request}"
        call(task, inputs=Inputs(input=given))
        assert server.received[0].split(b" ")[1].decode() == target


def test_send_anyway_lets_the_server_judge() -> None:
    """Settings that do not fit the endpoint can be sent on purpose; the server's refusal is the
    exchange.
    """
    with StandIn() as server:
        task = email_task(server.url)
        task["httpRequest"]["query"]["topic_type"] = "nonsense"
        with runtime() as shared, pytest.raises(errors.SettingsError):
            HttpTask(task, runtime=shared).test_request(RFI)
        assert server.requests == []
        with runtime() as shared:
            seen = HttpTask(task, runtime=shared).test_request(RFI, TestOptions(send_anyway=True))
    assert seen.response is not None
    assert seen.response.status_code == 400
    assert "topic_type" in seen.response.decoded["errors"][0]["where"]


def test_many_at_once_share_connections_and_keep_their_answers_apart() -> None:
    """Fifty concurrent calls on one runtime each get their own answer."""

    async def many(url: str) -> list[int]:
        async with runtime() as shared:
            task = HttpTask(email_task(url), runtime=shared)
            inputs = [Inputs(input={"rfi": {"id": number}}) for number in range(50)]
            return [
                result.body["topic_id"]
                for result in await asyncio.gather(*(task.acall(one) for one in inputs))
            ]

    with StandIn() as server:
        assert asyncio.run(many(server.url)) == list(range(50))


def test_what_mocks_httpx_mocks_the_task(httpx_mock: HTTPXMock) -> None:
    """pytest-httpx works on our requests, so that workflow authors can test without a server."""
    httpx_mock.add_response(status_code=201, json={"id": 1}, headers={"X-A": "b"})
    httpx_mock.add_exception(httpx.ConnectError("no route"))
    task = email_task("https://api.procore.com")
    assert call(task, inputs=RFI, allow=[]).body == {"id": 1}
    assert isinstance(failure(task, inputs=RFI, allow=[]), errors.ConnectionFailedError)
    sent = httpx_mock.get_requests()[0]
    assert (
        sent.url
        == "https://api.procore.com/rest/v1.0/project/1001/email_communications?topic_id=7&topic_type=rfi"
    )
    assert sent.headers["procore-company-id"] == "42"


ODD_REQUESTS: list[Any] = [
    {"url": "http://h/\ud800"},
    {"url": "http://h/?\ud800"},
    {"url": "http://h/", "headers": {"X": "\ud800"}},
    {"url": "http://h/", "headers": {"Ключ": "x"}},
    {"url": "http://h/", "headers": {"Content-Length": 5}},
    {"url": "http://h/", "query": {"a": float("inf")}},
    {"url": "http://h/", "query": {"a": 10**5000}},
    {"url": "http://h/", "query": [1]},
    {"url": "http://h/", "cookies": "x"},
    {"url": "http://h/", "method": 5},
    {"url": "http://xn--a/"},
    {"url": "http://[::1]8081/"},
    {"url": "http://127.0.0.1:99999/${"},
    {"url": 5},
    "x",
    [],
    None,
    {
        "url": "http://h/",
        "method": "POST",
        "body": {"a": "\ud800"},
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
]


@pytest.mark.parametrize("request_", ODD_REQUESTS, ids=range(len(ODD_REQUESTS)))
def test_no_setting_brings_out_a_foreign_exception(request_: Any) -> None:
    """Whatever stands in a request: problems, rendering, sending and sending anyway end in errors
    of ours or not at all.
    """
    definition = {"type": "Http", "httpRequest": request_, "end": True}
    with runtime(allow=[]) as shared:
        task = HttpTask(definition, runtime=shared)
        task.problems()
        for attempt in (
            task.call,
            task.render,
            lambda: task.test_request(None, TestOptions(send_anyway=True)),
        ):
            with contextlib.suppress(errors.TaskError):
                attempt()


@pytest.mark.parametrize(
    "definition",
    [
        [],
        "x",
        None,
        {"type": "Http", "httpRequest": {"url": "http://h/"}, "totalTimeoutSeconds": 10**400},
    ],
)
def test_no_definition_brings_out_a_foreign_exception(definition: Any) -> None:
    """A task that is no object, or whose numbers no clock can count, is a problem."""
    with runtime() as shared:
        task = HttpTask(definition, runtime=shared)
        assert task.problems()
        with pytest.raises(errors.SettingsError):
            task.call()


def test_a_body_nested_too_deeply_is_a_problem() -> None:
    """Nesting beyond what can be checked is said, not run into."""
    body: Any = 1
    for _ in range(3000):
        body = [body]
    with runtime() as shared:
        (problem,) = HttpTask(
            http("http://h/", request={"method": "POST", "body": body}), runtime=shared
        ).problems()
    assert "nested too deeply" in problem.message


@pytest.mark.parametrize(
    "schema", [{"$ref": "#/nowhere"}, {"type": "strnig"}, {"$ref": "http://127.0.0.1:1/x"}]
)
def test_a_schema_that_cannot_be_used_is_a_problem(schema: dict[str, Any]) -> None:
    """A stranger's schema, broken, is said in one problem; nothing is fetched and nothing
    raised.
    """

    class Refines:
        @hookimpl
        def httptask_refine_settings_schema(self, schema: dict[str, Any]) -> None:
            schema["properties"]["body"]["properties"]["communication"] = broken

    broken = schema
    with runtime(Refines()) as shared:
        problems = HttpTask(email_task("https://h"), runtime=shared).problems()
    assert any("schema" in problem.message for problem in problems)


@pytest.mark.parametrize("url", ["${$.u}", "${$.base}/admin?x=${$.tail}"])
def test_a_url_that_is_data_is_checked_like_any_other(url: str) -> None:
    """What looks like an expression in evaluated data does not get a URL past the checks."""
    with StandIn() as server:
        task = email_task(server.url)
        task["inputParameters"] |= {
            "u": server.url + "/admin?x=$${",
            "base": server.url,
            "tail": "$${",
        }
        task["httpRequest"]["url"] = url
        error = failure(task, inputs=RFI)
        assert server.requests == []
    assert isinstance(error, errors.SettingsError)
    assert "ends with /rest/v1.0" in str(error)


def test_a_free_form_request_needs_no_endpoint() -> None:
    """Without `endpoint` any request can be made, expressions in URL, headers and body included."""
    definition = http(
        "${$.base}/things/{id}?q=${$.q}",
        inputParameters={"base": "${$.input.base}", "q": "a%20b", "ids": [1, 2]},
        request={
            "method": "PATCH",
            "pathParameters": {"id": "${$.ids[1]}"},
            "body": {"all": "${$.ids}", "text": "n=${$.ids[0]}"},
        },
    )
    with servers.raw_server(servers.echo_json()) as server:
        result = call(definition, inputs=Inputs(input={"base": server.url}))
    assert result.body["target"] == "/things/2?q=a%20b"
    assert json.loads(result.body["body"]) == {"all": [1, 2], "text": "n=1"}


def test_an_endpoint_can_be_given_instead_of_looked_up() -> None:
    """An embedder without a catalogue passes the endpoint itself."""
    with runtime() as shared:
        endpoint = shared.endpoint(SEED)
        task = HttpTask(email_task("https://h"), runtime=shared, endpoint=endpoint)
        assert task.settings_schema["properties"]["query"]["required"] == ["topic_id", "topic_type"]
        assert task.problems() == []


def test_a_runtime_of_its_own_is_closed_after_each_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`HttpTask(definition).call()` works with nothing else, from sync code, twice."""
    monkeypatch.setenv("HTTPTASK_ALLOW_NETWORKS", "127.0.0.1")
    monkeypatch.setenv("HTTPTASK_CATALOGUE", str(tmp_path / "c.sqlite3"))
    with StandIn() as server:
        task = HttpTask(email_task(server.url))
        assert task.call(RFI).status_code == 201
        assert task.call(RFI).status_code == 201


# The address


HOSTS_THAT_CANNOT_BE = [
    "<host>", "api.acme.example\\v1", "10.0.0.08", "256.1.1.1", "1.2.3.4.5", "4294967296", "api.1", "ho%00st", "ex%41mple.com",
    "a..b", ".a", "a..", "*.acme.example", "a,b.example", "a|b", "a^b", "[::1", "[1::2::3]", "[fe80::1%25eth0]", "[v1.x]",
    "a" * 64 + ".example", ".".join(["a" * 60] * 5), "\u200d.example", "a:65536", "a:x", ":8080", "user@a.example", "a:0",
    "1_0.2.3.4",
]  # fmt: skip
HOSTS_THAT_CAN = [
    "localhost", "api.acme.example", "api.acme.example.", "API.Acme.Example", "my_service", "x-1.example", "127.0.0.1", "[::1]",
    "[2001:db8::1]:8443", "bücher.example", "BÜCHER.example", "日本。example",
    "xn--bcher-kva.example", "a" * 63 + ".example", "1password.example",
]  # fmt: skip


def address_problems(url: str, **request: Any) -> list[tuple[str, str]]:
    definition = {
        "type": "Http",
        "inputParameters": {},
        "httpRequest": {"url": url, **request},
        "end": True,
    }
    with runtime() as shared:
        found = HttpTask(definition, runtime=shared).problems()
    return [(problem.pointer, problem.severity) for problem in found]


@pytest.mark.parametrize("host", HOSTS_THAT_CANNOT_BE)
@pytest.mark.parametrize(
    "path", ["/", "", "?q=1", "/${$.x}"], ids=["path", "bare", "query", "expression"]
)
def test_a_host_that_cannot_exist_is_an_error_of_the_url(host: str, path: str) -> None:
    """Found when the definition is checked, in each place it may end, with an expression behind it
    too.
    """
    definition = {
        "type": "Http",
        "inputParameters": {"x": "a"},
        "httpRequest": {"url": f"https://{host}{path}"},
        "end": True,
    }
    with runtime() as shared:
        found = HttpTask(definition, runtime=shared).problems()
    assert ("/httpRequest/url", "error") in [
        (problem.pointer, problem.severity) for problem in found
    ]


@pytest.mark.parametrize("host", HOSTS_THAT_CAN)
def test_a_host_that_can_exist_is_none(host: str) -> None:
    """httpx, which connects, takes each of them."""
    assert address_problems(f"https://{host}/a") == []
    assert httpx.URL(f"https://{host}/a").host


@pytest.mark.parametrize("host", HOSTS_THAT_CANNOT_BE)
def test_a_host_that_an_expression_yields_is_checked_like_a_written_one(host: str) -> None:
    """Before anything is sent."""
    for url, given in (("${$.u}", f"https://{host}/"), ("https://{h}/", host)):
        request = {"url": url} | ({"pathParameters": {"h": "${$.u}"}} if "{h}" in url else {})
        definition = {
            "type": "Http",
            "inputParameters": {"u": given},
            "httpRequest": request,
            "end": True,
        }
        with runtime() as shared, pytest.raises(errors.SettingsError):
            HttpTask(definition, runtime=shared).call()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.acme.example${$.path}", ["warning"]),
        ("https://api.acme.example${$.path}?a=1", ["warning"]),
        ("https://api.acme.example:8080${$.path}", ["warning"]),
        ("http://localhost${$.path}/x", ["warning"]),
        ("https://api.acme.example/${$.path}", []),
        ("https://api.acme.${$.domain}/x", []),
        ("https://api.acme.example:${$.port}/x", []),
        ("https://api${$.number}.acme.example/x", []),
        ("https://${$.host}/x", []),
        ("${$.url}", []),
    ],
)
def test_an_expression_right_behind_a_host_is_a_warning(url: str, expected: list[str]) -> None:
    """What it yields would go on with the name of the server, to one of somebody else's."""
    names = ("path", "domain", "port", "number", "host", "url")
    definition = {
        "type": "Http",
        "inputParameters": dict.fromkeys(names, "a"),
        "httpRequest": {"url": url},
        "end": True,
    }
    with runtime() as shared:
        found = HttpTask(definition, runtime=shared).problems()
    assert [problem.severity for problem in found] == expected
    assert {problem.pointer for problem in found} <= {"/httpRequest/url"}


def test_progress_counts_attempts_from_the_first_that_begins() -> None:
    """Nothing was tried where the settings are refused; who watches sees 0, and then 1."""
    for url, attempts in (("http://127.0.0.1:1/a b", 0), ("http://127.0.0.1:1/a", 1)):
        progress = Progress()
        context = contextvars.copy_context()
        context.run(watched.set, progress)
        with runtime() as shared, pytest.raises(errors.HttpTaskError):
            context.run(HttpTask(http(url), name="task", runtime=shared).call)
        assert progress.attempt == attempts


def test_the_exchange_of_a_stopped_run_has_the_response_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who stops a run while its response is judged sees the body parsed, though nobody else looks
    at the exchange of a run that succeeds.
    """

    async def stopped() -> Progress:
        progress, is_judging = Progress(), asyncio.Event()

        async def judge(self: Judge, result: TaskResult, view: View) -> None:
            is_judging.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(Judge, "__call__", judge)
        watched.set(progress)
        async with runtime() as shared:
            definition = http(server.url, successCondition="${$.body.ok}")
            task = asyncio.create_task(HttpTask(definition, runtime=shared).acall())
            await is_judging.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return progress

    with servers.raw_server(servers.respond(servers.OK)) as server:
        seen = asyncio.run(stopped()).exchange
    assert seen is not None
    assert seen.response is not None
    assert (seen.response.decoded, seen.response.decoded_as) == ({"ok": True}, "json")


@pytest.mark.parametrize("way", ["call", "test_request"])
def test_a_result_is_never_written_out(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repr of a body of megabytes takes seconds, and `asyncio.run` asks for its task's."""
    written: list[str] = []
    for returned in (TaskResult, Exchange):
        monkeypatch.setattr(returned, "__repr__", lambda self: written.append(way) or "…")
    answer = servers.respond(servers.response(b"[0]", servers.JSON))
    with servers.raw_server(answer) as server, runtime() as shared:
        task = HttpTask(http(server.url), name="task", runtime=shared)
        getattr(task, way)()
    assert written == []
