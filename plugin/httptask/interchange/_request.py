"""Convert a pasted request, from which secrets were removed, to a task's `httpRequest`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from httptask._core.pointers import parts as steps_of
from httptask._http.media_types import FORM, FORM_DATA, essence, is_json
from httptask._http.syntax import FRAMING, PLACEHOLDER
from httptask.building import build
from httptask.errors import SettingsError, reason
from httptask.interchange._blanks import Blanks
from httptask.interchange._bodies import body_of
from httptask.interchange._captured import Captured
from httptask.interchange._curl_options import PROXY
from httptask.interchange._keeping import Keeping
from httptask.interchange._matching import Match
from httptask.interchange._typed import Typing
from httptask.settings import secrets_below

_BY_CONNECTION = FRAMING | {
    "host",
    "accept-encoding",
    "proxy-connection",
    "http2-settings",
    "expect",
}
"""Headers that httptask sets itself, for the connection and for the encodings it can decode."""
_OF_BROWSERS = re.compile(
    r"(?i)sec-(?:ch|fetch)-.*|sec-gpc|sec-websocket-.*|dnt|upgrade-insecure-requests|priority"
)
"""Headers in which a browser describes itself and the page. They mean nothing to an API."""


def request_of(
    captured: Captured,
    match: Match | None,
    blanks: Blanks,
    keeping: Keeping,
) -> tuple[dict[str, Any], list[str]]:
    """Return (`httpRequest` of *captured*, with blanks; names of the credentials for its body)."""
    endpoint = match.endpoint if match is not None else None
    typing = None
    if endpoint is not None:
        typing = Typing(endpoint, blanks)
    method = method_of(captured)
    request: dict[str, Any] = {"url": ""}
    if method != "GET":  # what a task without a method uses
        request["method"] = method
    body = body_of(captured, endpoint, blanks)
    request |= _address(captured, match, typing)
    headers, cookies = _headers(captured, typing)
    if body is not None and body.media_type:
        name = next((name for name in headers if name.lower() == "content-type"), "Content-Type")
        headers[name] = body.media_type
    request |= {"headers": headers} if headers else {}
    request |= {"cookies": cookies} if cookies else {}
    credentials: list[str] = []
    if body is not None:
        request["body"] = body.value
        credentials = _take_body_secrets(request, body.media_type, captured, keeping, blanks)
    _open_other_secrets(request, captured, blanks)
    return request, credentials


def method_of(captured: Captured) -> str:
    """Return the method of *captured*, with capital letters as written."""
    return captured.method or ("GET" if captured.content is None else "POST")


# The URL


def _address(
    captured: Captured,
    match: Match | None,
    typing: Typing | None,
) -> dict[str, Any]:
    """Return the members `url`, `pathParameters` and `query` of the request."""
    address, _, query = captured.url.partition("?")
    query = _escaped(query)
    request: dict[str, Any] = {}
    if match is not None and typing is not None:
        target, _, fixed_query = match.endpoint.target.partition("?")
        request["url"] = match.server + target
        if fixed_query:
            request["url"] += f"?{fixed_query}"
        values = typing.path(match.path_values)
        # The pairs that the endpoint's own target has are in the URL already.
        fixed_pairs = fixed_query.split("&")
        pairs = [pair for pair in query.split("&") if pair and pair not in fixed_pairs]
        query = "&".join(pairs)
    else:
        request["url"] = _escaped(address)
        values = {
            name: captured.path_parameters[name]
            for name in PLACEHOLDER.findall(address)
            if name in captured.path_parameters
        }
    if values:
        request["pathParameters"] = values
    if query:
        request |= _query(request, query, match, typing)
    return request


def _query(
    request: Mapping[str, Any],
    query: str,
    match: Match | None,
    typing: Typing | None,
) -> dict[str, Any]:
    """Return {"query": ...} that is sent like *query*; if impossible, {"url": ...} with *query*."""
    raw = [pair.partition("=") for pair in query.split("&")]
    pairs = [(name, value) for name, _, value in raw]
    endpoint = match.endpoint if match is not None else None
    texts = [(unquote_plus(name), unquote_plus(value)) for name, value in pairs]
    candidates: list[Any] = []
    if typing is not None:
        candidates.append(typing.query(pairs))
    grouped: dict[str, Any] = {}
    for name, text in texts:
        before = grouped.get(name)
        grouped[name] = text if before is None else [*_as_list(before), text]
    candidates += [grouped, [[name, text] for name, text in texts]]
    # Written again and compared: only what is sent like the pasted query is taken.
    for candidate in candidates:
        try:
            written = build({"url": "http://h/", "query": candidate}, endpoint).url
        except (SettingsError, ValueError):
            continue
        if _same_query(written.partition("?")[2], query, strictly=match is None):
            return {"query": candidate}
    joint = "&" if "?" in request["url"] else "?"
    return {"url": f"{request['url']}{joint}{_without_places(query)}"}


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value]


_TO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^\w!$&'()*+,;=:@/?.~\[\]{}%-]", re.ASCII)
"""Characters that a URL cannot contain (RFC 3986, appendix A).

Braces are excepted: they are placeholders of path parameters, or were escaped before.
"""


def _escaped(text: str) -> str:
    """Percent-encode the characters in *text*, a part of a URL, that a URL cannot contain."""
    return _TO_ESCAPE.sub(lambda match: quote(match[0], safe="", errors="surrogateescape"), text)


def _same_query(written: str, expected: str, *, strictly: bool) -> bool:
    """Say whether the queries *written* and *expected* have the same pairs.

    With *strictly*, the order counts, and a plus sign is not a space: without a description, we do
    not know how the server reads it.
    """
    if strictly:
        written_pairs = [_pair(text, unquote) for text in written.split("&")]
        expected_pairs = [_pair(text, unquote) for text in expected.split("&")]
        return written_pairs == expected_pairs
    return _decoded(written) == _decoded(expected)


def _pair(text: str, decode: Callable[[str], str]) -> tuple[str, str, str]:
    name, equals, value = text.partition("=")
    return unquote(name), equals, decode(value)


def _decoded(query: str) -> Counter[tuple[str, str, str]]:
    """Return the decoded pairs of *query*, with numbers in a normal form."""
    pairs = (_pair(text, unquote_plus) for text in query.split("&"))
    return Counter((name, equals, _plain_number(value)) for name, equals, value in pairs)


def _plain_number(text: str) -> str:
    if not _DECIMAL.fullmatch(text):
        return text
    return str(Decimal(text).normalize())


_DECIMAL = re.compile(r"-?\d{1,20}\.\d{1,20}")


def _without_places(query: str) -> str:
    return query.replace("{", "%7B").replace("}", "%7D")


# Headers and cookies


def _headers(captured: Captured, typing: Typing | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (headers, cookies), without the headers that httptask or a browser adds by itself."""
    cookies: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    spelt: dict[str, str] = {}
    lost: list[str] = []
    is_browser = any(_OF_BROWSERS.fullmatch(name) for name, _ in captured.headers)
    for name, value in captured.headers:
        if name.lower() == "proxy-authorization":
            captured.lose("member-not-carried", name=name, reason=reason(PROXY))
        elif name.lower() in _BY_CONNECTION or name.startswith(":"):
            if name.lower() == "host" and value != _host(captured.url):
                captured.lose("host-not-carried")
        elif _OF_BROWSERS.fullmatch(name) or (
            is_browser and name.lower() == "user-agent" and value.startswith("Mozilla/")
        ):
            lost.append(name)
        elif name.lower() == "cookie":
            cookies |= _cookies(value, typing)
        else:
            spelling, typed = _named("header", name, value, typing)
            # Header names are case-insensitive (RFC 9110, section 5.1): the first spelling stays.
            spelling = spelt.setdefault(spelling.lower(), spelling)
            before = headers.get(spelling)
            if before is not None:
                typed = [*_as_list(before), *_as_list(typed)]
            headers[spelling] = typed
    if lost:
        captured.lose("browser-headers", names=list(dict.fromkeys(lost)))
    return headers, cookies


def _cookies(value: str, typing: Typing | None) -> dict[str, Any]:
    """Return the cookies in *value*, of the header `Cookie`."""
    cookies: dict[str, Any] = {}
    for piece in value.split(";"):
        if piece.strip():
            name, _, text = piece.strip().partition("=")
            spelling, typed = _named("cookie", name, text, typing)
            cookies[spelling] = typed
    return cookies


def _named(location: str, name: str, text: str, typing: Typing | None) -> tuple[str, Any]:
    """Return (name, value) as the endpoint describes them, or as they are without *typing*."""
    if typing is None:
        return name, text
    return typing.named(location, name, text)


def _host(url: str) -> str:
    return re.split(r"[/?#]", url.partition("://")[2])[0]


# Secrets in the settings


def _take_body_secrets(
    request: dict[str, Any],
    media_type: str,
    captured: Captured,
    keeping: Keeping,
    blanks: Blanks,
) -> list[str]:
    """Move secret fields of the body to credentials, and return the names of the credentials."""
    body = request["body"]
    is_form = essence(media_type) in (FORM, FORM_DATA)
    if not (is_form or is_json(media_type)) or not isinstance(body, dict | list):
        return []
    names = []
    for problem in reversed(list(secrets_below(body, ""))):
        steps = steps_of(problem.pointer)
        holder = _holder(body, steps)
        if not isinstance(holder, dict):
            continue
        if not isinstance(holder.get(steps[-1]), str):
            continue
        if "$file" in steps or "$text" in steps or (is_form and len(steps) > 1):
            continue
        field = steps[0] if is_form else problem.pointer
        secret = holder.pop(steps[-1])
        fields = {
            "in": "body",
            "name": field,
            "key": secret,
        }
        label = f"the field {field} of the body"
        names.append(keeping.keep(captured, "apiKey", fields, label, steps[-1]))
    return names[::-1]


def _holder(value: Any, steps: tuple[str, ...]) -> Any:
    for step in steps[:-1]:
        value = value[int(step)] if isinstance(value, list) else value.get(step)
    return value


def _open_other_secrets(
    request: dict[str, Any],
    captured: Captured,
    blanks: Blanks,
) -> None:
    """Replace each remaining secret, which no credential can carry, by a blank."""
    for group, values in request.items():
        if group in ("method", "url"):
            continue
        for problem in secrets_below(values, f"/{group}", group):
            steps = steps_of(problem.pointer)
            # An index says nothing to the person who has to give the value.
            names = [step for step in steps if not step.isdigit()]
            name = names[-1] if names else group
            name = "body" if name.startswith("$") else name
            holder = _holder(request, steps)
            key = int(steps[-1]) if isinstance(holder, list) else steps[-1]
            holder[key] = blanks.blank(f"secret_{name}")
            captured.lose(
                "secret-left-out",
                label=problem.pointer,
                reason=reason("secret-as-parameter"),
            )
