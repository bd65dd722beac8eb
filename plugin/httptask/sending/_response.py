"""A received response -> its decoded view, its outcome class, and the result of the task."""

from __future__ import annotations

import codecs
import json
import math
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from httptask._json import deeper_than
from httptask._redaction import Redactor
from httptask.errors import DecodeError, ParseError, StatusError, TaskError, TooLargeError
from httptask.model.exchange import Headers
from httptask.model.policy import Limits
from httptask.model.task import TaskResult
from httptask.sending._hop import Received
from httptask.sending._retry import retry_after

_CHARSETS = {
    codecs.lookup(name).name
    for name in (
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "ascii", "big5", "gb18030", "gbk", "gb2312"),
        *("euc-jp", "shift_jis", "iso2022_jp", "euc-kr", "koi8-r", "koi8-u", "cp866", "mac-roman"),
        *(f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))),
        *(f"cp{page}" for page in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 874, 949)),
    )
}
"""Charsets of text. Python's codecs also name things that are no charset (zlib, punycode, rot13): never those."""

_TEXT = re.compile(
    r"text/|application/(xml|javascript|ecmascript|x-www-form-urlencoded|yaml|x-yaml|x-ndjson|graphql|sql|toml)|.*\+(xml|yaml)$"
)
_MAX_CODINGS = 3
"""Content codings in a row; more is an attack, not a response."""

DECODED_JSON, DECODED_TEXT = "json", "text"


@dataclass(frozen=True, slots=True)
class View:
    """A response's body as a person and a workflow read it."""

    content: bytes
    """After content coding."""
    value: Any
    kind: str | None
    """`json`, `text`, or None: bytes."""
    media_type: str
    error: TaskError | None = None
    """Why the body is not what it says it is."""


def view(received: Received, limits: Limits, redactor: Redactor) -> View:
    """Return the view of *received*. Never raises: what is wrong with the body is the view's `error`."""
    media_type = received.content_type.partition(";")[0].strip().lower()
    try:
        content = _decoded(bytes(received.body), received.header("content-encoding"), limits)
    except TaskError as error:
        return View(b"", None, None, media_type, error)
    if not content:
        return View(content, None, None, media_type)
    if media_type == "application/json" or media_type.endswith("+json"):
        return _json_view(content, media_type, limits, redactor)
    if _TEXT.match(media_type):
        return View(content, _text(content, received.content_type), DECODED_TEXT, media_type)
    if not media_type:
        # RFC 9110, section 8.3: without a type the recipient may look. Valid UTF-8 without NUL is text.
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return View(content, None, None, media_type)
        return (
            View(content, text, DECODED_TEXT, media_type) if "\0" not in text else View(content, None, None, media_type)
        )
    return View(content, None, None, media_type)


def outcome(received: Received, seen: View, redactor: Redactor) -> TaskError | None:
    """Return the error *received* ends in, or None for a success: any 2xx whose body is what it says it is."""
    if 200 <= received.status_code < 300:
        return seen.error
    line = f"{received.status_code} {received.reason_phrase}".strip()
    message = f"the server answered {line}" + _excerpt(seen, redactor)
    after = retry_after(received.header("retry-after"))
    return StatusError(message, status_code=received.status_code, retry_after=after, maybe_delivered=True)


def task_result(
    received: Received,
    seen: View,
    *,
    url: str,
    attempts: int,
    elapsed: float,
    store: Callable[[bytes, str], Any],
) -> TaskResult:
    """Return the result of a task. *store* keeps bytes that are neither JSON nor text and returns a reference to them."""
    value = seen.value
    if seen.kind is None and seen.content:
        value = store(seen.content, seen.media_type)
    return TaskResult(
        status_code=received.status_code,
        reason_phrase=received.reason_phrase,
        headers=_joined(received.headers),
        body=value,
        url=url,
        attempts=attempts,
        elapsed_seconds=elapsed,
    )


def _joined(headers: Headers) -> dict[str, str | list[str]]:
    joined: dict[str, str | list[str]] = {}
    for name, value in headers:
        key = name.lower()
        old = joined.get(key)
        if key == "set-cookie":  # RFC 9110, section 5.3: it cannot be joined
            joined[key] = [*old, value] if isinstance(old, list) else [value]
        else:
            joined[key] = f"{old}, {value}" if old is not None else value
    return joined


def _excerpt(seen: View, redactor: Redactor) -> str:
    if seen.value is None:
        return ""
    text = _masked_start(seen.value if isinstance(seen.value, str) else _text(seen.content, ""), redactor)
    return f": {text[:300]}" + ("..." if len(text) > 300 else "")


def _masked_start(text: str, redactor: Redactor) -> str:
    """Return the start of *text* on one line, masked before it is cut: a cut must not save a part of a secret."""
    start = redactor.text(text[:_START])
    if len(text) > _START:
        start = start[: -_START // 4]  # a secret may have been cut off at the end
    return " ".join(start.split())


_START = 64 * 1024
"""Characters of a body that are looked at for an error's sentence."""


# Content codings (RFC 9110, section 8.4)


def _decoded(body: bytes, encoding: str, limits: Limits) -> bytes:
    codings = [coding.strip().lower() for coding in encoding.split(",") if coding.strip()]
    codings = [coding for coding in codings if coding != "identity"]
    if len(codings) > _MAX_CODINGS:
        raise DecodeError(f"the response is encoded {len(codings)} times over; at most {_MAX_CODINGS} are undone")
    for coding in reversed(codings):
        windows = _WINDOWS.get(coding)
        if windows is None:
            raise DecodeError(f"the response is encoded as {coding!r}, which was not asked for")
        if body:
            body = _inflated(body, windows, coding, limits.body)
    return body


# What zlib calls wbits: 31 is gzip (RFC 1952); "deflate" is zlib (RFC 1950), but some servers send it raw (RFC 1951).
_GZIP = 31
_MAX_MEMBERS = 1000
_ZEROS = re.compile(rb"\0*")
_PIECE = 64 * 1024
_WINDOWS: dict[str, tuple[int, ...]] = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (15, -15)}


def _inflated(body: bytes, windows: tuple[int, ...], coding: str, limit: int) -> bytes:
    why: zlib.error | None = None
    for bits in windows:
        try:
            return _members(body, bits, coding, limit)
        except zlib.error as error:
            why = why or error
    raise DecodeError(f"the response's {coding} coding is broken: {why}") from why


def _members(body: bytes, bits: int, coding: str, limit: int) -> bytes:
    result = bytearray()
    rest = memoryview(body)
    for _ in range(_MAX_MEMBERS):  # RFC 1952, section 2.2: a gzip file is a row of members
        inflate = zlib.decompressobj(bits)
        while not inflate.eof:
            piece, rest = rest[:_PIECE], rest[_PIECE:]
            if not piece:
                raise DecodeError(f"the response's {coding} coding is truncated")
            waiting = bytes(piece)
            while waiting and not inflate.eof:
                result += inflate.decompress(waiting, limit + 1 - len(result))
                if len(result) > limit:
                    raise TooLargeError(f"the response's body is over the limit of {limit:,} bytes when decompressed")
                waiting = inflate.unconsumed_tail
            # In pieces, so that what follows a member is not copied whole for every member.
            rest = memoryview(body)[len(body) - len(rest) - len(inflate.unused_data) :] if inflate.eof else rest
        if bits == _GZIP and bytes(rest[:1]) == b"\0":  # zeros may stand between members and after the last
            rest = rest[_ZEROS.match(rest).end() :]  # type: ignore[union-attr]
        if (
            bits != _GZIP or bytes(rest[:2]) != b"\x1f\x8b"
        ):  # anything else after the last member is padding; others ignore it too
            return bytes(result)
    raise DecodeError(f"the response's {coding} coding has more than {_MAX_MEMBERS} members")


# JSON (RFC 8259) and text


def _json_view(content: bytes, media_type: str, limits: Limits, redactor: Redactor) -> View:
    try:
        # json.loads finds UTF-8, UTF-16 and UTF-32 by their first bytes.
        value = json.loads(content, parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        return _not_json(content, media_type, redactor, f"its JSON is nested deeper than {limits.json_depth} levels")
    except json.JSONDecodeError as error:
        return _not_json(content, media_type, redactor, f"line {error.lineno}, column {error.colno}: {error.msg}")
    except ValueError as error:  # not Unicode, NaN, or an integer of more digits than Python converts
        return _not_json(content, media_type, redactor, str(error))
    # Fewer brackets than levels, almost always: then there is no need to walk.
    if content.count(b"[") + content.count(b"{") > limits.json_depth and deeper_than(value, limits.json_depth):
        return _not_json(content, media_type, redactor, f"its JSON is nested deeper than {limits.json_depth} levels")
    return View(content, value, DECODED_JSON, media_type)


def _not_json(content: bytes, media_type: str, redactor: Redactor, why: str) -> View:
    text = content.decode(json.detect_encoding(content), "replace").removeprefix("\ufeff")
    start = _masked_start(text, redactor)[:80]
    error = ParseError(
        f"the response says it is {media_type} and is not: {why}; it starts with {start!r}", maybe_delivered=True
    )
    return View(content, text, DECODED_TEXT, media_type, error)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _text(content: bytes, content_type: str) -> str:
    match = re.search(r'(?i);\s*charset="?([^\s";]+)', content_type)
    for charset in (match.group(1) if match else "utf-8", "utf-8"):
        try:
            if codecs.lookup(charset).name in _CHARSETS:
                return content.decode(charset, "replace").removeprefix("\ufeff")
        except (LookupError, ValueError):
            continue
    return content.decode("utf-8", "replace").removeprefix("\ufeff")
