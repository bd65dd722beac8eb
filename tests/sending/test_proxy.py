"""The operator's proxy, judged by tinyproxy and curl: what reaches it, what it is told, and what is
said when it refuses.
"""

from __future__ import annotations

import asyncio
import base64
import json
import pickle
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

import proxies
import servers
from httptask import errors, hookimpl
from httptask.cli import main
from httptask.fetching._address import Way
from httptask.model.exchange import Exchange
from httptask.model.policy import Network
from httptask.sending._network import HostList, parse_proxy
from httptask.sending._tunnel import Tunnel
from httptask.sending._wire import Origin
from httptask.task import HttpTask, Runtime
from imports import description
from tasks import call, exchange, failure, http, runtime

USER_INFO = "operator:pa55w0rd"
TOKEN = base64.b64encode(USER_INFO.encode()).decode()
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[proxies.RunningProxy]:
    """A proxy that asks for a password."""
    folder = tmp_path_factory.mktemp("proxy")
    with proxies.tinyproxy(folder, "BasicAuth operator pa55w0rd") as running:
        yield running


def sent_through(url: str, **network: Any) -> Exchange:
    return exchange(http(url), network=Network(**network))


def refused(url: str, proxy_url: str, **task: Any) -> errors.TaskError:
    return failure(http(url, **task), network=Network(proxy=proxy_url))


# Through a proxy


@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize("way", ["http", "https"])
def test_a_request_goes_through_the_proxy(
    proxy: proxies.RunningProxy, way: str, target: str
) -> None:
    """Both kinds of proxies carry both kinds of targets; the server gets the same request as without
    one, and no word of the proxy's credentials; nothing that is kept or shown holds them.
    """
    with (
        servers.tls_server(proxies.relay(proxy.port)) as secured,
        servers.tls_server(servers.echo_json()) as tls,
        servers.raw_server(servers.echo_json()) as plain,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("SSL_CERT_FILE", str(secured.ca_pem))
        server = tls if target == "https" else plain
        port = secured.port if way == "https" else proxy.port
        host = "localhost" if way == "https" else "127.0.0.1"
        before = len(proxy.connects())
        done = sent_through(
            f"{server.url}/a?b=1", proxy=f"{way}://{USER_INFO}@{host}:{port}", ca_file=tls.ca_pem
        )
    assert done.outcome == "success", done.error
    assert done.response is not None
    seen = done.response.decoded
    assert seen["target"] == "/a?b=1"
    assert not [name for name, _ in seen["headers"] if name.lower().startswith("proxy")]
    authority = server.url.partition("//")[2]
    asked = f"CONNECT {authority}" if target == "https" else f"GET {server.url}/a?b=1"
    assert [line.rpartition(" ")[0] for line in proxy.connects()[before:]] == [asked]
    hop = done.attempts[0].hops[0]
    assert hop.proxy == f"{way}://{host}:{port}"
    assert ("proxy" in hop.phases) == ("https" in (way, target))
    assert ("tls" in hop.phases) == (target == "https")
    shown = json.dumps(done.to_json()) + repr(done)
    assert "pa55w0rd" not in shown
    assert TOKEN not in shown
    assert "egress rules could not check" in shown


def test_the_proxy_gets_what_curl_sends_it() -> None:
    """CONNECT with the port, Host and the credentials of the URL, percent-decoded, for https; the
    absolute form for http (RFC 9112, section 3.2.2; RFC 9110, section 9.3.6).
    """

    def lines(request: bytes) -> list[str]:
        first, *rest = request.decode().split("\r\n\r\n")[0].split("\r\n")
        wanted = ("host:", "proxy-authorization:")
        return [first, *sorted(line for line in rest if line.lower().startswith(wanted))]

    refusal = servers.respond_and_close(servers.response(status="403 Forbidden"))
    with servers.raw_server(refusal) as named:
        url = named.url.replace("//", "//us%20er:p%40ss%3Aw%2Ford@")
        for target in (
            "https://api.example/x",
            "http://api.example/x?y=1",
            "https://[2600::1]:444/",
        ):
            subprocess.run(["curl", "-q", "-s", "-x", url, target], capture_output=True, timeout=60)
            sent_through(target, proxy=url)
            theirs, ours = named.received[-2:]
            assert lines(ours) == lines(theirs)


def test_a_connection_is_kept_by_origin_and_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel carries one request after another; another credential gets one of its own."""
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_ONE", "secret-one")
    monkeypatch.setenv("HTTPTASK_CREDENTIAL_TWO", "secret-two")
    with (
        servers.tls_server(servers.echo_json()) as server,
        servers.raw_server(tunnel_to(server)) as between,
    ):

        async def run() -> None:
            network = Network(proxy=between.url, ca_file=server.ca_pem)
            async with runtime(network=network) as shared:
                for credential in ("one", "one", "two", "one"):
                    task = HttpTask(http(server.url, credentials=credential), runtime=shared)
                    assert (await task.acall()).status_code == 200

        asyncio.run(run())
        assert between.connections == server.connections == 2


def tunnel_to(server: servers.RawServer) -> servers.Handler:
    def handler(peer: servers.Peer) -> None:
        peer.read_request()
        peer.sendall(ESTABLISHED)
        proxies.relay(server.port)(peer)

    return handler


@pytest.mark.parametrize(
    ("step", "way"),
    [
        ("sock_connect", "direct"),
        ("create_connection", "direct"),
        ("create_connection", "https"),
        ("start_tls", "http"),
    ],
)
def test_a_connection_made_as_its_call_is_stopped_is_closed(
    step: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stops a call in the very moment the event loop has connected a socket, secured it or the
    one to a proxy, or secured the tunnel through it, leaves no connection behind.
    """

    async def run(url: str, network: Network) -> None:
        loop = asyncio.get_running_loop()
        connects, connected = getattr(loop, step), []

        async def then_stopped(*args: Any, **settings: Any) -> Any:
            result = await connects(*args, **settings)
            connected.append(args[0] if step == "sock_connect" else result)
            calling.cancel()
            return result

        async with runtime(network=network) as shared:
            monkeypatch.setattr(loop, step, then_stopped)
            calling = asyncio.create_task(HttpTask(http(url), runtime=shared).acall())
            with pytest.raises(asyncio.CancelledError):
                await calling
            await asyncio.sleep(0)
            [made] = connected
            if step == "sock_connect":
                assert made.fileno() == -1
            else:
                transport = made[0] if isinstance(made, tuple) else made
                assert transport.is_closing()

    with (
        servers.tls_server(servers.echo_json()) as server,
        servers.raw_server(tunnel_to(server)) as between,
        servers.tls_server(tunnel_to(server)) as secured,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(secured.ca_pem))
        proxy = {"http": between.url, "https": secured.url}.get(way, "")
        asyncio.run(run(server.url, Network(proxy=proxy, ca_file=server.ca_pem)))


def test_what_mocks_httpx_still_mocks_us(httpx_mock: HTTPXMock) -> None:
    """A test that replaces httpx's transport needs no proxy."""
    httpx_mock.add_response(json={"mocked": True})
    result = call(http("https://api.example/"), network=Network(proxy="http://proxy.invalid:1"))
    assert result.body == {"mocked": True}


# A proxy that refuses


def test_a_proxy_without_its_credentials_says_so(proxy: proxies.RunningProxy) -> None:
    """407 is about the operator's credentials, not the task's, and no other try would help."""
    asks = servers.response(b"", ("Proxy-Authenticate", 'basic realm="x"'), status="407 No")
    with servers.raw_server(servers.respond_and_close(asks)) as named:
        with_wrong = named.url.replace("//", "//a:wrongpass@")
        for url, proxy_url, line, advice in (
            ("https://a.example", proxy.url, "407 Proxy Authentication Required", "it asks for"),
            ("http://a.example", proxy.url, "407 Proxy Authentication Required", "it asks for"),
            ("https://a.example", proxy.named("a:wrongpass"), "40[17] ", "does not accept"),
            ("https://a.example", with_wrong, "407 No", "does not accept"),
            ("http://a.example", with_wrong, "407 No", "does not accept"),
        ):
            error = refused(url, proxy_url, retry={"maxAttempts": 3})
            assert error.kind == "connection", repr(error)
            assert re.search(line, str(error))  # tinyproxy answered 401 before 1.11.2
            assert advice in str(error)
            assert "HTTPTASK_PROXY" in str(error)
            assert "wrongpass" not in str(error)
            assert (error.attempts, error.retryable) == (1, False)


def test_a_server_that_answers_as_a_proxy_would_is_none() -> None:
    """Without a proxy its 407 is a status like any other."""
    answer = servers.response(b"", status="407 No")
    with servers.raw_server(servers.respond(answer)) as server:
        error = failure(http(server.url))
    assert isinstance(error, errors.StatusError)
    assert error.status_code == 407


def test_only_basic_is_spoken() -> None:
    """A proxy that asks for another scheme is named with it."""
    asks = servers.response(b"", ("Proxy-Authenticate", "Negotiate"), status="407 No")
    with servers.raw_server(servers.respond(asks)) as named:
        assert "it asks for Negotiate, and only Basic" in str(
            refused("https://a.example", named.url)
        )


def test_a_proxy_whose_rules_forbid_the_target_says_so(tmp_path: Path) -> None:
    """Its status, its reason and the start of its page stand in the error, with what to do."""
    with proxies.tinyproxy(tmp_path, "ConnectPort 563") as running:
        error = refused("https://api.example/", running.url, retry={"maxAttempts": 2})
    assert error.kind == "connection"
    assert not error.retryable
    assert error.attempts == 1
    assert not error.maybe_delivered
    assert re.search(
        r"refuses CONNECT api\.example:443: 403 .*rules forbid it.*it says: ", str(error)
    )
    assert "HTTPTASK_NO_PROXY" in str(error)


def test_a_proxy_that_cannot_reach_the_server_may_be_asked_again(
    proxy: proxies.RunningProxy,
) -> None:
    """Nothing was sent, so even a POST is tried again."""
    definition = http("https://127.0.0.1:1/", request={"method": "POST", "body": "x"})
    definition["retry"] = {"maxAttempts": 2, "intervalSeconds": 0.01}
    error = failure(definition, network=Network(proxy=proxy.named(USER_INFO)))
    assert (error.kind, error.attempts, error.maybe_delivered) == ("connection", 2, False)
    assert "could not reach the server" in str(error)


def test_a_refusal_is_quoted_masked_and_not_at_length() -> None:
    """A proxy may echo its own credentials, or send a page without end."""
    page = f"you are {USER_INFO}, {TOKEN} ".encode() + b"and so on " * 100_000
    refusal = servers.response(page, status="403 No")
    with servers.raw_server(servers.respond(refusal)) as named:
        error = refused("https://a.example", named.url.replace("//", f"//{USER_INFO}@"))
    assert "it says: you are operator:•••, ••• and so on" in str(error)
    assert len(str(error)) < 1000


def test_a_refusal_that_comes_in_pieces_shows_no_part_of_a_secret() -> None:
    """A piece may end within the word that echoes it, where the quotation ends, too."""
    page = b"so " * 165 + USER_INFO.encode() + b" and so on"
    head = f"HTTP/1.1 403 No\r\nContent-Length: {len(page)}\r\n\r\n".encode()

    async def refusal() -> str:
        tunnel = Tunnel(parse_proxy("http://proxy.example", ""), Origin("https", "a.example", 443))

        class Pieces(asyncio.Transport):
            def write(self, data: object) -> None:
                tunnel.data_received(head + page[:500])
                asyncio.get_running_loop().call_soon(tunnel.data_received, page[500:])

            def pause_reading(self) -> None:
                pass

        tunnel.connection_made(Pieces())
        with pytest.raises(errors.ConnectionFailedError) as refused:
            await tunnel.open()
        return str(refused.value)

    said = asyncio.run(refusal())
    assert said.endswith("so so so")
    assert "oper" not in said


@pytest.mark.parametrize("length", [b"", b"Content-Length: 99\r\n"], ids=["open", "cut"])
def test_a_refusal_that_stops_shows_no_part_of_a_secret(length: bytes) -> None:
    """Where more was to come, the last word may be the start of one that echoes it."""
    half = USER_INFO.encode()[:7]
    answer = b"HTTP/1.1 403 No\r\n" + length + b"\r\nno place for " + half
    stops = servers.respond_and_close if length else servers.respond
    with servers.raw_server(stops(answer)) as named:
        error = refused("https://a.example/", named.url.replace("//", f"//{USER_INFO}@"))
    assert str(error).endswith("; it says: no place for")
    assert half.decode() not in str(error)


@pytest.mark.parametrize(
    ("handler", "kind", "words"),
    [
        (servers.silent(), "timeout", "did not answer CONNECT"),
        (servers.continue_forever(), "timeout", "did not answer CONNECT"),
        (servers.drip(0.05, part="head"), "timeout", "did not answer CONNECT"),
        (servers.close_at_once(after_request=True), "connection", "closed the connection before"),
        (servers.reset(after_request=True), "connection", "closed the connection before"),
        (servers.respond(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol", "does not answer in HTTP"),
        (servers.bad_status_line(), "protocol", "does not answer in HTTP"),
        (servers.respond(b"HTTP/1.1 101 Go\r\n\r\n"), "protocol", "another protocol"),
        (servers.respond(ESTABLISHED + b"\x16\x03"), "protocol", "2 bytes follow its answer"),
        (servers.respond(ESTABLISHED + servers.OK), "protocol", "bytes follow its answer"),
        (servers.header_flood(2000), "too_large", "headers"),
        (servers.respond(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), "too_large", "headers"),
        (servers.respond_and_close(ESTABLISHED), "tls", "TLS with a.example failed"),
        (servers.cut_chunked(), "protocol", "bytes follow its answer"),
        (servers.respond_and_close(b"HTTP/1.1 403 No\r\n\r\nnever"), "connection", "says: never"),
        (servers.respond(b"HTTP/1.1 403 No\r\n\r\nnever ag"), "connection", "says: never"),
    ],
)  # fmt: skip
def test_a_proxy_that_misbehaves(handler: servers.Handler, kind: str, words: str) -> None:
    """Each ends in one class, within the time for connecting, and names the proxy or the server."""
    with servers.raw_server(handler) as named:
        error = refused("https://a.example/", named.url, connectionTimeoutSeconds=2)
        assert (error.kind, error.maybe_delivered) == (kind, False), repr(error)
        assert words in str(error)
        assert kind == "tls" or named.url in str(error)


def test_a_proxy_that_is_not_there_is_named() -> None:
    """Which of the two could not be reached is said."""
    with servers.raw_server(servers.silent()) as gone:
        pass
    assert f"the proxy {gone.url}: no connection" in str(refused("http://a.example", gone.url))
    error = refused("http://a.example", "http://proxy.invalid:3128")
    assert error.kind == "dns"
    assert "the proxy http://proxy.invalid:3128:" in str(error)


def test_the_certificate_of_a_proxy_is_checked() -> None:
    """A proxy at https:// that shows a certificate of nobody's gets nothing."""
    with servers.tls_server(servers.echo_json()) as named:
        error = refused("http://a.example", named.url)
        assert error.kind == "tls"
        assert not named.received
        assert f"the proxy {named.url}: TLS with localhost failed" in str(error)


# Egress


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.0.0.1/", "private"),
        ("https://169.254.169.254/latest", "metadata"),
        ("https://[::1]/", "loopback"),
        ("http://[::ffff:10.0.0.1]/", "private"),
        ("http://2130706433/", "loopback"),
        ("http://0x7f.1/", "loopback"),
        ("http://127.1/", "loopback"),
        ("https://127.0.0.1./", "loopback"),
        ("http://localhost/", "loopback"),
        ("http://LOCALHOST./", "loopback"),
        ("http://a.localhost/", "loopback"),
        ("http://134744072/", "write the address as 8.8.8.8"),
    ],
)  # fmt: skip
def test_an_address_in_a_url_is_checked_though_a_proxy_connects(url: str, words: str) -> None:
    """In every spelling, and in a redirect's target; the proxy is not even asked."""
    to_it = servers.redirect(url)
    with servers.raw_server(servers.silent()) as named, servers.raw_server(to_it) as origin:
        network = Network(proxy=named.url, no_proxy=f"127.0.0.1:{origin.port}")
        error = failure(http(url), network=network, allow=[])
        assert error.kind == "blocked"
        assert words in str(error)
        if url.startswith("http:") and "loopback" not in words:  # the origin is at loopback
            error = failure(http(origin.url), network=network, allow=["127.0.0.1/32"])
            assert error.kind == "blocked", repr(error)
            assert words in str(error)
        assert not named.connections


def test_an_operator_who_names_a_proxy_allows_it_and_nothing_else() -> None:
    """A proxy at a private address needs no --allow-network; a task cannot send to that address."""
    with servers.raw_server(servers.echo_json()) as named:
        network = Network(proxy=named.url)
        assert call(http("http://a.example/"), network=network, allow=[]).status_code == 200
        assert failure(http(named.url), network=network, allow=[]).kind == "blocked"
        network = Network(proxy=named.url, no_proxy="127.0.0.1")
        assert failure(http(named.url), network=network, allow=[]).kind == "blocked"
        assert named.connections == 1


def test_a_plugin_is_asked_about_the_proxy_and_the_name() -> None:
    """The name's address is not known here: it is empty, and a plugin that needs it refuses."""
    asked: list[tuple[str, str, int]] = []

    class Asked:
        @hookimpl
        def httptask_check_egress(self, host: str, address: str, port: int) -> str | None:
            asked.append((host, address, port))
            return "not this one" if host == "b.example" else None

    with servers.raw_server(servers.echo_json()) as named:
        network = Network(proxy=named.url)
        call(http("http://a.example/"), Asked(), network=network)
        assert asked == [("a.example", "", 80), ("127.0.0.1", "127.0.0.1", named.port)]
        error = failure(http("http://b.example/"), Asked(), network=network)
        assert (error.kind, str(error)) == ("blocked", "b.example is refused: not this one")


def test_an_author_sends_nothing_to_the_proxy_itself() -> None:
    """Neither credentials in a header, nor a proxy of their own in a task or a credential."""
    header = {"headers": {"Proxy-Authorization": "Basic eHg="}}
    with servers.raw_server(servers.echo_json()) as named:
        network = Network(proxy=named.url)
        error = failure(http("http://a.example/", request=header), network=network)
        assert error.kind == "blocked"
        assert "HTTPTASK_PROXY" in str(error)
        for name in ("proxy", "noProxy", "caFile", "insecureHosts", "network"):
            error = failure(http("http://a.example/", **{name: named.url}), network=network)
            assert error.kind == "settings"
            assert name in str(error)
        assert not named.connections


# Which proxy


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("socks5://operator:pa55w0rd@127.0.0.1:1080", "SOCKS"),
        ("socks5h://127.0.0.1", "SOCKS"),
        ("ftp://operator:pa55w0rd@proxy:21", "http://HOST:PORT"),
        ("http://operator:pa55w0rd@proxy:3128/path", "http://HOST:PORT"),
        ("http://operator:pa55w0rd@proxy:3128?x", "http://HOST:PORT"),
        ("http://operator:pa55w0rd@proxy:99999", "http://HOST:PORT"),
        ("http://operator:pa55w0rd@", "http://HOST:PORT"),
        ("http://operator:pa55w0rd@pro xy", "http://HOST:PORT"),
        ("http://operator:pa55w0rd@pro\x7fxy", "http://HOST:PORT"),
        ("operator:pa55w0rd://proxy", "http://HOST:PORT"),
        ("http://oper%3Aator:pa55w0rd@proxy:1", "colon"),
    ],
)  # fmt: skip
def test_what_is_no_proxy_is_refused_without_its_password(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At once, as a wrong usage, by option and by variable."""
    with pytest.raises(ValueError, match=words) as raised:
        Runtime(network=Network(proxy=url))
    assert "pa55w0rd" not in str(raised.value) + repr(Network(proxy=url))
    assert main(["import", "x.json", "--proxy", url]) == 2
    monkeypatch.setenv("HTTPTASK_PROXY", url)
    assert main(["import", "x.json"]) == 2
    told = capsys.readouterr().err
    assert told.count(words) == 2
    assert "HTTPTASK_PROXY" in told
    assert "pa55w0rd" not in told


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("proxy", "http://proxy:80"),
        ("proxy:3128/", "http://proxy:3128"),
        ("HTTP://a:b@Proxy.Example:3128", "http://proxy.example:3128"),
        ("https://proxy", "https://proxy:443"),
        ("http://a:b/c@d@[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_proxy_is_shown_without_its_credentials(url: str, shown: str) -> None:
    """Its repr does not hold them either; without a port it is the scheme's."""
    parsed = parse_proxy(url, "HTTPTASK_PROXY")
    assert str(parsed) == shown
    assert "Basic" not in repr(parsed)
    assert "b" not in re.findall(r"\w+", repr(parsed))


def test_the_environments_proxies_are_taken_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HTTP_PROXY and its siblings are ignored, unless HTTPTASK_PROXY=environment; an option goes
    before a variable, and an empty one means none.
    """
    with (
        servers.raw_server(servers.echo_json()) as named,
        servers.raw_server(servers.echo_json()) as server,
    ):
        for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, named.url)
        monkeypatch.setenv("NO_PROXY", "b.example,127.0.0.1")
        assert sent_through(server.url).attempts[0].hops[0].proxy is None
        monkeypatch.setenv("HTTPTASK_PROXY", "environment")
        assert sent_through("http://a.example/").attempts[0].hops[0].proxy == named.url
        assert sent_through(server.url).attempts[0].hops[0].proxy is None
        assert sent_through(server.url, no_proxy=[]).attempts[0].hops[0].proxy == named.url
        monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
        with pytest.raises(ValueError, match="http_proxy names a SOCKS proxy"):
            runtime()
        assert sent_through(server.url, proxy="").attempts[0].hops[0].proxy is None
        monkeypatch.setenv("HTTPTASK_PROXY", named.url)
        monkeypatch.setenv("HTTPTASK_NO_PROXY", "127.0.0.1")
        assert sent_through("http://a.example/").attempts[0].hops[0].proxy == named.url
        assert sent_through(server.url).attempts[0].hops[0].proxy is None


_LISTS = [
    "", "*", "*,a.example", "a.example", ".a.example", "a.example.", "A.EXAMPLE", "example", "b.example, a.example",
    "x.a.example", "127.0.0.1", "127.0.0.0/8", "127.0.0.1/32", "127.0.0.2", "10.0.0.0/8",
    "::1", "fc00::/7", "localhost", "ample", "0.1", "127", ",,a.example",
]  # fmt: skip
_HOSTS = [
    "a.example",
    "A.Example",
    "x.a.example",
    "xa.example",
    "a.example.",
    "127.0.0.1",
    "127.1",
    "[::1]",
]


@pytest.mark.parametrize("words", _LISTS)
def test_the_hosts_without_a_proxy_are_those_of_curl(words: str) -> None:
    """Names, suffixes, networks and the asterisk: curl sends the same ones to its proxy."""
    # Without a proxy curl gets to no server: nothing listens at port 1 of loopback.
    urls = [f"http://{host}:1/{number}" for number, host in enumerate(_HOSTS)]
    with servers.raw_server(servers.respond(servers.OK)) as named:
        options = ["--resolve", "*:1:127.0.0.1", "-x", named.url, "--noproxy", words]
        subprocess.run(["curl", "-q", "-s", *options, *urls], capture_output=True, timeout=600)
        through = {int(line.split(b" ")[1].rpartition(b"/")[2]) for line in named.received}
    listed = HostList([word for word in re.split(r"[,\s]+", words) if word])
    for number, host in enumerate(_HOSTS):
        covered = listed.covers(Origin("http", host.strip("[]"), 1))
        assert covered == (number not in through), host


@pytest.mark.parametrize(
    ("word", "host", "port", "covered"),
    [
        ("a.example:8080", "a.example", 8080, True),
        ("a.example:8080", "x.a.example", 8080, True),
        ("a.example:8080", "a.example", 80, False),
        (".a.example:8080", "x.a.example", 8080, True),
        ("10.0.0.0/8:8080", "10.1.2.3", 8080, True),
        ("10.0.0.0/8:8080", "10.1.2.3", 80, False),
        ("[::1]:8080", "::1", 8080, True),
        ("[::1]:8080", "::1", 80, False),
        ("[::1]", "::1", 80, True),
        ("*.a.example", "x.a.example", 80, True),
        ("bücher.example", "xn--bcher-kva.example", 80, True),
        ("10.0.0.0/8", "a.example", 80, False),
        ("0.0.0.0/0", "10.1.2.3", 80, True),
        ("fc00::/7", "fd12::1", 80, True),
    ],
)
def test_a_host_without_a_proxy_may_have_a_port(
    word: str, host: str, port: int, covered: bool
) -> None:
    """More than curl reads: ports, brackets, the asterisk of a suffix, and other scripts."""
    assert HostList([word]).covers(Origin("http", host, port)) == covered


# Every command


@pytest.mark.parametrize("by", ["option", "variable"])
def test_every_command_that_sends_goes_through_the_proxy(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """run, test-request, import and update, by option and by variable."""
    flow = tmp_path / "flow.json"
    task = http("http://a.example/thing")
    flow.write_text(json.dumps({"startTask": "T", "tasks": {"T": task}}))
    api = servers.respond(servers.response(json.dumps(description(1, 1)).encode(), servers.JSON))
    with servers.raw_server(api) as named:
        if by == "variable":
            monkeypatch.setenv("HTTPTASK_PROXY", named.url)
        options = ["--proxy", named.url] if by == "option" else []
        options += ["--allow-network", "a.example"]
        catalogue = ["--catalogue", str(tmp_path / "c.sqlite3")]
        commands = [
            ["run", str(flow)],
            ["test-request", str(flow), "--task", "T"],
            ["import", "http://a.example/api.json", *catalogue],
            ["update", *catalogue],
        ]
        for command in commands:
            before = len(named.received)
            status = main([*command, *options])
            assert status == 0, capsys.readouterr()
            assert named.received[before].startswith(b"GET http://a.example/"), command
        assert "note: the proxy" in capsys.readouterr().out
        for command in (["import", "https://a.example/api.json"], ["import", "http://b.example/x"]):
            before = len(named.received)
            assert main([*command, *options]) == 2
            wanted = [b"CONNECT"] if "https" in command[1] else []
            assert [each[:7] for each in named.received[before:]] == wanted


def test_the_network_travels_to_the_process_that_reads_a_description() -> None:
    """What a description refers to is fetched from there, by the same way."""
    way = Way((), Network(proxy="http://127.0.0.1:1", no_proxy=("a.example",)))
    assert pickle.loads(pickle.dumps(way)) == way
