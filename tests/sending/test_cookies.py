"""Cookies between the hops of one call (RFC 6265, section 5), judged by curl."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import servers
from httptask.model.exchange import OutgoingRequest
from httptask.sending._cookies import CookieJar
from tasks import call, exchange, http


def cookies_of(server: servers.RawServer) -> list[str | None]:
    """Return the Cookie header of each request that *server* received."""
    lines = [request.decode().split("\r\n") for request in server.received]
    return [
        next((line[8:] for line in head if line.lower().startswith("cookie: ")), None)
        for head in lines
    ]


def setting(to: str, *cookies: str) -> servers.Handler:
    """Redirect to *to* with a Set-Cookie header for each of *cookies*."""
    headers = [("Location", to), *(("Set-Cookie", cookie) for cookie in cookies)]
    return servers.respond(servers.response(b"", *headers, status="302 Found"))


def test_a_cookie_of_a_redirect_goes_with_the_next_hop() -> None:
    """A login that answers 302 with a session: the page behind it sees the session, and the result
    has it.
    """
    with servers.raw_server(
        servers.sequence(setting("/home", "sid=abc; Path=/"), servers.echo_json())
    ) as server:
        definition = http(server.url + "/login", request={"method": "POST", "body": {"user": "a"}})
        result = call(definition)
        assert cookies_of(server) == [None, "sid=abc"]
    assert result.headers["set-cookie"] == ["sid=abc; Path=/"]


def test_every_hops_cookies_are_in_the_result_and_masked_where_they_are_sent() -> None:
    """In order, the last response's own at the end; an exchange shows no session that a later hop
    sent.
    """
    last = servers.respond(servers.response(b"{}", servers.JSON, ("Set-Cookie", "c=3")))
    chain = servers.sequence(setting("/b", "a=1", "b=s3ssion"), setting("/c", "a=2"), last)
    with servers.raw_server(chain) as server:
        seen = exchange(http(server.url + "/a", request={"cookies": {"own": "x"}}))
        assert cookies_of(server) == ["own=x", "own=x; a=1; b=s3ssion", "own=x; a=2; b=s3ssion"]
    sent = [dict(hop.request.headers).get("Cookie") for hop in seen.attempts[0].hops]
    assert sent[0] == "own=x"
    assert "s3ssion" not in str(sent[1:])
    with servers.raw_server(
        servers.sequence(setting("/b", "a=1", "b=2"), setting("/c", "a=2"), last)
    ) as server:
        assert call(http(server.url + "/a")).headers["set-cookie"] == ["a=1", "b=2", "a=2", "c=3"]


def test_what_a_response_sets_replaces_what_the_author_gave() -> None:
    """A rotated or taken back session is the server's to say; the author's other cookies stay."""
    given = {"cookies": {"sid": "old", "lang": "en"}}
    for line, then in (("sid=new", "lang=en; sid=new"), ("sid=; Max-Age=0", "lang=en")):
        with servers.raw_server(
            servers.sequence(setting("/b", line), servers.echo_json())
        ) as server:
            call(http(server.url + "/a", request=given))
            assert cookies_of(server) == ["sid=old; lang=en", then]


def test_a_cookie_stays_with_the_server_that_set_it() -> None:
    """Another origin gets neither the author's cookies nor the server's; on the way back the
    server's own go again.
    """
    with servers.raw_server(servers.sequence(servers.echo_json())) as other:
        with servers.raw_server(setting(other.url + "/b", "sid=abc; Path=/")) as server:
            call(http(server.url, request={"cookies": {"own": "x"}}))
        assert cookies_of(other) == [None]
    with servers.raw_server(servers.silent()) as there:
        back = servers.sequence(setting(there.url + "/ask", "sid=abc; Path=/"), servers.echo_json())
        with servers.raw_server(back) as server:
            there._handler = servers.redirect(server.url + "/back")
            call(http(server.url + "/start", request={"cookies": {"own": "x"}}))
            assert cookies_of(server) == ["own=x", "sid=abc"]
        assert cookies_of(there) == [None]


def test_an_attempt_begins_without_the_cookies_of_the_one_before() -> None:
    """Each attempt is the whole call again, as its author wrote it."""
    busy = servers.respond(servers.response(b"", status="503 Busy"))
    chain = servers.sequence(
        setting("/b", "sid=1"), busy, setting("/b", "sid=2"), servers.echo_json()
    )
    with servers.raw_server(chain) as server:
        call(http(server.url + "/a", retry={"intervalSeconds": 0}))
        assert cookies_of(server) == [None, "sid=1", None, "sid=2"]


def attached(setter: str, lines: Sequence[str], target: str) -> str | None:
    """Return the Cookie header that our jar sends to *target* after *setter* answered with
    *lines*.
    """
    jar = CookieJar()
    jar.store(setter, lines)
    return jar.attached(OutgoingRequest("GET", target)).header("Cookie")


CASES = [
    ("/a/b", ["n=1"], "/a/c"),
    ("/a/b", ["n=1"], "/a"),
    ("/a/b", ["n=1"], "/ab"),
    ("/a/b", ["n=1"], "/"),
    ("/a", ["n=1"], "/b"),
    ("/a/", ["n=1; Path=/a"], "/a/b"),
    ("/a/", ["n=1; Path=/a"], "/abc"),
    ("/a/", ["n=1; Path=/b"], "/b/x"),
    ("/a/", ["n=1; Path=b"], "/a/x"),
    ("/", ["n=1; Path=/", "n=2; Path=/x", "m=3; Path=/x/y"], "/x/y"),
    ("/", ["n=1", "n=2"], "/"),
    ("/", ["n=1", "n=; Max-Age=0"], "/"),
    ("/", ["n=1", "n=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "/"),
    ("/", ["n=1; Expires=Wed, 09-Jun-2021 10:18:14 GMT"], "/"),
    ("/", ["n=1; Expires=Wed, 09 Jun 2021 10:18:14 GMT; Max-Age=60"], "/"),
    ("/", ["n=1; Expires=Tue, 01 Jan 2030 10:18:14 GMT; Max-Age=0"], "/"),
    ("/", ["n=1; Expires=soon"], "/"),
    ("/", ["n=1; HttpOnly; SameSite=Strict"], "/"),
    ("/", ['n="a b"; Path=/'], "/"),
    ("/", ["n=a=b=c"], "/"),
    ("/", ["n="], "/"),
    ("/", [" n = 1 ; Path=/"], "/"),
    ("/", ["=x"], "/"),
    ("/", ["n=1; Domain=127.0.0.1"], "/"),
    ("/", ["n=1; Domain=.0.0.1"], "/"),
    ("/", ["n=1; Domain=0.0.1"], "/"),
    ("/", ["n=1; Domain=acme.example"], "/"),
    ("/", ["n=1; Domain="], "/"),
]


@pytest.mark.parametrize(("path", "lines", "target"), CASES, ids=lambda value: str(value))
def test_which_cookies_go_where_as_curl_sends_them(
    path: str, lines: list[str], target: str
) -> None:
    """Paths, ages, domains and what is no cookie at all: the same Cookie header as curl's engine
    sends.
    """
    chain = servers.sequence(setting(target, *lines), servers.echo_json())
    with servers.raw_server(chain) as server:
        servers.curl("-L", "-b", "", server.url + path)
        expected = cookies_of(server)[1]
        assert attached(server.url + path, lines, server.url + target) == expected


HOSTS = [
    ("http://login.acme.example/", "n=1; Domain=acme.example", "http://app.acme.example/", "n=1"),
    ("http://login.acme.example/", "n=1; Domain=.ACME.example", "https://acme.example/", "n=1"),
    ("http://login.acme.example/", "n=1", "http://app.acme.example/", None),
    ("http://acme.example/", "n=1", "http://login.acme.example/", None),
    ("http://acme.example/", "n=1; Domain=login.acme.example", "http://login.acme.example/", None),
    ("http://acme.example/", "n=1; Domain=example", "http://other.example/", None),
    ("http://acme.example/", "n=1; Domain=example", "http://acme.example/", None),
    ("http://acme.example/", "n=1; Domain=acme.example", "http://notacme.example/", None),
    ("http://localhost/", "n=1; Domain=localhost", "http://localhost/", "n=1"),
    ("http://localhost/", "n=1; Domain=localhost", "http://a.localhost/", None),
    ("http://acme.example/", "n=1", "https://acme.example/", "n=1"),
    ("https://acme.example/", "n=1; Secure", "https://acme.example:443/", "n=1"),
    ("https://acme.example/", "n=1; Secure", "http://acme.example/", None),
    (
        "http://acme.example/",
        "n=1; Domain=other.example; Domain=acme.example",
        "http://acme.example/",
        "n=1",
    ),
    ("http://acme.example/", "n=1", "http://acme.example:80/", "n=1"),
    ("http://acme.example/", "n=1", "http://acme.example:443/", None),
    ("https://acme.example/", "n=1", "https://acme.example:80/", None),
    ("http://acme.example/", "n=1", "http://acme.example:8080/", None),
    ("http://acme.example/", "n=\x01", "http://acme.example/", None),
    ("http://acme.example/", "n=" + "x" * 5000, "http://acme.example/", None),
]


@pytest.mark.parametrize(("setter", "line", "target", "expected"), HOSTS)
def test_which_hosts_a_cookie_goes_to(
    setter: str, line: str, target: str, expected: str | None
) -> None:
    """Its own host, or the hosts below a `Domain` that is its own site's: never a bare top-level
    domain, nor another port.
    """
    assert attached(setter, [line], target) == expected


def test_a_server_cannot_fill_requests_with_cookies() -> None:
    """A hundred cookies are kept."""
    header = attached(
        "http://h.example/", [f"n{number}=1" for number in range(1000)], "http://h.example/"
    )
    assert header is not None
    assert header.count(";") == 99
