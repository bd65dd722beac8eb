"""Decoding a response's body, deciding the outcome, and making the result of the task."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from httptask._core import quick_json
from httptask._core.redaction import Redactor
from httptask._core.strict_json import deeper_than, number
from httptask._http.header_fields import by_name
from httptask._http.media_types import ITEMS, JSON, TEXT, reading_of
from httptask._http.sequences import sequence_of
from httptask._http.syntax import TOKEN
from httptask.errors import DecodeError, ParseError, StatusError, TaskError
from httptask.model.exchange import Difference
from httptask.model.policy import Limits
from httptask.model.task import TaskResult
from httptask.sending._codings import Decoder
from httptask.sending._filename import filename_of
from httptask.sending._files import BodyFile
from httptask.sending._hop import Bodies, Received, too_large
from httptask.sending._retry import retry_after, server_time
from httptask.sending._texts import json_text, text_of


class View(NamedTuple):
    """The decoded body of a response. A tuple, because every call makes a view: a tuple is fast."""

    content: bytes
    """The body after content decoding; empty when it was written to a file directly."""
    value: Any
    decoded_as: str | None
    """`json` or `text`; None: the body is bytes, or missing."""
    media_type: str
    error: TaskError | None = None
    """Why the body does not match its Content-Type."""
    file: BodyFile | None = None
    """The file with the body's bytes, when they are neither JSON nor text."""
    missing: bool = False
    """Whether the response could have a body, but has none."""
    start: str = ""
    """The first characters of a JSON text, for error messages."""

    def __repr__(self) -> str:
        # The body is left out: it may hold a secret.
        return f"<View of {len(self.content):,} bytes as {self.decoded_as}>"

    @property
    def body(self) -> Any:
        """The body for the task's result: the value, or the reference to a file."""
        if self.file is not None:
            return self.file.reference()
        return self.value

    @property
    def size(self) -> int:
        """The size of the body in bytes, after content decoding."""
        if self.file is not None:
            return self.file.size
        return len(self.content)


NO_VIEW = View(b"", None, None, "")
"""The view of a body that was not received, or not completely."""


def view_of(
    received: Received,
    limits: Limits,
    redactor: Redactor,
    bodies: Bodies | None = None,
) -> View:
    """Decode the body of *received*. *bodies* makes files for bodies that are not decoded.

    Never raises a `TaskError`: an error of the body is in the view's `error`.
    """
    bodies = bodies or Bodies(limits.body)
    if received.file is not None:
        return _file_view(b"", received, received.file)
    try:
        content = _decoded(received, bodies)
    except DecodeError as error:
        return _undecoded_view(received, error, limits, redactor, bodies)
    except TaskError as error:
        return View(b"", None, None, received.media_type, error)
    if isinstance(content, BodyFile):
        return _file_view(b"", received, content)
    return _read(content, received, limits, redactor, bodies)


def _undecoded_view(
    received: Received,
    error: DecodeError,
    limits: Limits,
    redactor: Redactor,
    bodies: Bodies,
) -> View:
    """Return the view of a body whose content coding cannot be undone; *error* says why.

    If the bytes are valid JSON, they were never encoded, and Content-Encoding is wrong: then the
    view has no error. The body of an error response is decoded anyway: it explains the error.
    """
    content = bytes(received.body)
    is_json = JSON in (bodies.reading.body, reading_of(received.media_type)) and (
        _json_view(content, received, limits, redactor).error is None
    )
    if received.is_success and not is_json:
        return View(b"", None, None, received.media_type, error)
    received.notes.append(f"{error}; the body is left as it came")
    view = _read(content, received, limits, redactor, bodies)
    if is_json:
        return view
    return view._replace(error=error)


def _read(
    content: bytes,
    received: Received,
    limits: Limits,
    redactor: Redactor,
    bodies: Bodies,
) -> View:
    """Return the view of *content*, the body after content decoding."""
    may_be_empty_file = bodies.wants_file(received) and received.may_have_body
    if not content and not may_be_empty_file:
        return View(content, None, None, received.media_type, missing=received.may_have_body)
    decoded_as = bodies.decoded_as(received)
    charset = bodies.reading.charset
    # "responseBody": "json" applies to successes, but the body of an error response may be JSON,
    # too: use it if it parses.
    if bodies.reading.body == JSON and decoded_as != JSON:
        view = _json_view(content, received, limits, redactor, charset)
        if view.error is None:
            return view
    if decoded_as == JSON:
        view = _json_view(content, received, limits, redactor, charset)
        if view.error is None or not received.coding_note:
            return view
        file = bodies.new_file()  # most likely still encoded, so not text: keep the bytes
        file.write(content)
        view.error.message += f"; {received.coding_note}"
        return _file_view(content, received, file)._replace(error=view.error)
    if decoded_as == ITEMS:
        return _items_view(content, received, limits, redactor, charset)
    # RFC 9110, section 8.3: without a Content-Type the recipient may examine the data. Bytes that
    # decode to text without NUL count as text.
    is_untyped = not received.media_type and not bodies.wants_file(received)
    may_be_text = decoded_as == TEXT or is_untyped
    text = text_of(content, received.content_type, charset) if may_be_text else None
    if text is not None and (decoded_as == TEXT or "\0" not in text):
        return View(content, text, TEXT, received.media_type)
    file = bodies.new_file()
    file.write(content)
    return _file_view(content, received, file)


_MEDIA_TYPE = re.compile(rf"{TOKEN.pattern}/{TOKEN.pattern}")
"""RFC 9110, section 8.3.1."""


def _file_view(content: bytes, received: Received, file: BodyFile) -> View:
    file.name = filename_of(received.header_lines("content-disposition"))
    # A malformed media type is left out: a request that sends the file on could not use it.
    if _MEDIA_TYPE.fullmatch(received.media_type):
        file.media_type = received.media_type
    return View(content, None, None, received.media_type, file=file)


def _decoded(received: Received, bodies: Bodies) -> bytes | BodyFile:
    """Return the body after content decoding: bytes, or a file when the body is too large for
    memory and neither JSON nor text.

    Raises `DecodeError` and `TooLargeError`.
    """
    encoding = received.content_encoding
    if not encoding or not received.body:
        return bytes(received.body)
    decoder = Decoder(encoding)
    content = bytearray()
    file = None
    try:
        for piece in decoder.feed(received.body):
            if file is not None:
                file.write(piece)
                continue
            content += piece
            if len(content) > bodies.limit:
                # JSON and text are needed in memory; only other content can go on to a file.
                if bodies.decoded_as(received) is not None:
                    raise too_large("the response's body, decompressed, is", received, bodies)
                file = bodies.new_file()
                file.write(content)
        decoder.finish()
    except BaseException:
        if file is not None:
            file.discard()
        raise
    return file or bytes(content)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The caller's verdict on a response: a success or not, and how it differs from the
    description.
    """

    accepted: bool
    why: str = ""
    """Why the response is not accepted; "" when the status is reason enough."""
    differences: tuple[Difference, ...] = ()
    unmet: str = ""
    """Why the condition in `retry.until` is not met: another attempt is wanted."""
    failure: TaskError | None = None
    """The error of evaluating `retry.until`: another attempt would not help."""


def outcome(
    received: Received,
    view: View,
    redactor: Redactor,
    verdict: Verdict | None = None,
) -> TaskError | None:
    """Return the error for *received*, or None for a success.

    A success is a response that *verdict* accepts (without a verdict: any 2xx), that meets
    `retry.until`, and whose body matches its Content-Type.
    """
    is_accepted = verdict.accepted if verdict is not None else received.is_success
    unmet = verdict.unmet if verdict is not None else ""
    if is_accepted and not unmet:
        return view.error
    if is_accepted and verdict is not None and verdict.failure is not None:
        return verdict.failure
    line = f"{received.status_code} {received.reason_phrase}".strip()
    reasons = [verdict.why, unmet] if verdict is not None else []
    why = "".join(f", and {reason}" for reason in reasons if reason)
    message = f"the server answered {line}{why}" + _excerpt(view, redactor)
    after = retry_after(
        received.header_lines("retry-after"), server_time(received.header_lines("date"))
    )
    return StatusError(
        message,
        status_code=received.status_code,
        retry_after=after,
        maybe_delivered=True,
    )


def task_result(
    received: Received,
    view: View,
    cookies_before: Sequence[str] = (),
    *,
    url: str,
    attempts: int,
    elapsed: float,
) -> TaskResult:
    """Return the result of a task whose last response is *received*.

    *cookies_before* are the `Set-Cookie` values of the redirects before. *elapsed* is in seconds.
    """
    return TaskResult(
        status_code=received.status_code,
        reason_phrase=received.reason_phrase,
        headers=by_name((*(("set-cookie", value) for value in cookies_before), *received.headers)),
        body=view.body,
        url=url,
        attempts=attempts,
        elapsed_seconds=elapsed,
    )


def _excerpt(view: View, redactor: Redactor) -> str:
    if view.value is None:
        return ""
    excerpt = _masked_start(view.value if isinstance(view.value, str) else view.start, redactor)
    return f": {excerpt[:300]}" + ("..." if len(excerpt) > 300 else "")


def _masked_start(text: str, redactor: Redactor) -> str:
    """Return the start of *text*, masked, on one line.

    Masking comes before cutting: masking would not find a secret that was cut in two.
    """
    start = redactor.text(text[:_START])
    if len(text) > _START:
        start = start[: -_START // 4]  # the end may be the first half of a secret
    return " ".join(start.split())


_START = 64 * 1024
"""Characters of a body that are masked before an error message quotes their start."""


# JSON (RFC 8259)


def _json_view(
    content: bytes,
    received: Received,
    limits: Limits,
    redactor: Redactor,
    charset: str = "",
) -> View:
    media_type = received.media_type
    try:
        json_content = json_text(content, received.content_type, charset)
        if json_content.isspace() or not json_content:
            # Some servers send white space instead of no body.
            return View(content, None, None, media_type, missing=True)
        value = _parsed(json_content)
    except RecursionError:
        return _not_json(content, media_type, redactor, _too_deep(limits))
    except ValueError as error:
        return _not_json(content, media_type, redactor, str(error))
    return _bounded_view(value, json_content, content, media_type, limits, redactor)


def _parsed(text: str) -> Any:
    """Parse the JSON *text*. Raises `ValueError` with a message, and `RecursionError`."""
    value = quick_json.read(text)
    if value is not quick_json.UNREAD:
        return value
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error


def _bounded_view(
    value: Any,
    text: str,
    content: bytes,
    media_type: str,
    limits: Limits,
    redactor: Redactor,
) -> View:
    # Counting brackets is fast; a body with fewer brackets than allowed levels need not be walked.
    may_be_deep = content.count(b"[") + content.count(b"{") > limits.json_depth
    if may_be_deep and deeper_than(value, limits.json_depth):
        return _not_json(content, media_type, redactor, _too_deep(limits))
    return View(content, value, JSON, media_type, start=text[: _START + 1])


def _items_view(
    content: bytes,
    received: Received,
    limits: Limits,
    redactor: Redactor,
    charset: str = "",
) -> View:
    """Decode a body that is a sequence of items, such as JSON lines, to an array."""
    media_type = received.media_type
    try:
        text = json_text(content, received.content_type, charset)
        items = list(_items(text, media_type))
    except RecursionError:
        return _not_json(content, media_type, redactor, _too_deep(limits), as_items=True)
    except ValueError as error:
        return _not_json(content, media_type, redactor, str(error), as_items=True)
    return _bounded_view(items, text, content, media_type, limits, redactor)


def _items(text: str, media_type: str) -> Iterator[Any]:
    """Parse and yield the items of the sequence *text*.

    Raises `ValueError` with a message, and `RecursionError`.
    """
    sequence = sequence_of(media_type)
    if sequence is None:
        return
    for position, item in enumerate(sequence.split(text), 1):
        try:
            yield sequence.read(item, _parsed)
        except ValueError as error:
            raise ValueError(f"item {position}: {error}") from error


def _not_json(
    content: bytes,
    media_type: str,
    redactor: Redactor,
    why: str,
    *,
    as_items: bool = False,
) -> View:
    # The codecs that `detect_encoding` returns remove a byte order mark.
    content_text = content.decode(json.detect_encoding(content), "replace")
    start = _masked_start(content_text, redactor)[:80]
    claim = f"the response says it is {media_type}"
    if reading_of(media_type) != JSON and not as_items:
        claim = (
            'the response is to be read as JSON ("responseBody": "json"), says it is'
            f" {media_type or 'nothing'},"
        )
    error = ParseError(f"{claim} and is not: {why}; it starts with {start!r}", maybe_delivered=True)
    return View(content, content_text, TEXT, media_type, error)


def _too_deep(limits: Limits) -> str:
    return f"its JSON is nested deeper than {limits.json_depth} levels"


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused, parse_float=number)
