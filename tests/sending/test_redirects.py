"""Redirects: one hop at a time, and nothing secret across origins (RFC 9110, section 15.4)."""

from __future__ import annotations

import pytest

import servers
from httptask import errors
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Limits
from httptask.sending._redirect import circle, next_request
from tasks import call, exchange, failure, http


def heads(server: servers.RawServer) -> list[str]:
    return [request.partition(b"\r\n\r\n")[0].decode().lower() for request in server.received]


def test_a_redirect_is_followed_and_every_hop_is_in_the_exchange() -> None:
    """The result names the URL that answered; the exchange has both hops."""
    with servers.raw_server(
        servers.sequence(servers.redirect("/there?x=1", 302), servers.echo_json())
    ) as server:
        seen = exchange(http(server.url + "/here"))
        assert [hop.request.url for hop in seen.attempts[0].hops] == [
            server.url + "/here",
            server.url + "/there?x=1",
        ]
    assert seen.outcome == "success"
    with servers.raw_server(
        servers.sequence(servers.redirect("/there", 301), servers.echo_json())
    ) as server:
        assert call(http(server.url)).url == server.url + "/there"


@pytest.mark.parametrize(
    ("status", "method", "then", "body_again"),
    [
        (301, "POST", "GET", False),
        (302, "POST", "GET", False),
        (303, "POST", "GET", False),
        (303, "PUT", "GET", False),
        (307, "POST", "POST", True),
        (308, "PUT", "PUT", True),
        (301, "PUT", "PUT", True),
        (302, "HEAD", "HEAD", False),
    ],
)
def test_method_and_body_of_the_next_request(
    status: int, method: str, then: str, body_again: bool
) -> None:
    """303, and 301 or 302 on POST, become GET without a body; 307 and 308 repeat the request."""
    body = {} if method == "HEAD" else {"body": {"a": 1}}
    with servers.raw_server(
        servers.sequence(servers.redirect("/b", status), servers.echo_json())
    ) as server:
        call(http(server.url + "/a", request={"method": method, **body}))
        first, second = server.received
    assert second.startswith(f"{then} /b ".encode())
    assert second.endswith(b'{"a":1}') == body_again
    assert (b"content-type" in second.lower()) == body_again
    assert first.startswith(method.encode())


def test_across_origins_nothing_secret_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Authorization, cookies and key headers stay at home when the redirect leads to another
    origin.
    """
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", "s3cr3t-token-value")
    with servers.raw_server(servers.echo_json()) as other:
        with servers.raw_server(servers.redirect(other.url + "/b", 302)) as server:
            call(
                http(
                    server.url,
                    credentials="api",
                    request={
                        "headers": {"X-Api-Key": "k", "X-Trace": "t"},
                        "cookies": {"session": "c"},
                    },
                )
            )
        (told,) = heads(other)
        (home,) = heads(server)
    assert "authorization: bearer s3cr3t-token-value" in home
    for secret in ("authorization", "cookie", "x-api-key", "s3cr3t"):
        assert secret not in told
    assert "x-trace: t" in told


def test_on_the_same_origin_the_credential_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect within the origin keeps the authorisation."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", "s3cr3t-token-value")
    with servers.raw_server(
        servers.sequence(servers.redirect("/b"), servers.echo_json())
    ) as server:
        call(http(server.url, credentials="api"))
        assert ["authorization: bearer s3cr3t" in head for head in heads(server)] == [True, True]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "X-Auth",
            "X-Session-Id",
            "X-Pass",
            "X-Credential",
            "X-Signature",
            "X-Sig",
            "X-Token",
            "X-Client-Secret",
        ),
        *("X-Cookie", "Referer", "Idempotency-Key"),
    ],
)
def test_headers_that_may_be_secret_stay_at_home(name: str) -> None:
    """By their names, headers an author set may carry a secret: across origins one too few is
    preferred to a leak.
    """
    with servers.raw_server(servers.echo_json()) as other:
        with servers.raw_server(servers.redirect(other.url)) as server:
            call(http(server.url, request={"headers": {name: "v"}}))
        (told,) = heads(other)
    assert name.lower() not in told


@pytest.mark.parametrize("status", [302, 307])
def test_what_authorising_added_does_not_cross_whatever_its_name(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header no pattern would take for a secret stays at home because a credential put it
    there.
    """
    key = '{"type": "apiKey", "in": "header", "name": "X-Plain", "key": "s3cr3t-key"}'
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_API", key)
    with servers.raw_server(servers.echo_json()) as other:
        with servers.raw_server(servers.redirect(other.url, status)) as server:
            call(http(server.url, credentials="api"))
        (told,) = heads(other)
    assert "x-plain" not in told


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_stays_at_home(status: int) -> None:
    """Both statuses that repeat the request are refused across origins when there is a body."""
    with servers.raw_server(servers.echo_json()) as other:
        with servers.raw_server(servers.redirect(other.url, status)) as server:
            error = failure(http(server.url, request={"method": "PUT", "body": {"a": 1}}))
        assert not other.received
    assert isinstance(error, errors.RedirectError)


def test_a_key_in_the_query_does_not_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    """The query of the redirect's own target is all that goes there."""
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_API",
        '{"type": "apiKey", "in": "query", "name": "k", "key": "s3cr3t-key"}',
    )
    with servers.raw_server(servers.echo_json()) as other:
        with servers.raw_server(servers.redirect(other.url + "/b?x=1")) as server:
            call(http(server.url, credentials="api"))
        (told,) = heads(other)
    assert told.startswith("get /b?x=1 ")


def test_a_body_is_not_sent_to_another_origin() -> None:
    """307 to another origin would hand the body to a stranger: `redirect`, and the stranger hears
    nothing.
    """
    with servers.raw_server(servers.echo_json()) as other:
        with servers.raw_server(servers.redirect(other.url, 307)) as server:
            error = failure(http(server.url, request={"method": "POST", "body": {"a": 1}}))
        assert not other.received
    assert isinstance(error, errors.RedirectError)
    assert error.maybe_delivered


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("ftp://example.com/x", "a redirect to 'ftp' is not followed: only http and https are"),
        ("file:///etc/passwd", "a redirect to 'file' is not followed: only http and https are"),
        ("http://u:p@127.0.0.1/", "user name"),
        ("http://[::bad/", "a redirect to something that is no URL: "),
    ],
)
def test_what_is_not_http_is_not_followed(to: str, reason: str) -> None:
    """Other schemes, user names in the URL and things that are no URL are refused."""
    with servers.raw_server(servers.redirect(to)) as server:
        error = failure(http(server.url))
    assert isinstance(error, errors.RedirectError)
    assert reason in error.message


def test_https_does_not_fall_back_to_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect from https to http is refused."""
    with servers.raw_server(servers.echo_json()) as plain:
        with servers.tls_server(servers.redirect(plain.url), "localhost") as server:
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_pem))
            error = failure(http(server.url), allow=["localhost", "127.0.0.1"])
        assert not plain.received
    assert isinstance(error, errors.RedirectError)
    assert f"a redirect from https to http is not followed: {plain.url}" in error.message


def test_circles_and_long_chains_end() -> None:
    """A circle is named at once; a chain longer than the limit ends at it."""
    with servers.raw_server(servers.redirect("/again")) as server:
        error = failure(http(server.url + "/again"))
        assert isinstance(error, errors.RedirectError)
        assert "circle" in str(error)
    chain = [servers.redirect(f"/{n}") for n in range(20)]
    with servers.raw_server(servers.sequence(*chain)) as server:
        error = failure(http(server.url), limits=Limits(redirects=5))
        assert isinstance(error, errors.RedirectError)
        assert len(server.received) == 6


@pytest.mark.parametrize("status", [301, 302])
@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_a_circle_says_where_and_why_with_the_hops(method: str, status: int) -> None:
    """As in browsers, 301 and 302 keep every method but POST: who did not expect it reads so, with
    every hop.
    """
    there = servers.sequence(servers.redirect("/b", status), servers.redirect("/a", status))
    with servers.raw_server(there) as server:
        error = failure(http(server.url + "/a", request={"method": method}))
        assert [request.partition(b" HTTP")[0].decode() for request in server.received] == [
            f"{method} /a",
            f"{method} /b",
        ]
    assert isinstance(error, errors.RedirectError)
    assert (
        str(error)
        == f"the redirects go round in a circle, back to {method} {server.url}/a; after 301 and 302"
        f" only a POST becomes a GET (RFC 9110, section 15.4); the way there: {method}"
        f" {server.url}/a ({status}) -> {method} {server.url}/b ({status})"
    )


def test_every_redirect_that_is_not_followed_names_the_hops() -> None:
    """Too many, another scheme, a body that stays at home: the error has the requests and what
    answered them.
    """
    with servers.raw_server(
        servers.sequence(servers.redirect("/b"), servers.redirect("ftp://h/"))
    ) as server:
        error = failure(http(server.url + "/a"))
    assert str(error).endswith(
        f"; the way there: GET {server.url}/a (302) -> GET {server.url}/b (302)"
    )
    with servers.raw_server(
        servers.sequence(*(servers.redirect(f"/{n}") for n in range(3)))
    ) as server:
        error = failure(http(server.url + "/a", redirects=1))
    assert str(error).startswith("more than 1 redirects; the way there: ")


def test_the_same_url_with_another_cookie_is_no_circle() -> None:
    """A page that sets a cookie and redirects to itself is asked again, with the cookie; without
    one it is a circle.
    """
    again = [("Location", "/a"), ("Set-Cookie", "seen=1")]
    first = servers.respond(servers.response(b"", *again, status="302 Found"))
    with servers.raw_server(servers.sequence(first, servers.echo_json())) as server:
        assert call(http(server.url + "/a")).status_code == 200
    with servers.raw_server(first) as server:
        assert "circle" in str(failure(http(server.url + "/a")))
        assert len(server.received) == 2


@pytest.mark.parametrize("redirects", [0, 1, 2])
def test_a_task_says_how_many_redirects_are_followed(redirects: int) -> None:
    """0: the 302 itself is the response, a success where its author says so; more than there may be
    is `redirect`.
    """
    chain = servers.sequence(servers.redirect("/b"), servers.redirect("/c"), servers.echo_json())
    with servers.raw_server(chain) as server:
        definition = http(
            server.url + "/a", redirects=redirects, successCondition="${jsonata: statusCode < 400}"
        )
        if redirects == 1:
            assert isinstance(failure(definition), errors.RedirectError)
        else:
            result = call(definition)
            assert (result.status_code, result.url) == [
                (302, server.url + "/a"),
                None,
                (200, server.url + "/c"),
            ][redirects]
    with servers.raw_server(servers.redirect("/b")) as server:
        assert failure(http(server.url, redirects=0)).kind == "status"
        error = failure(http(server.url, redirects=5), limits=Limits(redirects=0))
        assert error.kind == "status"


def test_every_hop_passes_the_egress_rules() -> None:
    """A public server cannot send us to an address that we would not have gone to ourselves."""
    with servers.raw_server(servers.redirect("http://127.0.0.2:1/")) as server:
        error = failure(http(server.url), allow=["127.0.0.1"])
    assert isinstance(error, errors.BlockedError)
    assert "127.0.0.2" in str(error)


@pytest.mark.parametrize(
    ("url", "location", "is_same"),
    [
        ("http://h.example/a", "/b", True),
        ("http://h.example/a", "http://h.example:80/b", True),
        ("http://h.example:80/a", "http://h.example/b", True),
        ("https://h.example/a", "https://h.example:443/b", True),
        ("https://h.example:443/a", "https://h.example/b", True),
        ("http://h.example:8080/a", "http://H.EXAMPLE:8080/b", True),
        ("https://h.example/a", "//h.example:443/b", True),
        ("http://h.example/a", "http://h.example:81/b", False),
        ("http://h.example/a", "http://h.example:443/b", False),
        ("http://h.example:443/a", "http://h.example/b", False),
        ("https://h.example/a", "https://h.example:80/b", False),
        ("https://h.example/a", "https://h.example:444/b", False),
        ("http://h.example/a", "https://h.example/b", False),
        ("http://h.example:443/a", "https://h.example/b", False),
        ("http://h.example/a", "http://api.h.example/b", False),
    ],
)
def test_an_origin_is_a_scheme_a_host_and_a_port(url: str, location: str, is_same: bool) -> None:
    """A port that is left out is its scheme's (RFC 9110, sections 4.2.1 and 4.3.1); within the
    origin the credential stays.
    """
    plain = OutgoingRequest("PUT", url, [("X-Trace", "t")], b"")
    request = OutgoingRequest("PUT", url, [("X-Trace", "t"), ("Authorization", "Bearer t")], b"")
    following = next_request(request, plain, 307, location)
    assert following is not None
    assert following.headers == (request.headers if is_same else plain.headers)
    body = OutgoingRequest("PUT", url, [], b"x")
    if is_same:
        again = next_request(body, body, 307, location)
        assert again is not None
        assert (again.method, again.body) == ("PUT", b"x")
    else:
        with pytest.raises(errors.RedirectError, match="another origin"):
            next_request(body, body, 307, location)


def test_what_was_said_of_a_body_goes_with_it() -> None:
    """A request that becomes a GET has no header about its body any more (RFC 9110, section
    15.4).
    """
    about = [
        ("Content-Type", "text/plain"),
        ("content-language", "de"),
        ("Transfer-Encoding", "chunked"),
    ]
    request = OutgoingRequest("POST", "http://h.example/a", [("X-Trace", "t"), *about], b"x")
    following = next_request(request, request, 303, "/b")
    assert following is not None
    assert (following.method, following.headers, following.body) == ("GET", [("X-Trace", "t")], b"")


@pytest.mark.parametrize(("status", "location"), [(304, "/b"), (300, "/b"), (200, "/b"), (302, "")])
def test_what_is_no_redirect(status: int, location: str) -> None:
    """Only the statuses that mean one, and only with a `Location` (RFC 9110, section 15.4); the
    rest is the response.
    """
    request = OutgoingRequest("GET", "http://h.example/a", [])
    assert next_request(request, request, status, location) is None


@pytest.mark.parametrize(
    ("method", "helps"), [("GET", False), ("HEAD", False), ("PUT", True), ("DELETE", True)]
)
def test_a_circle_is_explained_where_the_method_stays(method: str, helps: bool) -> None:
    """Who follows a redirect with PUT may have expected a GET; with GET and HEAD there is nothing
    to explain.
    """
    message = str(circle(OutgoingRequest(method, "http://h/a", [])))
    assert f"back to {method} http://h/a" in message
    assert ("only a POST becomes a GET" in message) == helps
