"""The request that a test would send, in parts: each says which setting it is written from."""

from __future__ import annotations

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
from httptask._http.secret_names import is_secret_name, is_secret_text
from httptask.building import url_parts
from httptask.designer._drafts import SHOWN_TEXT, shown_request
from httptask.designer._surroundings import Surroundings
from httptask.errors import ExpressionError, TaskError
from httptask.expressions import Evaluator, holds_expression

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.exchange import SentRequest
    from httptask.task import HttpTask

Part = dict[str, Any]
"""`{"text", "pointer"?, "state"?}`; the state is `typed`, `wired` or `missing`."""

_AT = "/httpRequest"
_PAIR = re.compile(r"(?<![^?&])([^=&?]+)=([^&]+)")
"""A pair of the query that stands in the URL's own text."""
_USER = re.compile(r"(?<=://)[^/?#]*(?=@)")
"""User and password in the URL's own text (RFC 3986, section 3.2.1)."""
_MOST_PARTS = 4_000
"""Parts that a body is shown in: each is masked by itself."""


async def preview_of(
    task: HttpTask, around: Surroundings, samples: Mapping[str, Any], endpoint: Endpoint | None
) -> dict[str, Any]:
    """Return the request that a test of *task* would send; nothing is sent.

    The result is `{"server", "url", "request", "body"}`, or `{"server", "url", "problem"}` with the
    sentence that says why there is no request yet. `server` and `url` are lists of `Part`, secrets
    masked, as they are in `request`; `body` is such a list of a JSON body, null for any other, and
    for one of thousands of values.
    """
    settings = _Settings(around, samples, task.runtime.evaluator)
    request = await settings.evaluated()
    # First, for it reads the credential: what is masked is known then.
    outcome = await _rendered(task, around)

    def shown(text: str, pointer: str | None, *, is_missing: bool = False) -> Part:
        source = None if pointer is None else settings.unknown.get(pointer)
        masked = around.secrets.masked(task.runtime.redactor.text(source or text))
        if pointer is None:
            return {"text": _PAIR.sub(_masked_pair, _USER.sub(MASK, masked))}
        if not is_missing and _is_secret(_names(pointer, request), text):
            masked = MASK
        state = "missing" if is_missing else settings.state(pointer)
        return {"text": masked, "pointer": pointer, "state": state}

    server, url = (
        [shown(part.text, part.pointer, is_missing=part.is_missing) for part in of_url]
        for of_url in url_parts(request, endpoint, _AT)
    )
    if isinstance(outcome, TaskError):
        return {"server": server, "url": url, "problem": outcome.message}
    body = _json_body(outcome, request.get("body"))
    lines = None if body is None else [shown(text, at) for text, at in body]
    return {"server": server, "url": url, "request": shown_request(outcome), "body": lines}


def _masked_pair(match: re.Match[str]) -> str:
    name, value = unquote_plus(match[1]), unquote_plus(match[2])
    is_secret = is_secret_name(name, "query") or is_secret_text(value)
    return f"{match[1]}={MASK}" if is_secret else match[0]


def _names(pointer: str, request: Mapping[str, Any]) -> list[str]:
    """Return the names on the way to the value at *pointer* of the settings *request*; that of one
    of a list of pairs stands before it.
    """
    steps = parts(pointer)
    if steps[1:2] == ("query",) and len(steps) == 4 and isinstance(request["query"], list):
        return [*steps[:2], str(request["query"][int(steps[2])][0])]
    return [name for name in steps if not name.isdecimal()]


def _is_secret(names: Sequence[str], text: str) -> bool:
    """Say whether *text*, the value that *names* lead to, has the name or the look of a secret."""
    return is_secret_name(names[-1], names[1]) or is_secret_text(text)


async def _rendered(task: HttpTask, around: Surroundings) -> SentRequest | TaskError:
    try:
        return await task.arender(around.inputs)
    except TaskError as error:
        return error


@dataclass(slots=True)
class _Settings:
    """The `httpRequest` of a task, each of its values evaluated by itself."""

    around: Surroundings
    samples: Mapping[str, Any]
    evaluator: Evaluator
    unknown: dict[str, str] = field(default_factory=dict)
    """The expressions that have no value yet, by their pointers."""
    _wired: set[str] = field(default_factory=set)

    def state(self, pointer: str) -> str:
        """Say where the value at *pointer* comes from: it is typed, or wired from elsewhere."""
        is_wired = any(
            f"{pointer}/".startswith(f"{wired}/") or wired.startswith(f"{pointer}/")
            for wired in self._wired
        )
        return "wired" if is_wired else "typed"

    async def evaluated(self) -> dict[str, Any]:
        """Return the settings. What has no value yet stands there as it is written."""
        value = await self._value(self.around.task.get("httpRequest"), _AT)
        return value if isinstance(value, dict) else {}

    async def _value(self, value: Any, at: str) -> Any:
        if isinstance(value, Mapping):
            return {
                name: await self._value(item, at + pointer_of([name]))
                for name, item in value.items()
                if item is not None or at.startswith(f"{_AT}/body")
            }
        if isinstance(value, list):
            return [await self._value(item, f"{at}/{index}") for index, item in enumerate(value)]
        if not isinstance(value, str) or not holds_expression(value):
            return value
        self._wired.add(at)
        if at in self.samples:
            return self.samples[at]
        around = self.around
        try:
            return await self.evaluator.evaluate(
                value, around.of_request, pointer=at, run=around.inputs.run
            )
        except ExpressionError:
            self.unknown[at] = value
            return value


def _json_body(sent: SentRequest, body: Any) -> list[tuple[str, str | None]] | None:
    """Return the JSON body that *sent* has as texts with their pointers, if *body* is its value."""
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


def _lines(value: Any, at: str, line: str) -> Iterator[tuple[str, str | None]]:
    """Yield the JSON *value*, each scalar with its pointer, each member on a *line* of its own."""
    if not value or not isinstance(value, dict | list):
        yield dump(value), at
        return
    inner = line + "  "
    is_object = isinstance(value, dict)
    members: Iterable[tuple[str | int, Any]]
    members = value.items() if isinstance(value, dict) else enumerate(value)
    yield "{" if is_object else "[", None
    for index, (name, item) in enumerate(members):
        yield ("," if index else "") + inner + (f"{dump(name)}: " if is_object else ""), None
        yield from _lines(item, at + pointer_of([name]), inner)
    yield line + ("}" if is_object else "]"), None
