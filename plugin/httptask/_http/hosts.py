"""Hosts of URLs: which names and addresses of servers can exist.

RFC 3986, section 3.2.2, allows any text as a name. Resolvers and clients take less: the URL
Standard, section 3.5 (host parsing), and RFC 1035, section 2.3.4 (sizes).
"""

from __future__ import annotations

import ipaddress
import re

import idna

_DOTS = re.compile("[\u3002\uff0e\uff61]")
"""Full stops of other scripts, which separate labels too (UTS 46, section 2.3)."""
_NOT_IN_A_NAME = re.compile(r"[^\w.\-\x00-\x20\x7f\ud800-\udfff]")
"""Characters that no name holds, without spaces and controls: those are refused in any URL."""
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_LONGEST_LABEL = 63
_LONGEST_NAME = 253
_OCTETS = 4


def host_fault(host: str) -> str:
    """Return why no server can be at *host*, the host of a URL; "" if one can be."""
    if host.startswith("["):
        return _ipv6_fault(host.strip("[]"))
    name = _DOTS.sub(".", host).lower()
    wrong = _NOT_IN_A_NAME.search(name)
    if wrong is not None:
        return f"{wrong[0]!r} cannot stand in the name of a server{_HINTS.get(wrong[0], '')}"
    labels = name.removesuffix(".").split(".")
    if not all(labels):
        return "a part between its dots is empty"
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4_fault(labels)
    return _name_fault(name.removesuffix("."), labels)


_HINTS = {
    "\\": "; a URL has '/'",
    "<": "; put the server's name in place of what stands in angle brackets",
    "%": "; write the name itself, not percent-encoded",
}


def literal_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that *host*, without brackets, spells in any way; None for a name.

    The URL Standard, section 3.5. Raises `ValueError` for what is neither.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    labels = host.lower().removesuffix(".").split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    fault = _ipv4_fault(labels)
    if fault:
        raise ValueError(fault)
    *octets, rest = map(_ipv4_number, labels)
    for position, octet in enumerate(octets):
        rest += octet << 8 * (_OCTETS - 1 - position)
    return ipaddress.IPv4Address(rest)


def _ipv6_fault(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return "this is no IPv6 address"
    return "a URL has no zone of an IPv6 address" if address.scope_id is not None else ""


def _ipv4_fault(labels: list[str]) -> str:
    """Return the fault of the IPv4 address of *labels*; "": none.

    The URL Standard, section 3.5, "ends in a number".
    """
    if len(labels) > _OCTETS:
        return f"an IPv4 address has at most {_OCTETS} numbers"
    for index, label in enumerate(labels):
        try:
            number = _ipv4_number(label)
        except ValueError:
            return f"{label!r} is no number of an IPv4 address"
        # The last number stands for all remaining octets.
        octets = _OCTETS - index if index == len(labels) - 1 else 1
        if number >= 256**octets:
            return f"{label!r} is too large for an IPv4 address"
    return ""


def _ipv4_number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    if not label.isascii() or not label.isdigit():
        raise ValueError(label)
    return int(label, 8 if len(label) > 1 and label.startswith("0") else 10)


def _name_fault(name: str, labels: list[str]) -> str:
    if not name.isascii():
        try:
            labels = idna.encode(name, uts46=True).decode("ascii").split(".")
        except UnicodeError as error:  # idna's own errors are of this kind
            return f"this cannot be the name of a server: {error}"
    if any(len(label) > _LONGEST_LABEL for label in labels):
        return f"a part between its dots is longer than {_LONGEST_LABEL} characters"
    if len(".".join(labels)) > _LONGEST_NAME:
        return f"it is longer than {_LONGEST_NAME} characters"
    return ""
