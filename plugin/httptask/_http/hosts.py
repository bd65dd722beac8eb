"""Hosts of URLs: checking whether a server with such a name or address can exist.

RFC 3986, section 3.2.2, allows any text as a name. Resolvers and clients accept less: see the URL
Standard, section 3.5 (host parsing), and RFC 1035, section 2.3.4 (sizes).
"""

from __future__ import annotations

import ipaddress
import re

import idna

from httptask.errors import CodedError

_DOTS = re.compile("[\u3002\uff0e\uff61]")
"""Full stops of other scripts: they separate labels, too (UTS 46, section 2.3)."""
_NOT_IN_A_NAME = re.compile(r"[^\w.\-\x00-\x20\x7f\ud800-\udfff]")
"""Characters that are invalid in a name. Spaces and controls are not included: no URL may contain
them.
"""
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_LONGEST_LABEL = 63
_LONGEST_NAME = 253
_OCTETS = 4


def host_fault(host: str) -> CodedError | None:
    """Return why *host*, the host of a URL, cannot be that of a server; None if it can."""
    if host.startswith("["):
        return _ipv6_fault(host.strip("[]"))
    name = _DOTS.sub(".", host).lower()
    wrong = _NOT_IN_A_NAME.search(name)
    if wrong is not None:
        code = _CHARACTERS.get(wrong[0])
        if code:
            return CodedError(code)
        return CodedError("host-character", character=wrong[0])
    labels = name.removesuffix(".").split(".")
    if not all(labels):
        return CodedError("host-label-empty")
    # A name that ends in a number is an IPv4 address, or a fault (the URL Standard, section 3.5).
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4_fault(labels)
    return _name_fault(name.removesuffix("."), labels)


_CHARACTERS = {"\\": "host-backslash", "<": "host-angle-bracket", "%": "host-percent"}
"""Characters with an error message of their own."""


def literal_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that *host*, without brackets, spells; None for a name.

    Unusual spellings such as `0x7f.1` are understood, too (the URL Standard, section 3.5). Raises
    `ValueError` for a host that is neither an address nor a name.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    labels = host.lower().removesuffix(".").split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    fault = _ipv4_fault(labels)
    if fault is not None:
        raise fault
    *octets, rest = map(_ipv4_number, labels)
    for position, octet in enumerate(octets):
        rest += octet << 8 * (_OCTETS - 1 - position)
    return ipaddress.IPv4Address(rest)


def _ipv6_fault(host: str) -> CodedError | None:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return CodedError("host-ipv6")
    if address.scope_id is not None:
        return CodedError("host-ipv6-zone")
    return None


def _ipv4_fault(labels: list[str]) -> CodedError | None:
    """Return the fault of the IPv4 address made of *labels*; None if it is valid.

    See the URL Standard, section 3.5, "ends in a number".
    """
    if len(labels) > _OCTETS:
        return CodedError("host-ipv4-length", limit=_OCTETS)
    for index, label in enumerate(labels):
        try:
            number = _ipv4_number(label)
        except ValueError:
            return CodedError("host-ipv4-number", number=label)
        # The last number fills all remaining octets.
        octets = _OCTETS - index if index == len(labels) - 1 else 1
        if number >= 256**octets:
            return CodedError("host-ipv4-large", number=label)
    return None


def _ipv4_number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    if not label.isascii() or not label.isdigit():
        raise ValueError(label)
    return int(label, 8 if len(label) > 1 and label.startswith("0") else 10)


def _name_fault(name: str, labels: list[str]) -> CodedError | None:
    if not name.isascii():
        try:
            labels = idna.encode(name, uts46=True).decode("ascii").split(".")
        except UnicodeError as error:  # the base class of idna's errors
            return CodedError("host-idna", idnaMessage=str(error))
    if any(len(label) > _LONGEST_LABEL for label in labels):
        return CodedError("host-label-length", limit=_LONGEST_LABEL)
    if len(".".join(labels)) > _LONGEST_NAME:
        return CodedError("host-length", limit=_LONGEST_NAME)
    return None
