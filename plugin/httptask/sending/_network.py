"""The operator's network: which proxy a request uses, and whose certificates are not checked."""

from __future__ import annotations

import base64
import functools
import ipaddress
import logging
import os
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import idna

from httptask._http.hosts import host_fault, literal_address
from httptask._http.syntax import DEFAULT_PORTS
from httptask.model.policy import Network
from httptask.sending._httpx import address
from httptask.sending._wire import DIRECT, Origin, Proxy, UnsendableError, Way

PROXY_VARIABLE = "HTTPTASK_PROXY"
NO_PROXY_VARIABLE = "HTTPTASK_NO_PROXY"
CA_FILE_VARIABLE = "HTTPTASK_CA_FILE"
INSECURE_VARIABLE = "HTTPTASK_INSECURE_HOSTS"

_PROXY = f"{PROXY_VARIABLE} (--proxy)"
_ENVIRONMENT = "environment"
"""The value of `HTTPTASK_PROXY` that selects the usual variables: http_proxy, https_proxy,
all_proxy and no_proxy.
"""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_log = logging.getLogger("httptask")


class Ways:
    """Decides how each origin is reached."""

    def __init__(
        self,
        proxies: Mapping[str, Proxy] | None = None,
        without_proxy: HostList | None = None,
        insecure: InsecureHosts | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._proxies = proxies or {}
        self._without_proxy = without_proxy or HostList([])
        self._insecure = insecure or InsecureHosts([])
        self.ca_file = ca_file
        """A file with additional certificates to trust."""
        self._is_direct = not self._proxies and not self._insecure

    def way(self, origin: Origin) -> Way:
        """Return the proxy for requests to *origin*, and whether its certificate is checked."""
        if self._is_direct:
            return DIRECT
        proxy = self._proxies.get(origin.scheme)
        if proxy is not None and self._without_proxy.covers(origin):
            proxy = None
        return Way(proxy, self.is_insecure(origin))

    def is_insecure(self, origin: Origin) -> bool:
        """Say whether the certificate of *origin* is not checked."""
        return origin.scheme == "https" and self._insecure.covers(origin)

    @property
    def has_proxy(self) -> bool:
        """Whether a proxy carries requests."""
        return bool(self._proxies)

    @property
    def without_proxy(self) -> list[str]:
        """The hosts that are reached without the proxy, as the operator wrote them."""
        return self._without_proxy.words

    @property
    def insecure_hosts(self) -> list[str]:
        """The hosts whose certificate is not checked, as the operator wrote them."""
        return self._insecure.words

    @property
    def secrets(self) -> Iterable[str]:
        """The secrets of the proxies, which are masked wherever they appear."""
        return (secret for proxy in self._proxies.values() for secret in proxy.secrets)


def ways(network: Network | None = None) -> Ways:
    """Return the `Ways` that *network* describes. Environment variables fill in missing settings.

    Raises `ValueError` with a message for users, which contains no secret.
    """
    network = network or Network()
    proxies, environment_no_proxy = _proxies(network)
    without_proxy = _setting(network.no_proxy, NO_PROXY_VARIABLE)
    if without_proxy is None:
        without_proxy = environment_no_proxy
    insecure = _words(_setting(network.insecure_hosts, INSECURE_VARIABLE) or "")
    return Ways(
        proxies,
        HostList(_words(without_proxy)) if proxies else None,
        InsecureHosts(insecure),
        _certificates(_setting(network.ca_file, CA_FILE_VARIABLE)),
    )


@functools.cache
def warn_insecure(host: str) -> None:
    """Log, once in this process, that the certificate of *host* is not checked."""
    _log.warning(
        "the certificate of %s is not checked (%s, --insecure-host): anybody between you and it can"
        " read and change what is sent",
        host,
        INSECURE_VARIABLE,
    )


def _setting(value: object, variable: str) -> object:
    if value is None:
        return os.environ.get(variable)
    return value


def _words(value: object) -> list[str]:
    """Split *value*, a text or a sequence of texts, at commas and white space."""
    texts: Iterable[str] = [value] if isinstance(value, str) else value  # type: ignore[assignment]
    return [word for text in texts for word in re.split(r"[,\s]+", text) if word]


# The proxy


def _proxies(network: Network) -> tuple[dict[str, Proxy], str]:
    """Return the proxy of each scheme, and the value of the environment's no_proxy or ""."""
    url = str(_setting(network.proxy, PROXY_VARIABLE) or "").strip()
    if not url:
        return {}, ""
    if url != _ENVIRONMENT:
        return dict.fromkeys(DEFAULT_PORTS, parse_proxy(url, _PROXY)), ""
    proxies = {}
    for scheme in DEFAULT_PORTS:
        # The order in which curl reads them: the scheme's own variable first.
        for name in (f"{scheme}_proxy", "all_proxy"):
            variable, value = _from_environment(name)
            if value:
                proxies[scheme] = parse_proxy(value, variable)
                break
    return proxies, _from_environment("no_proxy")[1]


def _from_environment(name: str) -> tuple[str, str]:
    """Return the name and value of the variable *name*, in lower case first, as curl does."""
    for variable in (name, name.upper()):
        value = os.environ.get(variable, "").strip()
        if value:
            return variable, value
    return name, ""


_URL = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:(?P<user>.*)@)?(?P<host>[^@]*)")


def parse_proxy(url: str, source: str) -> Proxy:
    """Return the proxy at *url*; *source* says where the URL comes from.

    Raises `ValueError`; its message quotes neither user name nor password.
    """
    parts = _URL.fullmatch(url)
    scheme = ((parts and parts["scheme"]) or "http").lower()
    # Named on its own: the general message would not say why a valid URL is refused.
    if scheme.startswith("socks"):
        raise ValueError(
            f"{source} names a SOCKS proxy, which is not supported; name an http:// or https:// one"
        )
    wrong = ValueError(f"{source} is no URL of a proxy; expected http://HOST:PORT or https://…")
    if parts is None or scheme not in DEFAULT_PORTS:
        raise wrong
    host = parts["host"].removesuffix("/")
    if re.search(r"[/?#\s]", host) or host_fault(_without_port(host)):
        raise wrong
    try:
        origin = address(f"{scheme}://{host}/")[0]
    except UnsendableError:
        raise wrong from None
    if not 0 < origin.port < 65_536:
        raise wrong
    return Proxy(origin, *_credentials(parts["user"] or "", source))


def _without_port(host: str) -> str:
    return re.sub(r":[0-9]*\Z", "", host)


def _credentials(user_info: str, source: str) -> tuple[str, tuple[str, ...]]:
    """Return the `Proxy-Authorization` value for *user_info* (RFC 7617), and its secrets."""
    if not user_info:
        return "", ()
    user, _, password = (unquote(part) for part in user_info.partition(":"))
    if ":" in user:
        raise ValueError(f"{source}: the user's name of a proxy cannot hold a colon (RFC 7617)")
    token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    # Without a password, the user name is the secret: some proxies take a token there.
    secrets = {password or user, token, user_info.partition(":")[2] or user_info}
    return f"Basic {token}", tuple(secrets)


# Lists of hosts

_HOST = re.compile(r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<plain>[^:\[\]]*))(?::(?P<port>[0-9]{1,5}))?")


class HostList:
    """A list of hosts, each with an optional port, in the syntax of curl's NO_PROXY.

    `example.com` covers the host and its subdomains, `10.0.0.0/8` the addresses that a URL spells
    (names are not resolved), and a single `*` everything. Invalid words cover nothing.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._everything = self.words == ["*"]
        self._names: list[tuple[str, int | None]] = []
        self._networks: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int | None]] = []
        for word in words:
            self._add(word)

    def _add(self, word: str) -> None:
        parts = _HOST.fullmatch(word)
        host = (parts["bracketed"] or parts["plain"] or "") if parts is not None else word
        port = int(parts["port"]) if parts is not None and parts["port"] else None
        try:
            self._networks.append((ipaddress.ip_network(host, strict=False), port))
        except ValueError:
            # Some programs write `*.example.com`; it means the same as `.example.com`.
            name = _ascii(host.removeprefix("*").removeprefix("."))
            if name:
                self._names.append((name, port))

    def covers(self, origin: Origin) -> bool:
        """Say whether *origin* is in the list."""
        if self._everything:
            return True
        literal = _literal(origin.host)
        if literal is not None:
            return any(
                port in (None, origin.port) and literal in network
                for network, port in self._networks
                if network.version == literal.version
            )
        host = f".{_ascii(origin.host)}"
        return any(
            port in (None, origin.port) and host.endswith(f".{name}") for name, port in self._names
        )


class InsecureHosts:
    """A set of hosts, each named as `HOST` or `HOST:PORT`. Subdomains are not covered."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._hosts = {self._parsed(word) for word in words}

    @staticmethod
    def _parsed(word: str) -> tuple[str, int | None]:
        bare = f"[{word}]" if word.count(":") > 1 and "[" not in word else word
        parts = _HOST.fullmatch(bare)
        host = _without_port(bare)
        if parts is None or not host or host_fault(host):
            raise ValueError(
                f"{word!r} is no host ({INSECURE_VARIABLE}, --insecure-host): each is named as HOST"
                " or HOST:PORT"
            )
        return _canonical(host.strip("[]")), int(parts["port"]) if parts["port"] else None

    def __bool__(self) -> bool:
        return bool(self._hosts)

    def covers(self, origin: Origin) -> bool:
        """Say whether *origin* is in the set."""
        if not self._hosts:
            return False
        host = _canonical(origin.host)
        return (host, None) in self._hosts or (host, origin.port) in self._hosts


def _canonical(host: str) -> str:
    literal = _literal(host)
    if literal is None:
        return _ascii(host)
    return str(literal)


def _literal(host: str) -> _Address | None:
    try:
        return literal_address(host)
    except ValueError:
        return None


def _ascii(host: str) -> str:
    name = host.removesuffix(".").lower()
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:
        return name


# Certificates


def _certificates(path: object) -> str | None:
    """Check that certificates can be read from *path*, and return it as an absolute path.

    Raises `ValueError`.
    """
    if not path:
        return None
    name = os.fspath(path)  # type: ignore[call-overload]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(name)
    except OSError as error:  # also `ssl.SSLError`: the file is not PEM
        why = (
            "it holds no certificate as PEM" if isinstance(error, ssl.SSLError) else error.strerror
        )
        raise ValueError(
            f"{name}: no certificates ({CA_FILE_VARIABLE}, --ca-file): {why}"
        ) from None
    return str(Path(name).absolute())
