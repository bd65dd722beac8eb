"""Find secrets in a definition, where everybody who reads the definition can read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from httptask._core.pointers import pointer as pointer_of
from httptask._http.secret_names import is_secret_name, is_secret_text, passwords_in
from httptask.errors import Problem
from httptask.expressions import has_expression


def secret_problems(request: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    """Warn of each literal secret in *request*, an `httpRequest` at *pointer*.

    An expression is not a literal secret.
    """
    for group, values in request.items():
        if group == "url":
            if isinstance(values, str) and _is_secret_url(values):
                yield _problem(pointer_of([group], pointer))
        elif group != "method":
            yield from secrets_below(values, pointer_of([str(group)], pointer), str(group))


def secrets_below(value: Any, pointer: str, group: str = "body") -> Iterator[Problem]:
    """Warn of each literal secret in *value*, which stands at *pointer* in the *group* of an
    `httpRequest`.
    """
    pending: list[tuple[str, str, Any]] = [(pointer, "", value)]
    while pending:  # not by recursion: a body may be nested deeply
        pointer, name, item = pending.pop()
        if isinstance(item, Mapping):
            pending += [
                (pointer_of([str(key)], pointer), str(key), member)
                for key, member in [*item.items()][::-1]
            ]
        elif isinstance(item, list):
            pending += [
                (pointer_of([index], pointer), name, member)
                for index, member in [*enumerate(item)][::-1]
            ]
        elif _is_secret(name, item, group):
            yield _problem(pointer)


def _is_secret(name: str, value: Any, group: str) -> bool:
    """Say whether *value* is a literal secret, by its name or its form.

    A number is one by its name only.
    """
    if isinstance(value, str):
        if not value.strip() or has_expression(value):
            return False
        return is_secret_name(name, group) or is_secret_text(value)
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and is_secret_name(name, group)
    )


def _is_secret_url(url: str) -> bool:
    query = parse_qsl(url.partition("?")[2].partition("#")[0])
    if any(not has_expression(password) for password in passwords_in(url)):
        return True
    return any(_is_secret(name, value, "query") for name, value in [("", url), *query])


def _problem(pointer: str) -> Problem:
    return Problem.of("secret-in-the-open", pointer, severity="warning")
