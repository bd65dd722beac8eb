"""Check the path, the query and the headers of a request. No I/O."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from httptask.testing.stand_in._messages import (
    ReceivedRequest,
    RefusalError,
    quoted,
    refuse,
    short,
)
from httptask.testing.stand_in._page import METHOD, PATH_TEMPLATE, QUERY_NAMES, TOPIC_TYPES

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_ORIGIN = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Topic:
    """The subject of a request: the values in its path and its query."""

    project_id: int
    topic_id: int
    topic_type: str


def judge_head(request: ReceivedRequest, token: str | None) -> Topic:
    """Return the values in path and query, or refuse; each check has its own status."""
    path, query = _split_target(request.target)
    project_id = _judge_path(path)
    if request.method != METHOD:
        refuse(
            405,
            "method",
            f"{request.method} is not allowed here; use {METHOD}",
            ("Allow", METHOD),
        )
    if token is not None:
        _judge_authorization(request, token)
    _judge_content_type(request)
    return _judge_parameters(request, project_id, query)


def _split_target(target: str) -> tuple[str, str]:
    # RFC 9112, section 3.2.2: a server also accepts the absolute form.
    path, _, query = _ORIGIN.sub("", target, count=1).partition("?")
    if "#" in target:
        refuse(400, "target", "a request target carries no fragment; percent-encode # as %23")
    return path or "/", query


def _judge_path(path: str) -> str:
    template = PATH_TEMPLATE.split("/")
    segments = [_decoded(segment, "path") for segment in path.split("/")]
    position = template.index("{project_id}")
    project_id = segments[position : position + 1]
    if segments != [*template[:position], *project_id, *template[position + 1 :]]:
        refuse(
            404,
            "path",
            f"there is nothing at {quoted(path)}; this server has only {METHOD} {PATH_TEMPLATE}",
        )
    return segments[position]


def _judge_authorization(request: ReceivedRequest, token: str) -> None:
    challenge = ("WWW-Authenticate", 'Bearer realm="stand-in"')  # RFC 6750, section 3
    where = "headers.Authorization"
    values = request.values("Authorization")
    if len(values) != 1:
        refuse(
            401,
            where,
            "is required and missing" if not values else "is given more than once",
            challenge,
        )
    scheme, _, sent_token = values[0].partition(" ")
    if scheme.lower() != "bearer":
        refuse(401, where, "must be `Bearer` and a token", challenge)
    # Compared in constant time. The reason never repeats the token, which could be a real one sent
    # to the wrong server.
    if not hmac.compare_digest(sent_token.strip().encode("latin-1", "replace"), token.encode()):
        refuse(401, where, "the token is not the right one", challenge)


def _judge_content_type(request: ReceivedRequest) -> None:
    where = "headers.Content-Type"
    hint = ("Accept", "application/json")  # RFC 9110, section 15.5.16
    values = request.values("Content-Type")
    if not values:
        refuse(415, where, "is required and missing; it must be application/json", hint)
    if len(values) > 1:
        refuse(415, where, f"is given {len(values)} times; give it once", hint)
    media_type, *parameters = (part.strip().lower() for part in values[0].split(";"))
    wrong = [part for part in parameters if part.replace('"', "") not in ("", "charset=utf-8")]
    if media_type != "application/json" or wrong:
        refuse(415, where, f"must be application/json in UTF-8, found {quoted(values[0])}", hint)


def _judge_parameters(request: ReceivedRequest, project_id: str, query: str) -> Topic:
    problems: list[tuple[str, str]] = []
    values = _query_values(query)
    topic = Topic(
        _integer("path.project_id", [project_id], problems),
        _integer("query.topic_id", values.get("topic_id", []), problems),
        _topic_type(values.get("topic_type", []), problems),
    )
    _integer("headers.Procore-Company-Id", request.values("Procore-Company-Id"), problems)
    names = ", ".join(QUERY_NAMES)
    unknown = [name for name in values if name not in QUERY_NAMES]
    problems += [(f"query.{short(name)}", f"is not known; known are {names}") for name in unknown]
    if problems:
        raise RefusalError(400, problems)
    return topic


def _query_values(query: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for pair in query.split("&") if query else []:
        name, _, value = (_decoded(part, "query") for part in pair.replace("+", " ").partition("="))
        values.setdefault(name, []).append(value)
    return values


def _decoded(text: str, where: str) -> str:
    bad = _BAD_PERCENT.search(text)
    if bad:
        refuse(400, where, f"% is not followed by two hex digits in {quoted(text)}")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        refuse(400, where, f"the percent-encoded text {quoted(text)} is not UTF-8")


def _integer(where: str, values: Sequence[str], problems: list[tuple[str, str]]) -> int:
    value = _single(where, values, "an integer", problems)
    if value is not None and _INTEGER.fullmatch(value):
        return int(value)
    if value is not None:
        problems.append((where, f"must be an integer, found {quoted(value)}"))
    return 0


def _topic_type(values: Sequence[str], problems: list[tuple[str, str]]) -> str:
    where = "query.topic_type"
    expected = "one of " + ", ".join(TOPIC_TYPES)
    value = _single(where, values, expected, problems)
    if value is not None and value not in TOPIC_TYPES:
        problems.append((where, f"must be {expected}; found {quoted(value)}"))
    return value or ""


def _single(
    where: str,
    values: Sequence[str],
    expected: str,
    problems: list[tuple[str, str]],
) -> str | None:
    if len(values) == 1:
        return values[0]
    if values:
        problems.append((where, f"is given {len(values)} times; give it once"))
    else:
        problems.append((where, f"is required and missing; it must be {expected}"))
    return None
