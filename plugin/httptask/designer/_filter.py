"""Evaluate an expression over a response, with the body where a run would have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.strict_json import JsonError, dump, parse
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._expressions import while_asked
from httptask.designer._problems import Refused
from httptask.errors import ExpressionError
from httptask.model.task import run_of_test

if TYPE_CHECKING:
    from httptask.designer._test_requests import TestRequests
    from httptask.task import Runtime

_LONGEST = 1024 * 1024
"""Characters of a result that are sent to a page."""
_MOST_STEPS = 20
"""Names and indices in the path to a body."""
_MOST_ITEMS = 10_000
"""The highest index in the path to a body."""


class ResponseFilter:
    """Filters responses of *tests*; *runtime* evaluates within its limits."""

    def __init__(self, tests: TestRequests, runtime: Runtime) -> None:
        self._tests = tests
        self._runtime = runtime

    async def answer(self, request: Request) -> Response:
        """Answer with the result of the body's `expression`: `{"value"}` as JSON text, or
        `{"problem"}`.

        The expression reads the JSON `text`, or the response body of the test request `test`, at
        the path `path` of its data.
        """
        value = await json_object(request)
        expression = member(value, "expression", str)
        path = member(value, "path", list)
        written = await self._written(value)
        data = await in_thread(lambda: _placed(_parsed(written), path))
        return as_json(await while_asked(request, self._picked(expression, data)))

    async def _written(self, value: Mapping[str, Any]) -> str:
        """Return the JSON text over which to evaluate: given, or the body of a test request."""
        if "text" in value:
            return member(value, "text", str)
        body = self._tests.body(member(value, "test", str))
        if body.decoded is None or body.media_type != "application/json":
            raise Refused("bad-request", "this body is not JSON: there is nothing to filter")
        return body.decoded.decode()

    async def _picked(self, expression: str, data: Any) -> dict[str, Any]:
        """Evaluate *expression* over *data*. A result that is too long is a problem."""
        text = expression if expression.startswith("jsonata:") else f"${{{expression}}}"
        try:
            picked = await self._runtime.evaluator.evaluate(
                text,
                data,
                pointer="",
                run=run_of_test(""),
            )
        except ExpressionError as error:
            return {"problem": error.message}
        shown = await in_thread(lambda: dump(picked))
        if len(shown) > _LONGEST:
            return {
                "problem": f"it yields {len(shown):,} characters of JSON, more than are shown here;"
                " let it pick less"
            }
        return {"value": shown}


def _parsed(text: str) -> Any:
    try:
        return parse(text, unique_names=False)
    except JsonError as error:
        raise Refused("bad-request", f"the response is not JSON: {error}") from error


def _placed(value: Any, path: Sequence[Any]) -> Any:
    """Return a document with *value* at the names and indices *path*. Raises `Refused`."""
    fits = len(path) <= _MOST_STEPS and all(
        isinstance(step, str)
        or (isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= _MOST_ITEMS)
        for step in path
    )
    if not path or not fits:
        raise Refused("bad-request", "'path' has the names and indices that lead to the body")
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [*([None] * step), value]
    return value
