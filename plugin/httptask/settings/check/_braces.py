"""Warn of variables in the notation of other programs: `{{name}}`, and `/:name` in a path. They are
sent as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import dump
from httptask.errors import Problem
from httptask.expressions import literals
from httptask.settings.check._texts import texts

_VARIABLE = re.compile(r"""\{\{\s*(?P<path>\$?[A-Za-z_(][\w.$\[\]'"() -]*?)\s*\}\}""")
"""`{{name}}` of Postman, `{{ $json.order["id"] }}` of n8n; not `{{#if x}}` or `{{x | upper}}`."""
_IN_PATH = re.compile(r"(?<=/):([A-Za-z_]\w*)(?=[/?#]|$)")
"""`/things/:id` of Postman; not `/things/7:cancel` of Google."""
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_OF_RUN = {
    **dict.fromkeys(("$guid", "$randomUUID"), "${swf:uuid}"),
    **dict.fromkeys(("$timestamp", "$isoTimestamp", "$now"), "${swf:now}"),
}
"""Values that Postman and n8n make up -> the expression for such a value."""


def brace_warnings(task: Mapping[str, Any], base: str) -> Iterator[Problem]:
    """Yield warnings about `{{name}}` in the request and the input parameters of *task*, at the
    pointer *base*.

    A text in the body may be a template for the API. There, a variable is reported if it is the
    whole text, or has the name of an input parameter.
    """
    written = task.get("inputParameters")
    parameters = written if isinstance(written, Mapping) else {}
    for path, text in texts(parameters, ("inputParameters",)):
        for braces, variable in _variables(text):
            if braces == text.strip().removeprefix("="):
                yield _warning(braces, variable, pointer_of(path, base), None)
    request = task.get("httpRequest")
    url = None
    if isinstance(request, Mapping):
        url = request.get("url")
    for match in _IN_PATH.finditer(url) if isinstance(url, str) else ():
        yield Problem.of(
            "colon-in-path",
            pointer_of(["httpRequest", "url"], base),
            severity="warning",
            found=match[0][:_LONGEST],
            instead=f"{{{match[1][:_LONGEST]}}}",
        )
    for path, text in texts(request, ("httpRequest",)):
        for braces, variable in _variables(text):
            is_template = path[1:2] == ("body",) and braces != text.strip().removeprefix("=")
            if not is_template or variable in parameters:
                yield _warning(braces, variable, pointer_of(path, base), parameters)


def _variables(text: str) -> Iterator[tuple[str, str]]:
    """Yield the variables in *text* outside of expressions: as written, and without braces."""
    if "{{" not in text:
        return
    for literal in literals(text):
        for match in _VARIABLE.finditer(literal):
            if _WORD.search(match["path"]):  # `{{$}}` names no variable
                yield match[0], match["path"]


def _warning(
    braces: str,
    variable: str,
    pointer: str,
    parameters: Container[str] | None,
) -> Problem:
    """Return the warning about *variable*.

    *parameters* are the existing input parameters; None: it is in one of them.
    """
    name = _WORD.findall(variable)[-1]
    expression = _OF_RUN.get(variable)
    parameter = None
    if expression is None and parameters is None:
        expression = f"${{$.input.{name}}}"
    elif expression is None:
        expression = f"${{$.{name}}}"
        is_missing = parameters is not None and name not in parameters
        parameter = f"{dump(name)}: {dump(f'${{$.input.{name}}}')}" if is_missing else None
    return Problem.of(
        "braces",
        pointer,
        severity="warning",
        found=braces[:_LONGEST],
        instead=expression,
        parameter=parameter,
    )


_LONGEST = 100
"""The number of characters of a variable in a problem."""
