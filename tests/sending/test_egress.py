"""Which addresses may be connected to: closed by default, opened by the operator only."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import servers
from httptask import hookimpl
from httptask.errors import BlockedError, SettingsError
from httptask.sending import address_reason, parse_networks
from httptask.sending._egress import embedded_ipv4
from tasks import call, exchange, failure, http

OK = servers.respond(servers.response(b'{"ok": true}', servers.JSON))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
        "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
        "2001:0:7f00:1::80ff:fffe", "4000::1", "::7f00:1",
    ],
)  # fmt: skip
def test_what_is_not_globally_routable_is_refused(address: str) -> None:
    """Loopback, private, link-local, metadata, reserved, and IPv4 hidden inside IPv6, each with its
    reason.
    """
    assert address_reason(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"],
)
def test_what_is_globally_routable_is_let_through(address: str) -> None:
    """The public internet is open, NAT64's way to it included."""
    assert address_reason(ipaddress.ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_nothing_that_python_calls_private_is_let_through(address: ipaddress.IPv4Address) -> None:
    """An independent table, Python's own of IANA's registries, refuses nothing that ours lets
    through.
    """
    if not address.is_global or address.is_multicast:
        assert address_reason(address) is not None


@given(st.ip_addresses(v=6))
def test_nothing_that_python_calls_private_is_let_through_in_ipv6(
    address: ipaddress.IPv6Address,
) -> None:
    """The same for IPv6; where an IPv4 address is embedded, that one decides."""
    if address_reason(address) is None and embedded_ipv4(address) is None:
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"]
)
def test_every_spelling_of_loopback_is_refused(host: str) -> None:
    """Decimal, octal, hex, short and dotted names lead to the same address, and it is the address
    that is checked.
    """
    with servers.raw_server(OK) as server:
        error = failure(http(f"http://{host}:{server.port}/"), allow=[])
        assert not server.connections
    if host.startswith("0177"):  # httpx refuses to read it as a URL, which is as good
        assert isinstance(error, SettingsError), repr(error)
        return
    assert isinstance(error, BlockedError), repr(error)
    assert "loopback" in str(error)
    assert "HTTPTASK_ALLOW_NETWORKS" in str(error)
    assert not error.maybe_delivered
    assert not error.retryable


def test_ipv6_loopback_is_refused_too() -> None:
    """::1 is loopback, bare or as a mapped address."""
    with servers.raw_server(OK, host="::1") as server:
        assert isinstance(failure(http(server.url), allow=[]), BlockedError)
        assert call(http(server.url), allow=["::1"]).status_code == 200


def test_an_operator_opens_a_network_or_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """By argument or by HTTPTASK_ALLOW_NETWORKS; by network or by name."""
    with servers.raw_server(OK) as server:
        assert call(http(server.url), allow=["127.0.0.0/8"]).body == {"ok": True}
        assert call(http(f"http://localhost:{server.port}"), allow=["LOCALHOST"]).body == {
            "ok": True
        }
        assert isinstance(failure(http(server.url), allow=["localhost"]), BlockedError)
        monkeypatch.setenv("HTTPTASK_ALLOW_NETWORKS", "10.0.0.0/8, 127.0.0.1")
        assert call(http(server.url), allow_networks=None).body == {"ok": True}


@pytest.mark.parametrize("word", ["10.0.0.0/99", "1.2.3", "*.example.com", "a/b"])
def test_a_network_that_is_none_is_refused_by_name(word: str) -> None:
    """A typo in the operator's list must not silently open nothing, or something else."""
    with pytest.raises(ValueError, match="neither a network"):
        parse_networks([word])


def test_a_plugin_can_refuse_but_not_undo_a_refusal() -> None:
    """Any answer refuses, with its reason; a failing rule refuses; nobody can say yes against
    ours.
    """

    class Closed:
        @hookimpl
        def httptask_check_egress(self, host: str, address: str, port: int) -> str:
            return f"port {port} is closed here"

    class Broken:
        @hookimpl
        def httptask_check_egress(self) -> str:
            raise RuntimeError("oops")

    class Friendly:
        @hookimpl(tryfirst=True)
        def httptask_check_egress(self) -> None:
            return None

    with servers.raw_server(OK) as server:
        error = failure(http(server.url), Closed())
        assert f"port {server.port} is closed here" in str(error)
        assert "oops" in str(failure(http(server.url), Broken()))
        assert isinstance(failure(http(server.url), Friendly(), allow=[]), BlockedError)
        assert not server.connections


def test_of_several_addresses_only_the_allowed_are_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads to a refused and an allowed address is reached at the allowed one alone."""
    asked: list[str] = []

    class Watch:
        @hookimpl
        def httptask_check_egress(self, address: str) -> None:
            asked.append(address)

    with servers.raw_server(OK) as server:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port))
            for address in ("10.9.9.9", "127.0.0.1")
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        dialled: list[str] = []
        loop = asyncio.SelectorEventLoop
        connect = loop.sock_connect

        async def watched(self: Any, sock: Any, address: Any) -> Any:
            dialled.append(address[0])
            return await connect(self, sock, address)

        monkeypatch.setattr(loop, "sock_connect", watched)
        seen = exchange(
            http(f"http://two.example:{server.port}/", connectionTimeoutSeconds=30), Watch()
        )
    assert seen.outcome == "success"
    assert asked == ["10.9.9.9", "127.0.0.1"]
    assert dialled == ["127.0.0.1"]
    assert seen.phases["connect"] < 10  # nobody waited for the refused one


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect where our rules do not look: the environment's is not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with servers.raw_server(OK) as server:
        assert call(http(server.url)).body == {"ok": True}
