"""Read the requests in a HAR 1.2 file.

Pictures, scripts and other resources that a page loads for itself are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from httptask._http.media_types import FORM, FORM_DATA, essence
from httptask.errors import InterchangeError, reason
from httptask.interchange._blanks import Blanks
from httptask.interchange._captured import Captured, Part
from httptask.interchange._documents import Document, objects, texts

_STATIC_TYPES = frozenset(
    ("image", "font", "stylesheet", "script", "media", "manifest", "texttrack", "websocket", "ping")
)
"""The types of resources (`_resourceType` in Chrome and Firefox) that a page loads for itself."""
_STATIC_MEDIA_TYPE = re.compile(
    r"(?:image|font|audio|video)/.*|text/css|(?:text|application)/(?:x-)?javascript"
    r"|application/(?:font-.*|x-font-.*|wasm)"
)
_STATIC_PATH = re.compile(
    r"(?i)\.(?:png|jpe?g|gif|svg|webp|avif|ico|css|m?js|map|woff2?|ttf|otf|eot|mp[34]|webm|wasm)\Z"
)


def read_har(value: Any, blanks: Blanks) -> Document:
    """Return the requests of the HAR *value*. Raises `InterchangeError`."""
    log = value["log"]
    document = Document("har")
    left_out: Counter[str] = Counter()
    for index, entry in objects(log.get("entries")):
        request = entry.get("request")
        if not isinstance(request, Mapping):
            continue
        noise = _noise(entry, request)
        if noise:
            left_out[noise] += 1
        else:
            document.requests.append(_captured(request, f"/log/entries/{index}/request"))
    for noise, count in left_out.items():
        document.lose(
            "requests-left-out",
            "/log/entries",
            count=count,
            reason=reason(noise),
        )
    if not document.requests:
        raise InterchangeError(
            "the HAR file holds no request to an API"
            + (f"; {left_out.total()} to other things are left out" if left_out else "")
        )
    return document


def _noise(entry: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """Return the reason why the request of *entry* is no API request, or "" if it may be one."""
    url = texts(request.get("url"))
    if not re.match(r"(?i)https?://", url):
        return "not-http-url"
    # Browsers send them by themselves: preflights of CORS, and tunnels through a proxy.
    if texts(request.get("method")).upper() in ("OPTIONS", "CONNECT"):
        return "preflight"
    if texts(entry.get("_resourceType")) in _STATIC_TYPES:
        return "page-load"
    response = entry.get("response")
    content = None
    if isinstance(response, Mapping):
        content = response.get("content")
    media_type = ""
    if isinstance(content, Mapping):
        media_type = essence(texts(content.get("mimeType")))
    is_get = texts(request.get("method")).upper() == "GET"
    path = re.split(r"[?#]", url)[0]
    if is_get and (_STATIC_MEDIA_TYPE.fullmatch(media_type) or _STATIC_PATH.search(path)):
        return "page-load"
    return ""


def _captured(request: Mapping[str, Any], pointer: str) -> Captured:
    """Return the *request* of an entry, without HTTP/2's pseudo headers (`:path`)."""
    captured = Captured(pointer=pointer)
    captured.method = texts(request.get("method")).upper() or "GET"
    # A fragment is never sent (RFC 9110, section 7.1).
    url = texts(request.get("url")).partition("#")[0]
    address, question, query = url.partition("?")
    # In a URL of ours, braces would name a path parameter.
    address = address.replace("{", "%7B").replace("}", "%7D")
    captured.url = address + question + query
    for _, header in objects(request.get("headers")):
        name = texts(header.get("name"))
        if name and not name.startswith(":"):
            captured.headers.append((name, texts(header.get("value"))))
    # A recording lists cookies apart from the headers, too (HAR 1.2, `cookies`).
    if captured.header("Cookie") is None:
        cookies = [
            f"{texts(cookie.get('name'))}={texts(cookie.get('value'))}"
            for _, cookie in objects(request.get("cookies"))
        ]
        if cookies:
            captured.headers.append(("Cookie", "; ".join(cookies)))
    _set_content(captured, request.get("postData"))
    return captured


def _set_content(captured: Captured, data: Any) -> None:
    """Set the body from `postData`: its `text`, or else its `params`."""
    if not isinstance(data, Mapping):
        return
    media_type = texts(data.get("mimeType"))
    text = texts(data.get("text"))
    fields = objects(data.get("params"))
    if captured.header("Content-Type") is None and media_type and (text or fields):
        captured.headers.append(("Content-Type", media_type))
    if text:
        captured.content = text
    elif fields and essence(media_type) == FORM_DATA:
        # Its boundary is that of the recorded body, which is built anew from its fields.
        captured.take_headers("Content-Type")
        captured.headers.append(("Content-Type", FORM_DATA))
        captured.content = tuple(_part(field, captured) for _, field in fields)
    elif fields and essence(media_type) == FORM:
        captured.content = "&".join(
            f"{quote_plus(texts(field.get('name')))}={quote_plus(texts(field.get('value')))}"
            for _, field in fields
        )


def _part(field: Mapping[str, Any], captured: Captured) -> Part:
    filename = texts(field.get("fileName")) or None
    value = texts(field.get("value"))
    media_type = texts(field.get("contentType"))
    if filename is not None and not value:
        captured.lose(
            "file-not-chosen",
            severity="error",
            at="/postData",
            name=filename,
        )
    return Part(texts(field.get("name")), value, None, media_type, filename)
