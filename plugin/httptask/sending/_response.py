"""A received response -> its decoded view, its outcome class, and the result of the task."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from httptask._core.redaction import Redactor
from httptask._core.strict_json import deeper_than, number
from httptask._http.media_types import ITEMS, JSON, TEXT, reading_of
from httptask._http.sequences import sequence_of
from httptask._http.syntax import TOKEN
from httptask.errors import DecodeError, ParseError, StatusError, TaskError
from httptask.model.exchange import Difference, Headers
from httptask.model.policy import Limits
from httptask.model.task import TaskResult
from httptask.sending._codings import Decoder
from httptask.sending._filename import filename_of
from httptask.sending._files import BodyFile
from httptask.sending._hop import Bodies, Received, too_large
from httptask.sending._retry import retry_after
from httptask.sending._texts import json_text, text_of


@dataclass(frozen=True, slots=True)
class View:
    """A response's body as a person and a workflow read it."""

    content: bytes = field(repr=False)
    """After content coding; empty when it went into a file as it came."""
    value: Any = field(repr=False)
    kind: str | None
    """`json`, `text`, or None: bytes."""
    media_type: str
    error: TaskError | None = None
    """Why the body is not what it says it is."""
    file: BodyFile | None = None
    """What the body's bytes stand in when they are neither JSON nor text."""
    missing: bool = False
    """There could be a body, and is none."""
    start: str = field(default="", repr=False)
    """How JSON's text begins, for an error's sentence."""

    @property
    def body(self) -> Any:
        """The body of a result: the value, or the reference to a file."""
        return self.file.reference() if self.file is not None else self.value


NO_VIEW = View(b"", None, None, "")
"""Of a body that did not come, or not as a whole."""


def view(
    received: Received, limits: Limits, redactor: Redactor, bodies: Bodies | None = None
) -> View:
    """Return the view of *received*; *bodies* makes files. Never raises: what is wrong with the
    body is the view's `error`.
    """
    bodies = bodies or Bodies(limits.body)
    if received.file is not None:
        return _file_view(b"", received, received.file)
    try:
        content = _decoded(received, bodies)
    except DecodeError as error:
        return _as_it_came(received, error, limits, redactor, bodies)
    except TaskError as error:
        return View(b"", None, None, received.media_type, error)
    if isinstance(content, BodyFile):
        return _file_view(b"", received, content)
    return _read(content, received, limits, redactor, bodies)


def _as_it_came(
    received: Received, error: DecodeError, limits: Limits, redactor: Redactor, bodies: Bodies
) -> View:
    """Return the view of a body whose content coding cannot be undone because of *error*.

    JSON as it stands was never encoded: its label is false. What failed is shown, so that it says
    why.
    """
    content = bytes(received.body)
    is_json = JSON in (bodies.reading.body, reading_of(received.media_type)) and (
        _json_view(content, received, limits, redactor).error is None
    )
    if received.is_success and not is_json:
        return View(b"", None, None, received.media_type, error)
    received.notes.append(f"{error}; the body is left as it came")
    seen = _read(content, received, limits, redactor, bodies)
    return seen if is_json else replace(seen, error=error)


def _read(
    content: bytes, received: Received, limits: Limits, redactor: Redactor, bodies: Bodies
) -> View:
    """Return the view of *content*, the body after content coding."""
    if not content and not (bodies.wanted(received) and received.may_have_body):
        return View(content, None, None, received.media_type, missing=received.may_have_body)
    kind = bodies.kind(received)
    charset = bodies.reading.charset
    if bodies.reading.body == JSON and kind != JSON:  # what failed need not be JSON, and may
        seen = _json_view(content, received, limits, redactor, charset)
        if seen.error is None:
            return seen
    if kind == JSON:
        seen = _json_view(content, received, limits, redactor, charset)
        if seen.error is None or not received.coding_note:
            return seen
        file = bodies.new_file()  # still encoded, most likely: no text could hold what it is
        file.write(content)
        seen.error.message += f"; {received.coding_note}"
        return replace(_file_view(content, received, file), error=seen.error)
    if kind == ITEMS:
        return _items_view(content, received, limits, redactor, charset)
    is_text = kind == TEXT or _is_open(received, bodies)
    text = text_of(content, received.content_type, charset) if is_text else None
    # RFC 9110, section 8.3: without a type the recipient may look. What is valid and without NUL is
    # text.
    if text is not None and (kind == TEXT or "\0" not in text):
        return View(content, text, TEXT, received.media_type)
    file = bodies.new_file()
    file.write(content)
    return _file_view(content, received, file)


_MEDIA_TYPE = re.compile(rf"{TOKEN.pattern}/{TOKEN.pattern}")
"""RFC 9110, section 8.3.1."""


def _is_open(received: Received, bodies: Bodies) -> bool:
    return not received.media_type and not bodies.wanted(received)


def _file_view(content: bytes, received: Received, file: BodyFile) -> View:
    file.name = filename_of(received.header_lines("content-disposition"))
    if _MEDIA_TYPE.fullmatch(
        received.media_type
    ):  # what is none would be no use to whoever sends the file on
        file.media_type = received.media_type
    return View(content, None, None, received.media_type, file=file)


def _decoded(received: Received, bodies: Bodies) -> bytes | BodyFile:
    """Return the body after content coding; in a file when it is too large for memory and may be
    one.
    """
    encoding = received.header("content-encoding")
    if not encoding or not received.body:
        return bytes(received.body)
    decoder = Decoder(encoding)
    content, file = bytearray(), None
    try:
        for piece in decoder.feed(received.body):
            if file is not None:
                file.write(piece)
                continue
            content += piece
            if len(content) > bodies.limit:
                if bodies.kind(received) is not None:
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
    """What whoever asked for a call says of its response."""

    accepted: bool
    why: str = ""
    """Why it is not accepted, where its status alone does not say it."""
    differences: tuple[Difference, ...] = ()


def outcome(
    received: Received, seen: View, redactor: Redactor, verdict: Verdict | None = None
) -> TaskError | None:
    """Return the error *received* ends in, or None for a success.

    A success is what *verdict* accepts, any 2xx when there is none, and whose body is what it says
    it is.
    """
    if verdict.accepted if verdict is not None else received.is_success:
        return seen.error
    line = f"{received.status_code} {received.reason_phrase}".strip()
    why = f", and {verdict.why}" if verdict is not None and verdict.why else ""
    message = f"the server answered {line}{why}" + _excerpt(seen, redactor)
    after = retry_after(received.header_lines("retry-after"))
    return StatusError(
        message, status_code=received.status_code, retry_after=after, maybe_delivered=True
    )


def task_result(
    received: Received,
    seen: View,
    cookies_before: Sequence[str] = (),
    *,
    url: str,
    attempts: int,
    elapsed: float,
) -> TaskResult:
    """Return the result of a task; *cookies_before* are the `set-cookie` headers of the redirects
    that led to it.
    """
    return TaskResult(
        status_code=received.status_code,
        reason_phrase=received.reason_phrase,
        headers=_joined((*(("set-cookie", value) for value in cookies_before), *received.headers)),
        body=seen.body,
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
    text = _masked_start(seen.value if isinstance(seen.value, str) else seen.start, redactor)
    return f": {text[:300]}" + ("..." if len(text) > 300 else "")


def _masked_start(text: str, redactor: Redactor) -> str:
    """Return the start of *text* on one line, masked before it is cut: a cut must not save a part
    of a secret.
    """
    start = redactor.text(text[:_START])
    if len(text) > _START:
        start = start[: -_START // 4]  # a secret may have been cut off at the end
    return " ".join(start.split())


_START = 64 * 1024
"""Characters of a body that are looked at for an error's sentence."""


# JSON (RFC 8259)


def _json_view(
    content: bytes, received: Received, limits: Limits, redactor: Redactor, charset: str = ""
) -> View:
    media_type = received.media_type
    try:
        text = json_text(content, received.content_type, charset)
        if text.isspace() or not text:  # some servers send a space where they mean nothing
            return View(content, None, None, media_type, missing=True)
        value = _parsed(text)
    except RecursionError:
        return _not_json(
            content,
            media_type,
            redactor,
            f"its JSON is nested deeper than {limits.json_depth} levels",
        )
    except ValueError as error:
        return _not_json(content, media_type, redactor, str(error))
    return _bounded_view(value, text, content, media_type, limits, redactor)


def _parsed(text: str) -> Any:
    """Return the value of the JSON *text*. Raises `ValueError` with a sentence, and
    `RecursionError`.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error


def _bounded_view(
    value: Any, text: str, content: bytes, media_type: str, limits: Limits, redactor: Redactor
) -> View:
    # Fewer brackets than levels, almost always: then there is no need to walk.
    if content.count(b"[") + content.count(b"{") > limits.json_depth and deeper_than(
        value, limits.json_depth
    ):
        return _not_json(
            content,
            media_type,
            redactor,
            f"its JSON is nested deeper than {limits.json_depth} levels",
        )
    return View(content, value, JSON, media_type, start=text[: _START + 1])


def _items_view(
    content: bytes, received: Received, limits: Limits, redactor: Redactor, charset: str = ""
) -> View:
    """Return the view of a body that is a sequence of items: they are an array."""
    media_type = received.media_type
    try:
        text = json_text(content, received.content_type, charset)
        items = list(_items(text, media_type))
    except RecursionError:
        return _not_json(
            content,
            media_type,
            redactor,
            f"its JSON is nested deeper than {limits.json_depth} levels",
        )
    except ValueError as error:
        return _not_json(content, media_type, redactor, str(error))
    return _bounded_view(items, text, content, media_type, limits, redactor)


def _items(text: str, media_type: str) -> Iterator[Any]:
    """Yield the items of the sequence *text*. Raises `ValueError` with a sentence, and
    `RecursionError`.
    """
    sequence = sequence_of(media_type)
    if sequence is None:
        return
    for position, item in enumerate(sequence.split(text), 1):
        try:
            yield sequence.read(item, _parsed)
        except ValueError as error:
            raise ValueError(f"item {position}: {error}") from error


def _not_json(content: bytes, media_type: str, redactor: Redactor, why: str) -> View:
    text = content.decode(
        json.detect_encoding(content), "replace"
    )  # which leaves out a byte order mark
    start = _masked_start(text, redactor)[:80]
    claim = f"the response says it is {media_type}"
    if reading_of(media_type) != JSON:
        claim = (
            'the response is to be read as JSON ("responseBody": "json"), says it is'
            f" {media_type or 'nothing'},"
        )
    error = ParseError(f"{claim} and is not: {why}; it starts with {start!r}", maybe_delivered=True)
    return View(content, text, TEXT, media_type, error)


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refused, parse_float=number)
