"""The request that a test would send, in parts that each name the setting they come from."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from httptask._core.pointers import parts
from httptask._core.pointers import pointer as pointer_of
from httptask._core.redaction import MASK
from httptask._core.strict_json import JsonError, dump, parse
from httptask._http.secret_names import is_secret_name, is_secret_text, masked_texts
from httptask.building import UrlPart, url_parts
from httptask.designer._drafts import SHOWN_TEXT, shown_request
from httptask.designer._surroundings import Surroundings
from httptask.errors import ExpressionError, TaskError
from httptask.expressions import Evaluator, holds_expression

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.exchange import SentRequest
    from httptask.task import HttpTask

Part = dict[str, Any]
"""`{"text", "pointer"?, "state"?}`; the state is `typed`, `wired` (from an expression) or
`missing`.
"""

_AT = "/httpRequest"
_PAIR = re.compile(r"(?<![^?&])([^=&?]+)=([^&]+)")
"""A query pair in the literal text of the URL."""
_USER = re.compile(r"(?<=://)[^/?#]*(?=@)")
"""User and password in the literal text of the URL (RFC 3986, section 3.2.1)."""
_MOST_PARTS = 4_000
"""Maximum parts of a body or a URL, each of which is masked separately."""
_LONGEST_SECONDS = 2.0
"""Time for all expressions of a request together, and again for building the request."""
_LATE = f"its expressions take longer than {_LONGEST_SECONDS:.0f} s, the bound of a preview"


async def preview_of(
    task: HttpTask,
    around: Surroundings,
    samples: Mapping[str, Any],
    endpoint: Endpoint | None,
) -> dict[str, Any]:
    """Return the request that a test of *task* would send. Nothing is sent.

    The result is `{"server", "url", "request", "body"}`; or `{"server", "url", "problem"}`, with a
    sentence, if there is no request yet. For a task with `forEach`, `item` has the index and the
    count of its item, if known. `server` and `url` are lists of `Part`. Secrets are masked in these
    and in `request`. `body` is a list of parts for a JSON body; null for another body, and for one
    with thousands of values.
    """
    settings = _Settings(around, samples, task.runtime.evaluator)
    request = await settings.evaluated()
    # First, because it reads the credential, whose secrets are then known to the mask.
    outcome = _LATE if settings.is_late else await _rendered(task, around)

    def shown(text: str, pointer: str | None, *, is_missing: bool = False) -> Part:
        source = None if pointer is None else settings.unknown.get(pointer)
        masked = around.secrets.masked(task.runtime.redactor.text(source or text))
        if pointer is None:
            plain = masked_texts(_USER.sub(MASK, masked), MASK)
            return {"text": _PAIR.sub(_masked_pair, plain)}
        if not is_missing and _is_secret(_names(pointer, request), text):
            masked = MASK
        state = "missing" if is_missing else settings.state(pointer)
        return {
            "text": masked,
            "pointer": pointer,
            "state": state,
        }

    server, url = (
        [shown(part.text, part.pointer, is_missing=part.is_missing) for part in of_url]
        for of_url in map(_bounded, url_parts(request, endpoint, _AT))
    )
    item = {} if around.item is None else {"item": around.item.to_json()}
    if isinstance(outcome, str):
        return {
            "server": server,
            "url": url,
            **item,
            "problem": outcome,
        }
    body = _json_body(outcome, request.get("body"))
    body_parts = None if body is None else [shown(text, at) for text, at in body]
    return {
        "server": server,
        "url": url,
        **item,
        "request": shown_request(outcome),
        "body": body_parts,
    }


def _bounded(of_url: Sequence[UrlPart]) -> Sequence[UrlPart]:
    """Return the parts of a URL; only the first ones, if there are thousands."""
    if len(of_url) <= _MOST_PARTS:
        return of_url
    return [*of_url[:_MOST_PARTS], UrlPart("…")]


def _masked_pair(match: re.Match[str]) -> str:
    name = unquote_plus(match[1])
    value = unquote_plus(match[2])
    is_secret = is_secret_name(name, "query") or is_secret_text(value)
    return f"{match[1]}={MASK}" if is_secret else match[0]


def _names(pointer: str, request: Mapping[str, Any]) -> list[str]:
    """Return the names in the path to the value at *pointer* of the settings *request*.

    For a value in a list of pairs, the name is that in its pair.
    """
    steps = parts(pointer)
    if steps[1:2] == ("query",) and len(steps) == 4 and isinstance(request["query"], list):
        return [*steps[:2], str(request["query"][int(steps[2])][0])]
    return [name for name in steps if not name.isdecimal()]


def _is_secret(names: Sequence[str], text: str) -> bool:
    """Say whether *text* looks like a secret, or whether one of *names*, the path to it, is a
    secret's.
    """
    group = names[1]
    value_names = names[2:] or names[1:]
    return any(is_secret_name(name, group) for name in value_names) or is_secret_text(text)


async def _rendered(task: HttpTask, around: Surroundings) -> SentRequest | str:
    """Return the request, or a sentence that says why there is none yet."""
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            return await task.arender(around.inputs)
    except TaskError as error:
        return error.message
    except TimeoutError:
        return _LATE


@dataclass(slots=True)
class _Settings:
    """The `httpRequest` of a task, with each value evaluated separately."""

    around: Surroundings
    samples: Mapping[str, Any]
    evaluator: Evaluator
    unknown: dict[str, str] = field(default_factory=dict)
    """Expressions without a value so far, by pointer."""
    is_late: bool = False
    """Whether the expressions take longer than a preview may."""
    _wired: set[str] = field(default_factory=set)

    def state(self, pointer: str) -> str:
        """Return the state of the value at *pointer*: `typed`, or `wired` by an expression."""
        is_wired = any(
            f"{pointer}/".startswith(f"{wired}/") or wired.startswith(f"{pointer}/")
            for wired in self._wired
        )
        return "wired" if is_wired else "typed"

    async def evaluated(self) -> dict[str, Any]:
        """Return the settings. An expression without a value stays as it is written."""
        request = self.around.task.get("httpRequest")
        texts = dict(_texts(request, _AT))
        self._wired = {*texts}
        unsampled = {at: text for at, text in texts.items() if at not in self.samples}
        value = self._filled(request, _AT, {**await self._values(unsampled), **self.samples})
        if isinstance(value, dict):
            return value
        return {}

    async def _values(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of *texts* by pointer, and record those without a value in
        `unknown`.
        """
        values: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                try:  # first all together, so that the data are searched only once
                    together = await self._evaluated([*texts.values()], _AT)
                    return dict(zip(texts, together, strict=True))
                except ExpressionError:
                    for pointer, text in texts.items():
                        with contextlib.suppress(ExpressionError):
                            values[pointer] = await self._evaluated(text, pointer)
        except TimeoutError:
            self.is_late = True
        self.unknown |= {pointer: text for pointer, text in texts.items() if pointer not in values}
        return values

    async def _evaluated(self, value: Any, pointer: str) -> Any:
        around = self.around
        return await self.evaluator.evaluate(
            value,
            around.of_request,
            pointer=pointer,
            run=around.inputs.run,
        )

    def _filled(self, value: Any, pointer: str, values: Mapping[str, Any]) -> Any:
        """Return *value* with *values* in place of its expressions.

        A null outside the body is left out.
        """
        if isinstance(value, str):
            if pointer in self._wired:
                return values.get(pointer, value)
            return value
        filled = {
            name: self._filled(item, pointer + pointer_of([name]), values)
            for name, item in _members(value)
            if item is not None or isinstance(value, list) or pointer.startswith(f"{_AT}/body")
        }
        if isinstance(value, list):
            return [*filled.values()]
        return filled if isinstance(value, Mapping) else value


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Yield each text with expressions in *value*, with its pointer."""
    for name, item in _members(value):
        yield from _texts(item, pointer + pointer_of([name]))
    if isinstance(value, str) and holds_expression(value):
        yield pointer, value


def _members(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, list):
        return enumerate(value)
    return ()


def _json_body(sent: SentRequest, body: Any) -> list[tuple[str, str | None]] | None:
    """Return the JSON body of *sent* as texts with pointers, if *body* is its value; else None."""
    text = sent.shown_body
    if not text or len(text) > SHOWN_TEXT:
        return None
    try:
        if parse(text) != body:
            return None
    except (JsonError, ValueError):
        return None
    lines = list(islice(_lines(body, f"{_AT}/body", "\n"), _MOST_PARTS + 1))
    return lines if len(lines) <= _MOST_PARTS else None


def _lines(value: Any, pointer: str, line: str) -> Iterator[tuple[str, str | None]]:
    """Yield the JSON *value* as text, each scalar with its pointer, each member on a new line.

    *line* is the line break with the indentation.
    """
    if not value or not isinstance(value, dict | list):
        yield dump(value), pointer
        return
    inner = line + "  "
    is_object = isinstance(value, dict)
    yield "{" if is_object else "[", None
    for index, (name, item) in enumerate(_members(value)):
        yield ("," if index else "") + inner + (f"{dump(name)}: " if is_object else ""), None
        yield from _lines(item, pointer + pointer_of([name]), inner)
    yield line + ("}" if is_object else "]"), None
