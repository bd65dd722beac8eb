"""Server URLs with variables: which values a variable may have.

A value must not change the meaning of the rest of the template. RFC 3986, section 3, delimits the
parts of a URL by `:`, `/`, `?`, `#` and `@`; the URL Standard, section 4.4, reads `\\` as `/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from httptask._http.syntax import PLACEHOLDER

_SCHEME = re.compile(r"(?i)https?")
_HOST = r"[\w.-]*"
_PORT = r"(?::[0-9]*)?"
_IPV6 = r"\[[0-9A-Fa-f:.]+\]"
_PATH = r"(?:/[^?#\\\x00-\x20\x7f]*)?"
_PIECE_OF_HOST = re.compile(_HOST)
_END_OF_HOST = re.compile(rf"{_HOST}{_PORT}{_PATH}")
_WHOLE_HOST = re.compile(rf"(?:{_HOST}|{_IPV6}){_PORT}{_PATH}")
_BEFORE_PORT = re.compile(rf"(?:{_HOST}|{_IPV6}):[0-9]*")
_IN_PORT = re.compile(r"[0-9]*")
_PORT_AND_PATH = re.compile(rf"[0-9]*{_PATH}")
_ADDRESS = re.compile(rf"(?i)https?://(?:{_HOST}|{_IPV6}){_PORT}{_PATH}")
_BEGINNING = re.compile(rf"(?i)https?://{_HOST}")
_IN_PATH = re.compile(r"[^?#]*")
_ENDS_AUTHORITY = re.compile(r"[/?#]")


def misplaced_values(
    template: str,
    value_of: Callable[[str], str | None],
) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each variable whose value would change the rest of *template*.

    *value_of* returns the value of a variable, or None if it has none.
    """
    for match in PLACEHOLDER.finditer(template):
        value = value_of(match[1])
        if value is None:
            continue
        before = _filled(template[: match.start()], value_of)
        after = _filled(template[match.end() :], value_of)
        if not fits(before, value, after):
            yield match[1], value


def fits(before: str, value: str, after: str) -> bool:
    """Say whether *value* fits between *before* and *after*, the template's text around it.

    A scheme must be `http` or `https`; a piece of the host may contain letters, digits, `.`, `-`
    and `_`; a port, digits. At the end of the host, *value* may include a port and a path: no text
    of the template follows that would change its meaning. A piece of the path may contain
    everything but `?` and `#`.
    """
    _, slashes, authority = before.partition("://")
    if slashes and _ENDS_AUTHORITY.search(authority):
        return _IN_PATH.fullmatch(value) is not None
    is_last = not after or after.startswith("/")
    if not slashes:
        if after.startswith(":"):
            return _SCHEME.fullmatch(value) is not None
        if "://" not in value:  # a relative address
            return _IN_PATH.fullmatch(value) is not None and "\\" not in value
        return (_ADDRESS if is_last else _BEGINNING).fullmatch(value) is not None
    if _BEFORE_PORT.fullmatch(authority):
        return (_PORT_AND_PATH if is_last else _IN_PORT).fullmatch(value) is not None
    if not authority and (is_last or after.startswith(":")):
        whole = _WHOLE_HOST.fullmatch(value)
        return whole is not None and (is_last or not re.search(r"[:/]", value.rpartition("]")[2]))
    if not value and authority[-1:] in ("", ".") and after.startswith("."):
        return False  # a part of the host's name would be empty
    return (_END_OF_HOST if is_last else _PIECE_OF_HOST).fullmatch(value) is not None


def _filled(text: str, value_of: Callable[[str], str | None]) -> str:
    def replacement(match: re.Match[str]) -> str:
        variable_value = value_of(match[1])
        return match[0] if variable_value is None else variable_value

    return PLACEHOLDER.sub(replacement, text)
