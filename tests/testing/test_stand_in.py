"""The stand-in of the Procore endpoint, driven by curl, http.client and bare sockets: nothing of
ours judges it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from httptask.testing import StandIn
from httptask.testing.stand_in import MAX_BODY_BYTES
from places import DATA
from servers import HANG_SECONDS, curl

PAGE = DATA / "pages" / "procore-rest-v1-0-project-project_id-email_communications-post-176.txt"
PATH = "/rest/v1.0/project/1001/email_communications"
QUERY = "topic_id=7&topic_type=rfi"
BODY = {
    "communication": {"subject": "RFI answered"},
    "email": {"body": "Done.", "distribution_ids": [881]},
}


@dataclass(frozen=True)
class Call:
    """One request, whole and right unless a test changes it."""

    method: str = "POST"
    target: str = f"{PATH}?{QUERY}"
    headers: tuple[tuple[str, str], ...] = (
        ("Procore-Company-Id", "42"),
        ("Content-Type", "application/json"),
    )
    body: bytes = field(default_factory=lambda: json.dumps(BODY).encode())


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case, in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def errors(self) -> dict[str, str]:
        return {error["where"]: error["reason"] for error in self.json["errors"]}


def by_http_client(url: str, call: Call) -> Answer:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=HANG_SECONDS)
    with contextlib.closing(connection):
        return over(connection, call)


def over(connection: http.client.HTTPConnection, call: Call) -> Answer:
    connection.putrequest(call.method, call.target, skip_accept_encoding=True)
    for name, value in call.headers:
        connection.putheader(name, value)
    if call.body:
        connection.putheader("Content-Length", str(len(call.body)))
    connection.endheaders(call.body or None)
    with connection.getresponse() as response:
        headers = [(name.lower(), value) for name, value in response.getheaders()]
        return Answer(response.status, headers, response.read())


def by_curl(url: str, call: Call) -> Answer:
    named = {name.lower() for name, _ in call.headers}
    # curl names a form's type by itself unless told otherwise.
    silenced = [] if "content-type" in named else ["-H", "Content-Type:"]
    headers = [part for name, value in call.headers for part in ("-H", f"{name}: {value}")]
    body = ["--data-binary", "@-"] if call.body else []
    done = curl(
        *(["-I"] if call.method == "HEAD" else ["-X", call.method]),
        *("--globoff", "--path-as-is"),
        *silenced,
        *headers,
        *body,
        url + call.target,
        stdin=call.body.decode() if call.body else None,
    )
    assert done.returncode == 0, done.stderr
    return parsed(done.stdout)


def parsed(text: str) -> Answer:
    """Read the last response of what `curl -i` printed; an interim one stands before it."""
    head, _, body = text.partition("\n\n")
    while head.startswith("HTTP/1.1 100"):
        head, _, body = body.partition("\n\n")
    status, *lines = head.split("\n")
    headers = [
        (name.lower(), value.strip())
        for name, _, value in (line.partition(":") for line in lines if line)
    ]
    return Answer(int(status.split()[1]), headers, body.encode())


CLIENTS: dict[str, Callable[[str, Call], Answer]] = {"curl": by_curl, "http.client": by_http_client}


@pytest.fixture(params=CLIENTS)
def send(request: pytest.FixtureRequest) -> Callable[[str, Call], Answer]:
    return CLIENTS[request.param]


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


def target(query: str) -> Call:
    return Call(target=f"{PATH}?{query}")


def headers(*pairs: tuple[str, str]) -> Call:
    return Call(headers=pairs)


def body(document: Any) -> Call:
    return Call(body=document if isinstance(document, bytes) else json.dumps(document).encode())


COMPANY, TYPE = Call().headers
CURL_HEADERS = [part for name, value in Call().headers for part in ("-H", f"{name}: {value}")]

# A call, the status it gets, and every place its answer must name.
REFUSED: dict[str, tuple[Call, int, list[str]]] = {
    "path-unknown": (
        Call(target=f"/rest/v1.1/project/1/email_communications?{QUERY}"),
        404,
        ["path"],
    ),
    "path-longer": (Call(target=f"{PATH}/901?{QUERY}"), 404, ["path"]),
    "path-trailing-slash": (Call(target=f"{PATH}/?{QUERY}"), 404, ["path"]),
    "path-double-slash": (Call(target=f"/{PATH}?{QUERY}"), 404, ["path"]),
    "path-bad-percent": (
        Call(target=f"/rest/v1.0/project/%zz/email_communications?{QUERY}"),
        400,
        ["path"],
    ),
    "project-id-text": (
        Call(target=Call().target.replace("1001", "abc")),
        400,
        ["path.project_id"],
    ),
    "project-id-unfilled": (
        Call(target=Call().target.replace("1001", "{project_id}")),
        400,
        ["path.project_id"],
    ),
    "project-id-empty": (Call(target=Call().target.replace("1001", "")), 400, ["path.project_id"]),
    "project-id-float": (
        Call(target=Call().target.replace("1001", "1001.0")),
        400,
        ["path.project_id"],
    ),
    "project-id-encoded-slash": (
        Call(target=Call().target.replace("1001", "1%2F2")),
        400,
        ["path.project_id"],
    ),
    "method-get": (Call(method="GET", body=b""), 405, ["method"]),
    "method-put": (Call(method="PUT"), 405, ["method"]),
    "method-delete": (Call(method="DELETE"), 405, ["method"]),
    "method-made-up": (Call(method="BREW"), 405, ["method"]),
    "content-type-missing": (headers(COMPANY), 415, ["headers.Content-Type"]),
    "content-type-form": (
        headers(COMPANY, ("Content-Type", "application/x-www-form-urlencoded")),
        415,
        ["headers.Content-Type"],
    ),
    "content-type-charset": (
        headers(COMPANY, ("Content-Type", "application/json; charset=latin-1")),
        415,
        ["headers.Content-Type"],
    ),
    "content-type-twice": (headers(COMPANY, TYPE, TYPE), 415, ["headers.Content-Type"]),
    "company-missing": (headers(TYPE), 400, ["headers.Procore-Company-Id"]),
    "company-text": (
        headers(TYPE, ("Procore-Company-Id", "acme")),
        400,
        ["headers.Procore-Company-Id"],
    ),
    "company-twice": (headers(TYPE, COMPANY, COMPANY), 400, ["headers.Procore-Company-Id"]),
    "topic-id-missing": (target("topic_type=rfi"), 400, ["query.topic_id"]),
    "topic-id-empty": (target("topic_id=&topic_type=rfi"), 400, ["query.topic_id"]),
    "topic-id-text": (target("topic_id=seven&topic_type=rfi"), 400, ["query.topic_id"]),
    "topic-id-plus": (target("topic_id=+7&topic_type=rfi"), 400, ["query.topic_id"]),
    "topic-id-other-digits": (target("topic_id=%D9%A7&topic_type=rfi"), 400, ["query.topic_id"]),
    "topic-id-5000-digits": (
        target(f"topic_id={'9' * 5000}&topic_type=rfi"),
        400,
        ["query.topic_id"],
    ),
    "topic-id-twice": (target(f"{QUERY}&topic_id=7"), 400, ["query.topic_id"]),
    "topic-type-missing": (target("topic_id=7"), 400, ["query.topic_type"]),
    "topic-type-unknown": (target("topic_id=7&topic_type=rfis"), 400, ["query.topic_type"]),
    "topic-type-case": (target("topic_id=7&topic_type=RFI"), 400, ["query.topic_type"]),
    "topic-type-twice": (target(f"{QUERY}&topic_type=form"), 400, ["query.topic_type"]),
    "query-unknown": (target(f"{QUERY}&page=1"), 400, ["query.page"]),
    "query-plus-is-space": (target(f"{QUERY}&a+b=1"), 400, ["query.a b"]),
    "query-empty-pair": (target(f"{QUERY}&"), 400, ["query."]),
    "query-not-utf-8": (target(f"{QUERY}&x=%ff"), 400, ["query"]),
    "query-none": (Call(target=PATH), 400, ["query.topic_id", "query.topic_type"]),
    "all-at-once": (
        Call(target="/rest/v1.0/project/x/email_communications?topic_type=y&z=1", headers=(TYPE,)),
        400,
        [
            "path.project_id",
            "query.topic_id",
            "query.topic_type",
            "query.z",
            "headers.Procore-Company-Id",
        ],
    ),
    "body-empty": (body(b""), 400, ["body"]),
    "body-not-json": (body(b'{"communication": {},\n "email": }'), 400, ["body"]),
    "body-cut": (body(b'{"communication": {}'), 400, ["body"]),
    "body-nan": (body(b'{"communication": {}, "email": {"form_ids": [NaN]}}'), 400, ["body"]),
    "body-infinite": (
        body(b'{"communication": {}, "email": {"form_ids": [1e999]}}'),
        400,
        ["body"],
    ),
    "body-5000-digits": (body(b"9" * 5000), 400, ["body"]),
    "body-member-twice": (body(b'{"communication": {}, "email": {}, "email": {}}'), 400, ["body"]),
    "body-deep": (body(b"[" * 100_000 + b"]" * 100_000), 400, ["body"]),
    "body-too-deep": (
        body({**BODY, "email": {"form_ids": json.loads("[" * 150 + "]" * 150)}}),
        400,
        ["body"],
    ),
    "body-bom": (body(b'\xef\xbb\xbf{"communication": {}, "email": {}}'), 400, ["body"]),
    "body-array": (body([BODY]), 422, ["body"]),
    "body-null": (body(None), 422, ["body"]),
    "communication-missing": (body({"email": {}}), 422, ["body.communication"]),
    "email-missing": (body({"communication": {}}), 422, ["body.email"]),
    "both-missing": (body({}), 422, ["body.communication", "body.email"]),
    "email-null": (body({**BODY, "email": None}), 422, ["body.email"]),
    "communication-text": (body({**BODY, "communication": "RFI"}), 422, ["body.communication"]),
    "subject-number": (
        body({**BODY, "communication": {"subject": 5}}),
        422,
        ["body.communication.subject"],
    ),
    "subject-null": (
        body({**BODY, "communication": {"subject": None}}),
        422,
        ["body.communication.subject"],
    ),
    "array-text": (
        body({**BODY, "email": {"distribution_ids": "881"}}),
        422,
        ["body.email.distribution_ids"],
    ),
    "array-object": (
        body({**BODY, "email": {"image_ids": {"0": 1}}}),
        422,
        ["body.email.image_ids"],
    ),
    "field-unknown": (body({**BODY, "attachments": []}), 422, ["body.attachments"]),
    "email-field-unknown": (body({**BODY, "email": {"subject": "x"}}), 422, ["body.email.subject"]),
    "flat-names": (
        body({"communication": {}, "email": {}, "email.body": "x"}),
        422,
        ["body.email.body"],
    ),
    "many-fields": (
        body({"communication": {"a": 1}, "email": {"body": True, "form_ids": 3}}),
        422,
        ["body.communication.a", "body.email.body", "body.email.form_ids"],
    ),
}


@pytest.mark.parametrize(("call", "status", "places"), REFUSED.values(), ids=REFUSED)
def test_refuses_and_says_where(
    stand_in: StandIn,
    send: Callable[[str, Call], Answer],
    call: Call,
    status: int,
    places: list[str],
) -> None:
    """What the page does not allow gets a status of its own, and every place that is wrong is named
    with a reason.
    """
    answer = send(stand_in.url, call)
    assert answer.status == status
    assert sorted(answer.errors) == sorted(places)
    assert all(answer.errors.values())
    assert answer.values("Content-Type") == ["application/json"]
    assert [request.body for request in stand_in.requests] == [call.body]


def test_creates_what_was_asked(stand_in: StandIn, send: Callable[[str, Call], Answer]) -> None:
    """A right request is answered 201 with what was created, its place, and two cookies in
    order.
    """
    answer = send(stand_in.url, Call())
    assert answer.status == 201
    assert answer.values("Content-Type") == ["application/json"]
    assert answer.values("Location") == [f"{PATH}/901"]
    assert answer.values("Set-Cookie") == ["session=901; Path=/; HttpOnly", "region=us; Path=/"]
    assert answer.values("X-Request-Id") == ["stand-in-901"]
    created = answer.json
    assert (
        datetime.strptime(created.pop("created_at"), "%Y-%m-%dT%H:%M:%S%z").utcoffset() is not None
    )
    assert created == {
        "id": 901,
        "project_id": 1001,
        "topic_id": 7,
        "topic_type": "rfi",
        "subject": "RFI answered",
        "distribution_ids": [881],
    }
    assert send(stand_in.url, Call()).json["id"] == 902


def test_remembers_what_it_received(stand_in: StandIn) -> None:
    """`requests` holds method, target, headers in order with duplicates and spelling, and the
    body's bytes.
    """
    extra = (("x-b", "2"), ("X-A", "1"), ("x-b", "3"), ("X-Latin", "caf\xe9"))
    call = replace(Call(), headers=Call().headers + extra)
    by_http_client(stand_in.url, call)
    (request,) = stand_in.requests
    host = ("Host", stand_in.url.removeprefix("http://"))
    assert (request.method, request.target, request.version) == ("POST", call.target, "HTTP/1.1")
    assert request.headers == (host, *call.headers, ("Content-Length", str(len(call.body))))
    assert request.body == call.body
    assert request.values("X-B") == ["2", "3"]


def test_knows_the_page(stand_in: StandIn) -> None:
    """Every topic type and every body field of the page is accepted, and a refusal lists all twenty
    topic types.
    """
    page = PAGE.read_text(encoding="utf-8")
    topic_types = re.findall(r'^  • "(\w+)"$', page, re.MULTILINE)
    rows = re.findall(
        r"^(communication|email)\.(\w+)(?:\[\])? (Array|String) No$", page, re.MULTILINE
    )
    assert (len(topic_types), len(rows)) == (20, 11)
    whole: dict[str, dict[str, Any]] = {"communication": {}, "email": {}}
    for parent, name, kind in rows:
        whole[parent][name] = ["any", 1, None] if kind == "Array" else "text"
    connection = http.client.HTTPConnection(
        stand_in.url.removeprefix("http://"), timeout=HANG_SECONDS
    )
    with contextlib.closing(connection):
        for topic_type in topic_types:
            answer = over(
                connection,
                replace(body(whole), target=f"{PATH}?topic_type={topic_type}&topic_id=7"),
            )
            assert (answer.status, answer.json["topic_type"]) == (201, topic_type)
        refused = over(connection, target("topic_id=7&topic_type=email"))
    assert set(re.findall(r"\w+", refused.errors["query.topic_type"])) >= set(topic_types)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(body({"communication": {}, "email": {}}), id="only-what-is-required"),
        pytest.param(target("topic_type=rfi&topic_id=-7"), id="negative"),
        pytest.param(target("topic%5Fid=%37&topic_type=%72fi"), id="percent-encoded"),
        pytest.param(
            headers(COMPANY, ("content-type", 'Application/JSON; Charset="UTF-8"')), id="charset"
        ),
        pytest.param(body({"communication": {"subject": "née 🏗"}, "email": {}}), id="beyond-ascii"),
        pytest.param(
            body({"communication": {"subject": "\ud800"}, "email": {}}), id="lone-surrogate"
        ),
    ],
)
def test_accepts_every_spelling(
    stand_in: StandIn, send: Callable[[str, Call], Answer], call: Call
) -> None:
    """What means the same is the same: the stand-in refuses what is wrong, not what is unusual."""
    answer = send(stand_in.url, call)
    assert answer.status == 201, answer.body
    assert answer.json["subject"] == json.loads(call.body)["communication"].get("subject")


def test_reasons_help() -> None:
    """A refusal names the right path, the allowed method, and the line and column of broken
    JSON.
    """
    with StandIn() as stand_in:
        path = by_curl(stand_in.url, REFUSED["path-unknown"][0]).errors["path"]
        method = by_curl(stand_in.url, REFUSED["method-get"][0])
        broken = by_curl(stand_in.url, REFUSED["body-not-json"][0]).errors["body"]
        binary = by_http_client(stand_in.url, body(b'{"communication": "\xff"}')).errors["body"]
    assert "POST /rest/v1.0/project/{project_id}/email_communications" in path
    assert (method.values("Allow"), "POST" in method.errors["method"]) == (["POST"], True)
    assert "line 2, column 11 (character 32)" in broken
    assert "byte 19 (0xff)" in binary


def test_reasons_stay_short(stand_in: StandIn) -> None:
    """However much is wrong, and however long the names, the refusal is one a person can read."""
    flood = {f"{i:05}" + "x" * 100: i for i in range(8000)}
    answer = by_http_client(stand_in.url, body(flood))
    assert answer.status == 422
    assert len(answer.body) < 30_000


def test_head_has_no_body(stand_in: StandIn, send: Callable[[str, Call], Answer]) -> None:
    """HEAD is refused like any other method, with the headers only (RFC 9110, section 9.3.2)."""
    answer = send(stand_in.url, Call(method="HEAD", body=b""))
    assert (answer.status, answer.values("Allow"), answer.body) == (405, ["POST"], b"")
    assert spoken(stand_in, head("Connection: close", method="HEAD")).endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="missing"),
        pytest.param("Bearer wrong", id="wrong"),
        pytest.param("Bearer", id="empty"),
        pytest.param("Basic c2VjcmV0", id="basic"),
        pytest.param("secret-token", id="no-scheme"),
        pytest.param("Bearer secret-token2", id="longer"),
        pytest.param("Bearer caf\xe9", id="not-ascii"),
    ],
)
def test_asks_for_the_token(value: str | None) -> None:
    """With a token, a request without it gets 401 and a challenge, and the reason repeats no
    token.
    """
    given = () if value is None else (("Authorization", value),)
    with StandIn(token="secret-token") as stand_in:
        answer = by_http_client(stand_in.url, replace(Call(), headers=Call().headers + given))
    assert answer.status == 401
    assert answer.values("WWW-Authenticate") == ['Bearer realm="stand-in"']
    assert list(answer.errors) == ["headers.Authorization"]
    assert "secret" not in answer.body.decode()
    assert "wrong" not in answer.body.decode()


def test_takes_the_token(send: Callable[[str, Call], Answer]) -> None:
    """The right token opens the door, whatever the scheme's case; sent twice it does not."""
    with StandIn(token="secret-token") as stand_in:
        right = replace(Call(), headers=(*Call().headers, ("Authorization", "bearer secret-token")))
        twice = replace(right, headers=(*right.headers, right.headers[-1]))
        assert send(stand_in.url, right).status == 201
        assert send(stand_in.url, twice).status == 401


def test_fails_as_asked(send: Callable[[str, Call], Answer]) -> None:
    """The first requests get the failures asked for, in order, with Retry-After where it belongs;
    then it works.
    """
    with StandIn(failures=[503, 500, 429], retry_after=2) as stand_in:
        answers = [send(stand_in.url, Call()) for _ in range(4)]
    assert [answer.status for answer in answers] == [503, 500, 429, 201]
    assert [answer.values("Retry-After") for answer in answers] == [["2"], [], ["2"], []]
    assert answers[0].errors.keys() == {"server"}
    assert answers[3].json["id"] == 901


def test_retry_after_is_zero_by_default() -> None:
    """A failure says at once that another try may come at once."""
    with StandIn(failures=[503]) as stand_in:
        assert by_curl(stand_in.url, Call()).values("Retry-After") == ["0"]


def test_failures_must_be_failures() -> None:
    """A status that is no failure is refused where it is written."""
    with pytest.raises(ValueError, match="400 to 599"):
        StandIn(failures=[503, 200])


# ---- HTTP itself -------------------------------------------------------------------------------


def test_curl_sends_chunks(stand_in: StandIn) -> None:
    """A chunked body is accepted and seen without its framing."""
    chunked = replace(Call(), headers=(*Call().headers, ("Transfer-Encoding", "chunked")))
    assert by_curl(stand_in.url, chunked).status == 201
    assert stand_in.requests[0].body == chunked.body
    assert not stand_in.requests[0].values("Content-Length")


def test_http_client_sends_chunks(stand_in: StandIn) -> None:
    """A body in several chunks is put together, and the connection goes on after it."""
    data = Call().body
    pieces = [data[:1], data[1:20], data[20:]]
    connection = http.client.HTTPConnection(
        stand_in.url.removeprefix("http://"), timeout=HANG_SECONDS
    )
    with contextlib.closing(connection):
        chunked = (("Transfer-Encoding", "chunked"),)
        connection.request(
            "POST", Call().target, iter(pieces), dict(Call().headers + chunked), encode_chunked=True
        )
        with connection.getresponse() as response:
            assert response.status == 201
            response.read()
        assert over(connection, Call()).json["id"] == 902
    assert stand_in.requests[0].body == data


def test_keeps_the_connection(stand_in: StandIn) -> None:
    """Two requests go over one connection, a refused one between them."""
    urls = [stand_in.url + Call().target, stand_in.url + PATH, stand_in.url + Call().target]
    sent = [*CURL_HEADERS, "-d", json.dumps(BODY)]
    done = curl(*sent, "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", *_thrice(urls))
    assert done.stdout.splitlines() == ["201 1", "400 0", "201 0"]


def _thrice(urls: list[str]) -> list[str]:
    # One -o serves one URL.
    return [urls[0], *(part for url in urls[1:] for part in ("-o", "/dev/null", url))]


def test_continue_is_sent(stand_in: StandIn) -> None:
    """A client that expects 100 gets it, and then its answer."""
    done = curl(
        *(*CURL_HEADERS, "-H", "Expect: 100-continue", "--expect100-timeout", "60"),
        *("-d", json.dumps(BODY), stand_in.url + Call().target),
    )
    assert done.stdout.startswith("HTTP/1.1 100 Continue\n\nHTTP/1.1 201 Created\n")


def test_refused_before_the_body_is_sent(stand_in: StandIn) -> None:
    """A client that waits for 100 is refused at once when its head is wrong, and need not send the
    body.
    """
    answer = spoken(
        stand_in, head("Content-Length: 100", "Expect: 100-continue", target=f"{PATH}?topic_id=7")
    )
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"query.topic_type" in answer
    assert b"\r\nConnection: close\r\n" in answer
    assert [request.target for request in stand_in.requests] == [f"{PATH}?topic_id=7"]


def test_largest_body(stand_in: StandIn, send: Callable[[str, Call], Answer]) -> None:
    """A body of exactly the limit is read, one byte more gets 413, and the answer is not lost in a
    reset.
    """
    bare = len(json.dumps({"communication": {"subject": ""}, "email": {}}))
    for size, status in (
        (MAX_BODY_BYTES, 201),
        (MAX_BODY_BYTES + 1, 413),
        (3 * MAX_BODY_BYTES, 413),
    ):
        call = body({"communication": {"subject": "x" * (size - bare)}, "email": {}})
        assert len(call.body) == size
        assert send(stand_in.url, call).status == status


def test_largest_chunked_body(stand_in: StandIn) -> None:
    """A chunked body has the same limit, though it does not say its size."""
    call = body({"communication": {"subject": "x" * MAX_BODY_BYTES}, "email": {}})
    answer = by_curl(
        stand_in.url, replace(call, headers=(*call.headers, ("Transfer-Encoding", "chunked")))
    )
    assert (answer.status, list(answer.errors)) == (413, ["body"])


def head(
    *lines: str, method: str = "POST", target: str = Call().target, host: str = "Host: x\r\n"
) -> bytes:
    named = [*(f"{name}: {value}" for name, value in Call().headers), *lines]
    return (
        f"{method} {target} HTTP/1.1\r\n{host}".encode()
        + "".join(f"{line}\r\n" for line in named).encode()
        + b"\r\n"
    )


def spoken(stand_in: StandIn, data: bytes) -> bytes:
    """Send *data* over a bare socket and return everything until the server closes."""
    with connected(stand_in) as sock:
        sock.sendall(data)
        return b"".join(iter(lambda: sock.recv(65_536), b""))


def connected(stand_in: StandIn) -> socket.socket:
    host, port = stand_in.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=HANG_SECONDS)


@pytest.mark.parametrize(
    ("data", "status", "where"),
    [
        pytest.param(b"hello\r\n\r\n", 400, b"request line", id="no-request"),
        pytest.param(head(target="/caf\xe9"), 400, b"request line", id="target-not-ascii"),
        pytest.param(
            head(target=f"{PATH}?topic_id=7 &topic_type=rfi"),
            400,
            b"request line",
            id="target-with-space",
        ),
        pytest.param(
            head("Connection: close", target=f"{PATH}?{QUERY}#x"), 400, b"target", id="fragment"
        ),
        pytest.param(head(target="/" + "x" * 70_000), 414, b"request line", id="endless-target"),
        pytest.param(head(host=""), 400, b"headers.Host", id="no-host"),
        pytest.param(head("Host: y"), 400, b"headers.Host", id="two-hosts"),
        pytest.param(head("no colon"), 400, b"headers", id="no-colon"),
        pytest.param(head("X-A : 1"), 400, b"headers", id="space-before-colon"),
        pytest.param(head("X-A: 1\rX-B: 2"), 400, b"headers", id="bare-cr"),
        pytest.param(head("X-A: 1\nX-B: 2"), 400, b"headers", id="bare-lf"),
        pytest.param(head("X-A: 1\r\n folded"), 400, b"headers", id="folded"),
        pytest.param(head("X-A: 1\0"), 400, b"headers", id="nul"),
        pytest.param(head(*["X-A: 1"] * 101), 431, b"headers", id="many-headers"),
        pytest.param(head("X-A: " + "x" * 70_000), 431, b"headers", id="long-header"),
        pytest.param(
            head("Content-Length: -1"), 400, b"headers.Content-Length", id="negative-length"
        ),
        pytest.param(
            head("Content-Length: 1", "Content-Length: 1"),
            400,
            b"headers.Content-Length",
            id="two-lengths",
        ),
        pytest.param(
            head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
            400,
            b"headers.Transfer-Encoding",
            id="length-and-chunks",
        ),
        pytest.param(
            head("Transfer-Encoding: gzip"), 501, b"headers.Transfer-Encoding", id="unknown-coding"
        ),
        pytest.param(head("Expect: coffee"), 417, b"headers.Expect", id="unknown-expectation"),
        pytest.param(
            head("Transfer-Encoding: chunked") + b"xyz\r\n", 400, b"body", id="bad-chunk-size"
        ),
        pytest.param(
            head("Transfer-Encoding: chunked") + b"2\r\nabXY0\r\n\r\n",
            400,
            b"body",
            id="bad-chunk-end",
        ),
    ],
)
def test_refuses_bad_framing(stand_in: StandIn, data: bytes, status: int, where: bytes) -> None:
    """What is no HTTP/1.1 is refused with its reason, and the connection is closed (RFC 9112)."""
    answer = spoken(stand_in, data)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b'{"errors": [{"where": "%s", "reason": ' % where in answer
    assert b"\r\nConnection: close\r\n" in answer


def test_http_1_0_is_answered_and_closed(stand_in: StandIn) -> None:
    """An HTTP/1.0 client needs no Host and gets its answer with the connection's end."""
    request = (
        head(f"Content-Length: {len(Call().body)}", host="").replace(b"HTTP/1.1", b"HTTP/1.0")
        + Call().body
    )
    assert spoken(stand_in, request).startswith(b"HTTP/1.1 201 Created\r\n")


def test_absolute_form_is_understood(stand_in: StandIn) -> None:
    """A target with scheme and host, as a client sends it to a proxy, means the same (RFC 9112,
    section 3.2.2).
    """
    assert by_http_client(stand_in.url, Call(target=stand_in.url + Call().target)).status == 201


def test_requests_may_come_together(stand_in: StandIn) -> None:
    """Two requests sent in one packet get two answers in order (RFC 9112, section 9.3.2)."""
    length = f"Content-Length: {len(Call().body)}"
    answer = spoken(
        stand_in, head(length) + Call().body + head(length, "Connection: close") + Call().body
    )
    assert re.findall(rb'"id": (\d+)', answer) == [b"901", b"902"]


def test_many_clients_at_once(stand_in: StandIn) -> None:
    """Forty clients at once get forty different ids, and all are remembered."""
    ids: list[int] = []
    threads = [
        threading.Thread(target=lambda: ids.append(by_http_client(stand_in.url, Call()).json["id"]))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids) == list(range(901, 941))
    assert len(stand_in.requests) == 40


# ---- Start and stop ----------------------------------------------------------------------------


def test_stop_leaves_nothing() -> None:
    """After the block the port is closed and no thread is left, though clients still hold
    connections open.
    """
    before = set(threading.enumerate())
    with contextlib.ExitStack() as stack:
        with StandIn() as stand_in:
            address = stand_in.url.removeprefix("http://").split(":")
            idle = http.client.HTTPConnection(":".join(address), timeout=HANG_SECONDS)
            stack.enter_context(contextlib.closing(idle))
            assert over(idle, Call()).status == 201
            half = stack.enter_context(connected(stand_in))
            half.sendall(head(f"Content-Length: {len(Call().body)}") + Call().body + b"POST /rest")
            assert half.recv(65_536).startswith(b"HTTP/1.1 201 ")
            waiting = stack.enter_context(connected(stand_in))
            waiting.sendall(head("Content-Length: 100", "Expect: 100-continue"))
            assert waiting.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert set(threading.enumerate()) == before
        assert waiting.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address[0], int(address[1])), timeout=HANG_SECONDS)
    assert len(stand_in.requests) == 2
    with pytest.raises(RuntimeError, match="not running"):
        _ = stand_in.url


def test_stops_when_the_block_fails() -> None:
    """An error inside the block stops the server too, and is not swallowed."""
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), StandIn():
        _ = 1 / 0
    assert set(threading.enumerate()) == before


def test_same_port_again() -> None:
    """A port that has just been used can be taken again; one in use cannot."""
    with StandIn() as first:
        assert by_curl(first.url, Call()).status == 201
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), StandIn(port=port):
            pass
    with StandIn(port=port) as second:
        assert by_curl(second.url, Call()).status == 201


def test_is_quiet_unless_verbose(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed, not even when a client leaves in the middle; verbose prints a line per
    request.
    """
    for verbose, lines in (
        (False, ""),
        (True, f"POST {Call().target} -> 201\n(unreadable request) -> 400\n"),
    ):
        with StandIn(verbose=verbose) as stand_in:
            by_http_client(stand_in.url, Call())
            spoken(stand_in, b"hello\r\n\r\n")
            with connected(stand_in) as sock:
                sock.sendall(head("Content-Length: 100") + b"cut")
        assert capfd.readouterr() == ("", lines)


@contextlib.contextmanager
def foreground(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "httptask.testing.stand_in", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_foreground_ends_cleanly(number: signal.Signals) -> None:
    """`python -m httptask.testing.stand_in` prints where it listens, serves, and ends with 0 and no
    other word.
    """
    with foreground() as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert by_curl(url, Call()).status == 201
        idle = http.client.HTTPConnection(url.removeprefix("http://"), timeout=HANG_SECONDS)
        with contextlib.closing(idle):
            assert over(idle, Call()).status == 201
            process.send_signal(number)
            out, err = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, out, err) == (0, "", "")


def test_foreground_options() -> None:
    """The foreground server takes a port and a token; a port in use is one clear message and exit
    2.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with foreground("--port", str(port)) as process:
            _, err = process.communicate(timeout=HANG_SECONDS)
            assert (process.returncode, err.count("\n")) == (2, 1)
            assert f"cannot listen on 127.0.0.1:{port}" in err
    with foreground("--port", str(port), "--token", "t") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"http://127.0.0.1:{port}\n"
        assert by_curl(f"http://127.0.0.1:{port}", Call()).status == 401


def test_uses_no_other_code_of_ours() -> None:
    """The judge is independent: it runs with nothing of httptask loaded but itself and its two
    packages.
    """
    program = (
        "import httptask.testing.stand_in, sys; print(*sorted(n for n in sys.modules if"
        " n.startswith('httptask')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    others = [
        name for name in done.stdout.split() if not name.startswith("httptask.testing.stand_in")
    ]
    assert others == ["httptask", "httptask._core", "httptask._core.lazy", "httptask.testing"]
