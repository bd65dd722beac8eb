"""Read the requests in a Postman collection 2.1 (schema.getpostman.com, collection v2.1.0).

Requests inherit the authorisation and the variables of their folders. Scripts are not run, and no
files are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httptask.errors import InterchangeError, reason
from httptask.interchange._blanks import Blanks
from httptask.interchange._captured import Captured
from httptask.interchange._curl_options import PROXY
from httptask.interchange._documents import Document, objects, texts
from httptask.interchange._postman_auth import Auth
from httptask.interchange._postman_body import set_body
from httptask.interchange._postman_variables import Variables

_DEEPEST = 50
_ADDRESS = re.compile(r"((?:[^/]*//)?[^/?#]*)(.*)", re.DOTALL)
"""(server, everything after it); it matches any text."""
_NOT_CARRIED = {
    "proxy": PROXY,
    "certificate": "certificate-is-credential",
    "protocolProfileBehavior": "ways-of-its-own",
}
"""Member of a request or an item that is not carried over -> the reason."""


def read_postman(value: Any, blanks: Blanks) -> Document:
    """Return the requests of the collection *value*. Raises `InterchangeError`."""
    if isinstance(value.get("collection"), Mapping):  # Postman's API wraps the collection
        value = value["collection"]
    _check_version(value)
    document = Document("postman")
    variables = Variables(blanks).with_list(value.get("variable"))
    scope = _Scope(variables, Auth(value.get("auth")), "")
    _note_scripts(document, value, "")
    pending: list[tuple[Mapping[str, Any], str, _Scope, int]] = [
        (item, f"/item/{index}", scope, 1) for index, item in objects(value.get("item"))
    ]
    pending.reverse()
    while pending:  # no recursion, because folders may be nested deeply
        item, pointer, outer_scope, depth = pending.pop()
        inner_scope = outer_scope.of(item)
        if isinstance(item.get("item"), list):
            if depth >= _DEEPEST:
                document.lose(
                    "requests-left-out",
                    pointer,
                    severity="error",
                    count=1,
                    reason=reason("folder-depth", limit=_DEEPEST),
                )
                continue
            _note_scripts(document, item, pointer)
            children = [
                (child, f"{pointer}/item/{index}", inner_scope, depth + 1)
                for index, child in objects(item["item"])
            ]
            pending += reversed(children)
        elif "request" in item:
            document.requests.append(_request(item, pointer, inner_scope, blanks))
    if not document.requests:
        raise InterchangeError("the Postman collection holds no request")
    return document


def _check_version(value: Mapping[str, Any]) -> None:
    """Raise `InterchangeError` for a version other than 2.1. An unnamed version is accepted."""
    info = value.get("info")
    schema = ""
    if isinstance(info, Mapping):
        schema = texts(info.get("schema"))
    version = re.search(r"/v(\d+)\.(\d+)", schema)
    if version is None and "requests" in value:
        raise InterchangeError(
            "this is a Postman collection of version 1; export it as Collection v2.1"
        )
    if version is not None and version.groups() != ("2", "1"):
        raise InterchangeError(
            f"this is a Postman collection of version {'.'.join(version.groups())}; export it as"
            " Collection v2.1"
        )


@dataclass(frozen=True, slots=True)
class _Scope:
    """The variables and the authorisation that an item inherits from its folders."""

    variables: Variables
    auth: Auth
    path: str
    """The names of the folders, for messages."""

    def of(self, item: Mapping[str, Any]) -> _Scope:
        """Return the scope inside *item*."""
        auth = item.get("auth")
        name = texts(item.get("name"))
        return _Scope(
            self.variables.with_list(item.get("variable")),
            Auth(auth) if isinstance(auth, Mapping) else self.auth,
            f"{self.path} / {name}" if self.path else name,
        )


def _note_scripts(
    lost: Document | Captured,
    value: Mapping[str, Any],
    pointer: str,
) -> None:
    """Record each script, which is not run, as a problem of *lost*."""
    for index, event in objects(value.get("event")):
        script = event.get("script")
        lines = None
        if isinstance(script, Mapping):
            lines = script.get("exec")
        text = "".join(map(texts, lines)) if isinstance(lines, list) else texts(lines)
        if text.strip() and not event.get("disabled"):
            event_pointer = f"/event/{index}"
            event_name = "test" if event.get("listen") == "test" else "pre-request"
            if isinstance(lost, Document):
                lost.lose("script-not-carried", pointer + event_pointer, event=event_name)
            else:
                lost.lose("script-not-carried", at=event_pointer, event=event_name)


def _request(
    item: Mapping[str, Any],
    pointer: str,
    scope: _Scope,
    blanks: Blanks,
) -> Captured:
    captured = Captured(name=texts(item.get("name")), pointer=pointer)
    _note_scripts(captured, item, pointer)
    variables = scope.variables
    request = item["request"]
    if not isinstance(request, Mapping):
        request = {"url": request}
    for holder, prefix in ((item, ""), (request, "/request")):
        for name, why in _NOT_CARRIED.items():
            if holder.get(name):
                where = f"{prefix}/{name}"
                captured.lose(
                    "member-not-carried",
                    at=where,
                    name=name,
                    reason=reason(why),
                )
    method = variables.filled(texts(request.get("method")))
    captured.method = method.upper() or "GET"
    captured.description = _description(request.get("description"))
    _set_url(captured, request.get("url"), variables)
    _set_headers(captured, request.get("header"), variables)
    set_body(captured, request.get("body"), variables)
    own_auth = request.get("auth")
    # A request without its own authorisation has that of its folder or collection.
    auth = Auth(own_auth) if isinstance(own_auth, Mapping) else scope.auth
    auth.put(captured, variables, blanks)
    return captured


def _description(value: Any) -> str:
    text = value
    if isinstance(value, Mapping):
        text = value.get("content")
    return texts(text)[:10_000]


def _set_url(captured: Captured, url: Any, variables: Variables) -> None:
    """Set the URL and the path parameters. Postman's `:name` in a path becomes `{name}`."""
    if not isinstance(url, Mapping):
        text = variables.filled(texts(url))
    else:
        # Only the parts say which pairs are disabled.
        address = _joined(url) or texts(url.get("raw")).partition("#")[0]
        text = variables.filled(address)
        for _, variable in objects(url.get("variable")):
            name = texts(variable.get("key")) or texts(variable.get("id"))
            captured.path_parameters[name] = variables.filled(texts(variable.get("value")))
    if not text:
        captured.lose("url-missing", severity="error", at="/request/url")
        text = "http://"
    # A blank at the beginning may stand for a whole server, scheme included.
    beginning = text.partition("/")[0]
    if "://" not in text and not variables.blanks.in_text(beginning):
        text = f"http://{text}"
    server, after_server = next(_ADDRESS.finditer(text)).groups()
    path, question, query = after_server.partition("?")
    # Before `:name` becomes `{name}`: braces that are in the path now are plain characters.
    path = re.sub(r"[{}]", lambda match: f"%{ord(match[0]):02X}", path)
    template = re.sub(r"(?<=/):([^/]+)", lambda match: "{" + match[1] + "}", path)
    for name in re.findall(r"\{([^{}]*)\}", template):
        if captured.path_parameters.get(name, "") == "":
            captured.path_parameters[name] = variables.blanks.blank(name)
    captured.url = server + template + question + query


def _joined(url: Mapping[str, Any]) -> str:
    """Build the URL from its parts, without disabled query pairs; return "" if there is no host."""
    host = url.get("host")
    path = url.get("path")
    query = url.get("query")
    if not host:
        return ""
    labels = host if isinstance(host, list) else [host]
    address = ".".join(map(texts, labels))
    if url.get("protocol"):
        address = f"{texts(url['protocol']).removesuffix('://')}://{address}"
    if url.get("port"):
        address += f":{texts(url['port'])}"
    if path:
        segments = path
        if not isinstance(path, list):
            segments = texts(path).removeprefix("/").split("/")
        for segment in segments:
            # A segment that is an object has a type, too, which the URL does not show.
            value = segment.get("value") if isinstance(segment, Mapping) else segment
            address += f"/{texts(value)}"
    enabled = [pair for _, pair in objects(query) if not pair.get("disabled")]
    pairs = [_query_pair(pair) for pair in enabled]
    if pairs:
        address += "?" + "&".join(pairs)
    return address


def _query_pair(pair: Mapping[str, Any]) -> str:
    text = texts(pair.get("key"))
    # Null is a name alone, without `=`.
    if pair.get("value") is not None:
        text += f"={texts(pair['value'])}"
    # A plain `#` would begin the fragment, and cut off the other pairs.
    return text.replace("#", "%23")


def _set_headers(captured: Captured, headers: Any, variables: Variables) -> None:
    """Add *headers*, an array of objects or a text with one header in each line."""
    if isinstance(headers, str):
        pairs = [line.split(":", 1) for line in headers.splitlines() if ":" in line]
        headers = [{"key": name, "value": value.strip()} for name, value in pairs]
    for _, header in objects(headers):
        name = texts(header.get("key"))
        if name.strip() and not header.get("disabled"):
            value = variables.filled(texts(header.get("value")))
            captured.headers.append((variables.filled(name).strip(), value))
