"""The operator's options of a run: if a resumed run lacks them, its next task fails for good."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from httptask.model.policy import MAX_DEPTH_OPTION, MAX_STEPS_OPTION, Limits

if TYPE_CHECKING:
    from httptask.task import Runtime

_NETWORKS = "--allow-network"


def operator_options(runtime: Runtime) -> dict[str, Any]:
    """Return the operator's options of *runtime*, by their names on the command line.

    A value is a list, a number, a text, or True for an option that is only present. The URL of a
    proxy may contain a password, so only its presence is returned.
    """
    allowed = runtime.allowed
    ways = runtime.ways
    files = runtime.shared_files
    limits = runtime.limits
    usual = Limits()
    options = {
        _NETWORKS: [*map(_network_text, allowed.networks), *sorted(allowed.hosts)],
        "--allow-host-header": runtime.allow_host_header,
        "--proxy": ways.has_proxy,
        "--no-proxy": ways.without_proxy,
        "--ca-file": ways.ca_file,
        "--insecure-host": ways.insecure_hosts,
        "--files": files and str(files.folder),
        "--bucket": files and files.bucket,
        MAX_STEPS_OPTION: limits.steps if limits.steps > usual.steps else None,
        MAX_DEPTH_OPTION: limits.depth if limits.depth > usual.depth else None,
    }
    return {name: value for name, value in options.items() if value}


def missing_options(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the options *before* that are missing *now*, as words of a command line.

    A folder, bucket, proxy or file of certificates is not missing if it was replaced by another.
    """
    words: list[str] = []
    for name, value in before.items():
        present = now.get(name)
        if isinstance(value, list):
            covers = _covers_network if name == _NETWORKS else _contains
            for item in value:
                words += [] if covers(present or (), item) else [name, item]
        # A higher limit covers a lower one.
        elif isinstance(value, int) and not isinstance(value, bool):
            words += [name, str(value)] if (present or 0) < value else []
        elif not present:
            words += [name] if value is True else [name, str(value)]
    return words


def _contains(words: Iterable[str], word: str) -> bool:
    return word in words


def _covers_network(allowed: Iterable[str], word: str) -> bool:
    """Say whether *word*, a network or a host name, is among or inside *allowed*."""
    if word in allowed:
        return True
    network = _network(word)
    return network is not None and any(
        other is not None and other.version == network.version and _is_inside(network, other)
        for other in map(_network, allowed)
    )


def _is_inside(inner: Any, outer: Any) -> bool:
    return bool(inner.subnet_of(outer))


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(word)
    except ValueError:  # a host name
        return None


def _network_text(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """Return *network* as a person writes it: a single address without its prefix."""
    is_single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if is_single else network)
