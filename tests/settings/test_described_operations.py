"""Operations of real descriptions, filled in, sent, and judged by openapi-core, which reads the
description by itself.

The descriptions in `descriptions/directory` were chosen by a seed and cut down by `bench/cut.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from httptask import hookimpl
from httptask.importers import read_api
from httptask.model.api import PARAMETER_GROUPS, Endpoint
from httptask.model.credential import Credential
from httptask.settings import prepare, settings_schema
from httptask.task import HttpTask, Runtime
from judging import Judge
from minimal import _Maker, minimal
from places import DATA
from tasks import runtime

FOLDER = DATA / "descriptions" / "directory"
FILES = sorted(FOLDER.glob("*.json"))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, item in document["paths"].items():
        yield from ((path, method) for method in item if method not in ("parameters", "servers"))


# Sample values

FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "uuid": "12345678-1234-4234-8234-123456789012",
    "email": "a.b+c@d.example",
    "uri": "https://a.example/b?c=d&e#f",
    "url": "https://a.example/b?c=d&e#f",
    "byte": "aGnDqQ==",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
TEXTS = ("aé b&c=d+e%;f", "ab-1")


class Sampler(_Maker):
    """Makes an instance of a schema with its optional fields, texts that have to be escaped, and
    arrays of two.
    """

    def _texts(self, patterns: list[str], length: int) -> Iterator[str]:
        yield from TEXTS
        yield from super()._texts(patterns, length)

    def _string(self, schemas: list[Any], depth: int) -> str:
        named = next((FORMATS[s["format"]] for s in schemas if s.get("format") in FORMATS), None)
        return super()._string(schemas, depth) if named is None else named

    def _boolean(self, schemas: list[Any], depth: int) -> bool:
        return True

    def _array(self, schemas: list[Any], depth: int) -> list[Any]:
        has_two = (
            not any(s.get("maxItems", 2) < 2 or s.get("uniqueItems") for s in schemas) and depth < 6
        )
        return super()._array([*schemas, {"minItems": 2}] if has_two else schemas, depth)


def sample(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Return an instance of *schema* with as much in it as fits."""
    is_valid = jsonschema_rs.Draft202012Validator({**schema, "$defs": definitions}).is_valid
    for generous in (True, False):
        for turn in range(3):
            made = Sampler(definitions, turn, generous).value([schema], 0)
            if is_valid(made):
                return made
    return minimal({**schema, "$defs": definitions}, is_valid)


def filled(endpoint: Endpoint) -> dict[str, Any]:
    """Return the prepared task for *endpoint* with a value for everything that is described."""
    schema = settings_schema(endpoint)
    definitions = schema.get("$defs", {})
    task = prepare(endpoint, schema)
    request = task["httpRequest"]
    for name in ("pathParameters", "query", "headers", "cookies"):
        group = schema["properties"][name]
        described = {
            each.name for each in endpoint.parameters if PARAMETER_GROUPS[each.location] == name
        }
        made = {
            each: sample(one, definitions)
            for each, one in group["properties"].items()
            if each in described
        }
        request[name] = made | (
            {"Content-Type": request[name]["Content-Type"]}
            if "Content-Type" in request.get(name, {})
            else {}
        )
    if "body" in schema["properties"]:
        request["body"] = sample(schema["properties"]["body"], definitions)
    return task


# openapi-core's verdicts

JSON_TOO = (
    "application/vnd.amadeus+json",
    "application/vnd.vimeo.video.texttrack+json",
    "application/vnd.vtex.giftcardproviders.v1+json",
    "text/json",
)
KNOWN_WRONG: dict[str, dict[str, str]] = {
    "stripe.com": {
        r"\('deepObject', '(expand|created)'\)": (
            "it reads no arrays in deepObject, and no name of an object in it but of a described"
            " one; Stripe documents `expand[]=a`"
        )
    },
    "testfire.net-altoroj": {
        "Missing required header parameter: Authorization": (
            "OpenAPI 3.0, Parameter Object: such a header is ignored"
        )
    },
    "vtex.local-License-Manager-API": {
        "Missing required header parameter: Content-Type": (
            "OpenAPI 3.0, Parameter Object: such a header is ignored"
        )
    },
    "amadeus.com-amadeus-hotel-booking": {
        r"bad escape \\+p": "it stops at a pattern of ECMA-262 that Python has not"
    },
    "amazonaws.com-forecast": {
        r"bad escape \\+p": "it stops at a pattern of ECMA-262 that Python has not"
    },
    "oxforddictionaries.com": {
        "False is not one of": (
            "the description: a boolean that is one of the texts 'true' and 'false'; nothing would"
            " be right"
        )
    },
    "frankiefinancial.io": {
        "Schemes not valid": "WSGI hands on no header with `_` in its name, such as api_key"
    },
    "wmata.com-rail-station": {
        "Schemes not valid": "WSGI hands on no header with `_` in its name, such as api_key"
    },
    "wordnik.com": {
        "is not one of": (
            "the description: an array that is one of some texts; nothing would be right"
        )
    },
}
"""Description -> pattern of an error -> why it is none of ours."""


# The server


def alone(document: dict[str, Any], endpoint: Endpoint, *, authorised: bool) -> dict[str, Any]:
    """Return what *document* says of *endpoint*, and nothing else; without its security when it is
    not *authorised*.
    """
    method = endpoint.method.lower()
    item = {
        name: each
        for name, each in document["paths"][endpoint.path].items()
        if name in ("parameters", method)
    }
    if not authorised:
        item[method] = {**item[method], "security": []}
    return {
        **document,
        "paths": {endpoint.target.partition("?")[0]: item},
    }  # as on the wire: without `#…` and `$`


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    judge.close()


# Credentials

KEYS = {
    "apiKey": {"key": "k3y/v=a l"},
    "basic": {"username": "ann", "password": "c4n4ry"},
    "bearer": {"token": "c4n4ry"},
}
TYPES = {"oauth2": "bearer", "openIdConnect": "bearer"}


class Store:
    """Has a credential of each type. An API key's place is not in it: the description says that."""

    @hookimpl
    def httptask_credential(self, name: str) -> Credential | None:
        return Credential(name, name, dict(KEYS[name])) if name in KEYS else None


@pytest.fixture(scope="module")
def shared() -> Iterator[Runtime]:
    with runtime(Store()) as shared:
        yield shared


def credential(endpoint: Endpoint) -> str | None:
    """Return the type of credential that *endpoint* asks for; None when it asks for none, or for
    what one cannot be.
    """
    alternatives = [
        [endpoint.security_schemes[name] for name in each] for each in endpoint.security or ()
    ]
    single = next((each[0] for each in alternatives if len(each) == 1), None)
    if single is None or [] in alternatives:
        return None
    kind = TYPES.get(single["type"], single["type"])
    return str(single["scheme"]).lower() if kind == "http" else kind


# The promises


def test_there_are_enough_operations_of_enough_descriptions() -> None:
    """At least 200 operations of at least 40 descriptions."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]
    assert len(read) >= 40
    assert sum(len(list(operations(document))) for document in read) >= 200


@pytest.mark.filterwarnings(
    "ignore:Unsupported scheme type"
)  # openapi-core does not look at OAuth 2.0
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_described_operations_are_what_their_description_says(
    judge: Judge, shared: Runtime, path: Path
) -> None:
    """Read, filled in, authorised and sent, each request is right for openapi-core, and it reads
    the values that were given.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    endpoints = read_api(path).endpoints
    assert len(endpoints) == len(list(operations(document)))
    known, wrong = KNOWN_WRONG.get(path.stem, {}), []
    for endpoint in endpoints:
        task = filled(endpoint)
        request = task["httpRequest"]
        kind = credential(endpoint)
        if kind is not None:
            task["credentials"] = kind
        address = judge.reads(alone(document, endpoint, authorised=kind is not None), JSON_TOO)
        request["url"] = address + endpoint.target
        sent = HttpTask(task, runtime=shared, endpoint=endpoint)
        assert [problem for problem in sent.problems() if problem.severity == "error"] == []
        read = sent.call().body
        assert [
            error for error in read["errors"] if not any(re.search(each, error) for each in known)
        ] == []
        wrong += read["errors"]
        if not read["errors"]:
            assert {name: read[name] for name in GROUPS if name in request} == {
                name: request[name] for name in GROUPS if name in request
            }
            for name, value in request["headers"].items():
                if name in read["headers"] and "_" not in name:  # described, and known to WSGI
                    assert str(read["headers"][name]).encode("latin-1").decode() == str(value)
    assert [each for each in known if not any(re.search(each, error) for error in wrong)] == []


GROUPS = ("pathParameters", "query", "cookies", "body")
