"""Check the body of a request. No I/O."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from httptask.testing.stand_in._messages import RefusalError, quoted, refuse, short
from httptask.testing.stand_in._page import BODY_FIELDS

_MAX_DEPTH = 100
_JSON_TYPES: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def judge_body(body: bytes) -> dict[str, Any]:
    """Return the body's object, or refuse: 400 if it is not JSON, 422 if it has another shape."""
    document = _parsed(body)
    problems = list(_shape_problems(document))
    if problems:
        raise RefusalError(422, problems)
    result: dict[str, Any] = document
    return result


def _parsed(body: bytes) -> Any:
    if not body:
        refuse(400, "body", "is required and empty; it must be a JSON object")
    try:
        text = body.decode("utf-8")
        document = json.loads(
            text,
            parse_float=_finite,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_members,
        )
    except UnicodeDecodeError as exc:
        refuse(400, "body", f"is not UTF-8: byte {exc.start} ({body[exc.start]:#04x})")
    except json.JSONDecodeError as exc:
        place = f"line {exc.lineno}, column {exc.colno} (character {exc.pos})"
        refuse(400, "body", f"is not JSON: {exc.msg} at {place}")
    except ValueError:
        # Python reads integers of at most 4300 digits.
        refuse(400, "body", "holds an integer of too many digits")
    except RecursionError:
        _refuse_depth()
    _check_depth(document)
    return document


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(_MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    _refuse_depth()


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list):
        return value
    return ()


def _refuse_depth() -> NoReturn:
    refuse(400, "body", f"is nested deeper than {_MAX_DEPTH} levels")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        refuse(400, "body", f"the number {short(literal)} is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    refuse(400, "body", f"is not JSON: {name} is no JSON number")  # RFC 8259, section 6


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = counts.most_common(1)[0][0]
        # RFC 8259, section 4
        refuse(400, "body", f"an object has the member {quoted(repeated)} more than once")
    return members


def _shape_problems(document: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(document, dict):
        yield "body", f"must be an object, found {_type_name(document)}"
        return
    yield from _unknown("body", document, BODY_FIELDS)
    for parent, fields in BODY_FIELDS.items():
        where = f"body.{parent}"
        if parent not in document:
            yield where, "is required and missing; it must be an object"
        elif not isinstance(document[parent], dict):
            yield where, f"must be an object, found {_type_name(document[parent])}"
        else:
            yield from _unknown(where, document[parent], fields)
            yield from _wrong_types(where, document[parent], fields)


def _unknown(
    where: str,
    members: Mapping[str, Any],
    known: Mapping[str, Any],
) -> Iterator[tuple[str, str]]:
    for name in members:
        if name not in known:
            yield f"{where}.{short(name)}", f"is not known; known are {', '.join(known)}"


def _wrong_types(
    where: str,
    members: Mapping[str, Any],
    fields: Mapping[str, type],
) -> Iterator[tuple[str, str]]:
    for name, value in members.items():
        if name in fields and not isinstance(value, fields[name]):
            yield (
                f"{where}.{name}",
                f"must be {_JSON_TYPES[fields[name]]}, found {_type_name(value)}",
            )


def _type_name(value: Any) -> str:
    return _JSON_TYPES[type(value)]
