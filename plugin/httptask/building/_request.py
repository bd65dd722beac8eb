"""Evaluated settings -> the request to send."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

from httptask import _packaged
from httptask._json import pointer
from httptask._syntax import PLACEHOLDER, UNSENDABLE
from httptask.building._styles import DEFAULTS, UnwritableError, encoded, scalar, written
from httptask.errors import Problem, SettingsError
from httptask.model.api import Endpoint, Parameter
from httptask.model.exchange import OutgoingRequest

_HEADER_SAFE = "".join(chr(code) for code in range(0x20, 0x7F))
_COOKIE_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"  # cookie-octet of RFC 6265, section 4.1.1, without %


def build(request: Mapping[str, Any], endpoint: Endpoint | None = None, at: str = "") -> OutgoingRequest:
    """Return the request that *request* (normalised, evaluated settings) describes.

    *endpoint* says how each documented value is written; *at* is the JSON Pointer of *request*, for errors. Raises
    `SettingsError` for a value that cannot be sent: nothing was sent.
    """
    known = {(parameter.location, parameter.name): parameter for parameter in endpoint.parameters} if endpoint else {}
    headers = _headers(request.get("headers", {}), known, at)
    cookie = _cookies(request.get("cookies", {}), known, at)
    if cookie:
        _merge(headers, "Cookie", cookie, "; ")
    body = b""
    if "body" in request:
        content_type = next((value for name, value in headers if name.lower() == "content-type"), None)
        if content_type is None:
            content_type = _media_type_of(request["body"], endpoint)
            headers.append(("Content-Type", content_type))
        body = _body(request["body"], content_type, pointer(["body"], at))
    return OutgoingRequest(
        method=request.get("method", "GET"),
        url=_url(request, known, at),
        headers=_defaults(headers) + headers,
        body=body,
    )


Known = Mapping[tuple[str, str], Parameter]


def _refuse(place: str, why: str) -> SettingsError:
    return SettingsError([Problem(place, why)])


def _written(
    group: str, location: str, name: str, value: Any, known: Known, at: str, **encode: Any
) -> list[tuple[str, str]]:
    parameter = known.get((location, name))
    style, explode = DEFAULTS[location]
    if parameter is not None:
        style, explode = _style(parameter)
    try:
        return written(name, value, style, explode, **encode)
    except UnwritableError as error:
        raise _refuse(pointer([group, name], at), str(error)) from error


def _style(parameter: Parameter) -> tuple[str, bool]:
    style, explode = DEFAULTS[parameter.location]
    if parameter.style is not None:
        style = parameter.style
        explode = style == "form"  # OpenAPI: explode is true by default for form only
    return style, explode if parameter.explode is None else parameter.explode


def _url(request: Mapping[str, Any], known: Known, at: str) -> str:
    values = request.get("pathParameters", {})

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        place = pointer(["pathParameters", name], at)
        if name not in values:
            raise _refuse(pointer(["url"], at), f"the URL has a place {match.group()} and no value for it")
        text = _written("pathParameters", "path", name, values[name], known, at)[0][1]
        if not text:
            raise _refuse(place, "an empty value would leave out a part of the path")
        return text

    before, mark, query = request["url"].partition("#")[0].partition("?")
    path = PLACEHOLDER.sub(fill, before)
    for segment in re.split(r"[/\\]", path)[3:]:
        if unquote(segment) in (".", ".."):  # RFC 3986, section 5.2.4: the receiver would climb
            raise _refuse(pointer(["url"], at), f"the path part {segment!r} would climb in the path")
    # Existing escapes are kept: the author may have written them.
    server, path = _server_and_path(path)
    path = server + quote(path or "/", safe="!$&'()*+,;=:@/%-._~", errors="surrogatepass")
    kept = "!$&'()*+,;=:@/?%-._~[]"
    parts = [quote(PLACEHOLDER.sub(fill, query), safe=kept, errors="surrogatepass")] if mark and query else []
    for name, value in request.get("query", {}).items():
        parts += [f"{key}={text}" for key, text in _written("query", "query", name, value, known, at)]
    return path + ("?" + "&".join(parts) if parts else "")


def _server_and_path(url: str) -> tuple[str, str]:
    end = url.find("/", url.find("://") + 3)
    return (url, "") if end < 0 else (url[:end], url[end:])


def _headers(values: Mapping[str, Any], known: Known, at: str) -> list[tuple[str, str]]:
    headers = []
    for name, value in values.items():
        text = _written("headers", "header", name, value, known, at, encode=str)[0][1]
        if UNSENDABLE.search(text):
            raise _refuse(
                pointer(["headers", name], at), "a header value must not hold a line break or control character"
            )
        headers.append((name, text.strip(" \t")))
    return headers


def _cookies(values: Mapping[str, Any], known: Known, at: str) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        pairs += _written("cookies", "cookie", name, value, known, at, encode=_cookie_text)
    return "; ".join(f"{name}={value}" for name, value in pairs)


def _cookie_text(text: str) -> str:
    return quote(text, safe=_COOKIE_SAFE, errors="surrogatepass")


def _merge(headers: list[tuple[str, str]], name: str, value: str, between: str) -> None:
    for index, (key, old) in enumerate(headers):
        if key.lower() == name.lower():
            headers[index] = (key, old + between + value)
            return
    headers.append((name, value))


def _defaults(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    given = {name.lower() for name, _ in headers}
    defaults = (
        ("User-Agent", f"httptask/{_packaged.manifest()['version']}"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate"),
    )
    return [(name, value) for name, value in defaults if name.lower() not in given]


# Bodies


def _media_type_of(body: Any, endpoint: Endpoint | None) -> str:
    documented = list(endpoint.request_body.content) if endpoint is not None and endpoint.request_body else []
    for media_type in documented:
        if "*" not in media_type:
            return media_type
    return "text/plain; charset=utf-8" if isinstance(body, str) and not documented else "application/json"


def _body(value: Any, content_type: str, place: str) -> bytes:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate: only its escape can be sent
            return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
        except (TypeError, ValueError, RecursionError) as error:
            raise _refuse(place, f"cannot be written as JSON: {error}") from error
    if isinstance(value, str):
        return _text(value, content_type, place)
    if media_type == "application/x-www-form-urlencoded" and isinstance(value, Mapping):
        return _form(value, place)
    raise _refuse(
        place,
        f"a body of media type {media_type} is sent as text: expected a string; an object is sent as application/json",
    )


def _text(value: str, content_type: str, place: str) -> bytes:
    match = re.search(r'(?i);\s*charset="?([\w.:-]+)', content_type)
    charset = match.group(1) if match else "utf-8"
    try:
        return value.encode(charset)
    except (LookupError, UnicodeError) as error:
        raise _refuse(place, f"cannot be written in the charset {charset!r}: {error}") from error


def _form(value: Mapping[str, Any], place: str) -> bytes:
    pairs = []
    for name, item in value.items():
        if isinstance(item, dict | list):
            # How APIs nest form fields differs (a[b], a.b, a[]); a guess would silently lose the value.
            raise _refuse(pointer([name], place), "an array or object cannot be sent as a form field yet")
        try:
            pairs.append((name, scalar(item)))
        except UnwritableError as error:
            raise _refuse(pointer([name], place), str(error)) from error
    return urlencode(pairs, errors="surrogatepass").encode("ascii")


__all__ = ["build", "encoded"]
