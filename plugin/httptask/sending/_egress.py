"""The egress rules: for an address, the reason to refuse a connection to it, or None."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from contextvars import ContextVar

from httptask._http.hosts import literal_address
from httptask.errors import BlockedError
from httptask.sending._wire import CheckEgress, Origin, Proxy

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

VARIABLE = "HTTPTASK_ALLOW_NETWORKS"
"""The environment variable with the networks and host names that the operator allows, separated by
commas.
"""

_REFUSED = [
    (ipaddress.ip_network(network), name)
    for network, name in (
        # IANA IPv4 Special-Purpose Address Registry (RFC 6890), and multicast
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local and cloud metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        # IANA IPv6 Special-Purpose Address Registry, inside and outside 2000::/3
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
]
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # the part of RFC 4291, section 2.4 in use
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052


def address_reason(address: Address) -> str | None:
    """Return why *address* is not globally routable unicast, or None when it is."""
    if isinstance(address, ipaddress.IPv6Address):
        # A gateway sends the packet on to the address inside: the rules of IPv4 hold for it.
        embedded = embedded_ipv4(address)
        if embedded is not None:
            reason = address_reason(embedded)
            return f"{embedded} inside IPv6: {reason}" if reason else None
    for network, name in _REFUSED:
        if address.version == network.version and address in network:
            return name
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return "not globally routable"
    return None


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address in *address* (IPv4-mapped, 6to4, Teredo client, NAT64), or None."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class Allowed:
    """The networks and host names that an operator allows besides globally routable addresses."""

    def __init__(self, networks: Iterable[Network] = (), hosts: Iterable[str] = ()) -> None:
        self.networks = tuple(networks)
        self.hosts = frozenset(hosts)

    def covers(self, host: str, address: Address | None) -> bool:
        """Say whether *host* is allowed by name, or its resolved *address* by network.

        *address* is None when a proxy resolves the name.
        """
        return host.rstrip(".").lower() in self.hosts or any(
            address is not None and address.version == network.version and address in network
            for network in self.networks
        )

    def with_host(self, host: str) -> Allowed:
        """Return a copy in which *host* is allowed, too."""
        return Allowed(self.networks, self.hosts | {host.rstrip(".").lower()})


def parse_networks(words: Iterable[str]) -> Allowed:
    """Parse *words*, each a network, an address or a host name: `127.0.0.0/8`, `10.1.2.3`, `::1`.

    Raises `ValueError` with a message for users.
    """
    networks: list[Network] = []
    hosts: list[str] = []
    for word in (word.strip() for word in words):
        if not word:
            continue
        try:
            networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            # Digits and dots alone are a mistyped address: no top-level domain is a number (RFC
            # 3696, section 2).
            is_no_host = "/" in word or "*" in word or not word.strip("0123456789.")
            if is_no_host:
                raise ValueError(
                    f"{word!r} is neither a network such as 10.0.0.0/8 nor a host name"
                ) from None
            hosts.append(word.rstrip(".").lower())
    return Allowed(networks, hosts)


def parse_address(address: str) -> Address | None:
    """Parse *address*; "" becomes None, and stands for a name that a proxy resolves."""
    # Drop the zone (RFC 4007): only link-local addresses have one.
    if address:
        return ipaddress.ip_address(address.partition("%")[0])
    return None


_allowed: ContextVar[Allowed | None] = ContextVar("httptask_allowed_networks", default=None)


def allowed_networks() -> Allowed:
    """Return the networks and hosts that `allowing` has set in this context, else those in
    `HTTPTASK_ALLOW_NETWORKS`.
    """
    current = _allowed.get()
    if current is not None:
        return current
    return parse_networks(os.environ.get(VARIABLE, "").split(","))


class allowing:  # noqa: N801 - a context manager; a class is faster, and every call enters it
    """A context manager that makes *allowed* the rule for requests sent inside its block."""

    __slots__ = ("_allowed", "_token")

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed

    def __enter__(self) -> None:
        self._token = _allowed.set(self._allowed)

    def __exit__(self, *error: object) -> None:
        _allowed.reset(self._token)


def reason_to_refuse(host: str, address: str) -> str | None:
    """Return why *address*, which *host* resolved to, is refused; None when it is allowed.

    *address* is "" when a proxy resolves *host*.
    """
    parsed = parse_address(address)
    reason = None if parsed is None else address_reason(parsed)
    if reason is None or allowed_networks().covers(host, parsed):
        return None
    return f"{reason}; an operator can allow it with {VARIABLE} or --allow-network"


# Through a proxy


def allowing_proxy(check: CheckEgress, proxy: Proxy) -> CheckEgress:
    """Return *check* with the host of *proxy* allowed: the operator named it."""

    def check_proxy(host: str, address: str, port: int) -> str | None:
        with allowing(allowed_networks().with_host(proxy.origin.host)):
            return check(host, address, port)

    return check_proxy


_LOOPBACK = ipaddress.IPv4Address("127.0.0.1")


def check_through_proxy(check: CheckEgress, origin: Origin) -> None:
    """Check *origin* before a proxy connects to that origin: by its address if the URL contains an
    address, else by its name.

    Raises `BlockedError`.
    """
    host = origin.host
    try:
        literal = literal_address(host)
    except ValueError as error:
        raise BlockedError(f"{host} is refused: {error}") from None
    name = host.removesuffix(".").lower()
    # RFC 6761, section 6.3: these names mean loopback wherever they are looked up.
    is_local = name == "localhost" or name.endswith(".localhost")
    known_address = _LOOPBACK if is_local else literal
    reason = check(host, "" if known_address is None else str(known_address), origin.port)
    if reason is not None:
        raise BlockedError(f"{host} is refused: {reason}")
    if isinstance(literal, ipaddress.IPv4Address) and str(literal) != host:
        # The proxy may parse it differently: 010.0.0.1 is 8.0.0.1 for some, 10.0.0.1 for others.
        raise BlockedError(f"{host} is refused: write the address as {literal}, for the proxy")
