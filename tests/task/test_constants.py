"""Constant values that no request can carry are found before a run, whatever expressions stand beside
them.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from httptask.errors import SettingsError
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody
from httptask.model.task import Inputs
from httptask.task import HttpTask
from tasks import runtime

TEXT: dict[str, Any] = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
FORM = {"type": "object", "properties": {"n": TEXT, "all": TEXTS}}
ENDPOINT = Endpoint(
    "p",
    "POST",
    "/p/{a}/{all}",
    "h.example",
    parameters=tuple(
        Parameter(name, location, required=True, schema=schema)
        for location in ("path", "query", "header", "cookie")
        for name, schema in (("a", TEXT), ("all", TEXTS))
    ),
    request_body=RequestBody({"multipart/form-data": MediaType(FORM)}),
)
REQUEST: dict[str, Any] = {
    "method": "POST",
    "url": "https://h.example/p/{a}/{all}",
    "pathParameters": {"a": "x", "all": ["x"]},
    "query": {"a": "x", "all": ["x"]},
    "headers": {"a": "x", "all": ["x"]},
    "cookies": {"a": "x", "all": ["x"]},
    "body": {"n": "x", "all": ["x"]},
}
OPEN = {"a": "${$.x}", "n": "${$.x}", "all": "${$.all}"}


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("pathParameters", "a", ""),
        ("pathParameters", "all", []),
        ("pathParameters", "all", [""]),
        ("pathParameters", "a", ".."),
        ("query", "all", []),
        ("headers", "all", []),
        ("headers", "all", ["x\ny"]),
        ("cookies", "all", []),
        ("cookies", "a", "x;y"),
        ("body", "n", "\ud800"),
        ("headers", "Content-Type", "multipart/form-data; charset=klingon"),
    ],
)
def test_a_constant_that_cannot_be_sent_is_found_beside_expressions(
    group: str, name: str, value: Any
) -> None:
    """Alone, beside an expression in its group, in every other group, and below an open URL; and
    the run refuses the same.
    """
    with runtime() as shared:

        def task(*opened: str) -> HttpTask:
            request = deepcopy(REQUEST)
            for one in opened:
                opening = next(
                    key for key in OPEN if key in request[one] and (one, key) != (group, name)
                )
                request[one][opening] = OPEN[opening]
            request[group][name] = value
            definition = {
                "type": "Http",
                "inputParameters": {"x": "${$.input}", "all": ["${$.input}"]},
                "httpRequest": request,
                "end": True,
            }
            return HttpTask(definition, endpoint=ENDPOINT, runtime=shared)

        def refusals(task: HttpTask) -> set[tuple[str, str]]:
            return {(one.code, one.pointer) for one in task.problems() if one.severity == "error"}

        groups = [one for one in REQUEST if isinstance(REQUEST[one], dict)]
        expected = refusals(task())
        assert len(expected) == 1
        others = [one for one in groups if one != group]
        for opened in ([group], others, groups):
            assert refusals(task(*opened)) == expected
        with pytest.raises(SettingsError) as caught:
            task(*groups).call(Inputs(input="1"))
        assert {(one.code, one.pointer) for one in caught.value.problems} == expected
