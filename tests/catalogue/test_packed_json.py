"""The JSON in which endpoints are packed, whichever encoder writes it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from httptask.catalogue import Catalogue
from httptask.errors import CatalogueError
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Response


def _with(value: Any, text: str = "") -> Endpoint:
    """Return an endpoint that has *value* in a parameter, its body, a response and a definition."""
    schema = {"default": value, "$ref": "#/$defs/Thing"}
    return Endpoint(
        "acme-things-get-123",
        "GET",
        "/things",
        "acme",
        description=text,
        parameters=(Parameter("a", "query", schema=schema),),
        request_body=RequestBody({"application/json": MediaType(schema)}),
        responses={"200": Response(text, content={"application/json": MediaType(schema)})},
        definitions={"Thing": {"const": value}},
    )


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="null"),
        pytest.param([None, {"a": None}], id="nulls"),
        pytest.param(2**64, id="above-64-bits"),
        pytest.param(-(10**30), id="below-64-bits"),
        pytest.param(1e-06, id="tiny"),
        pytest.param(1e22, id="huge"),
        pytest.param("null", id="text"),
        pytest.param("\ud800", id="lone-surrogate"),
        pytest.param(_nested(300), id="deep"),
    ],
)
def test_value_comes_back_as_it_was(value: Any) -> None:
    """Every value that JSON has is kept, in each part of an endpoint."""
    with Catalogue.open(":memory:") as catalogue:
        catalogue.put([_with(value)], source="test")
        opened = catalogue.get("acme-things-get-123")
    assert opened.parameters[0].schema["default"] == value
    assert opened.request_body is not None
    assert opened.request_body.content["application/json"].schema["default"] == value
    assert opened.responses["200"].content["application/json"].schema["default"] == value
    assert opened.definitions["Thing"] == {"const": value}


@pytest.mark.parametrize("value", [math.nan, math.inf, [1, -math.inf], {"a": math.nan}, object()])
def test_value_that_json_has_not_is_refused(value: Any) -> None:
    """Nothing is stored as null in place of a number that JSON has not."""
    with Catalogue.open(":memory:") as catalogue:
        count = len(catalogue)
        with pytest.raises(CatalogueError, match="it is not JSON"):
            catalogue.put([_with(value)], source="test")
        assert len(catalogue) == count


def test_text_with_a_lone_surrogate_is_kept_beside_shared_parts() -> None:
    """The texts of an endpoint, and of a response, may have what UTF-8 has not."""
    with Catalogue.open(":memory:") as catalogue:
        catalogue.put([_with(1, "half \ud83d a pair")], source="test")
        opened = catalogue.get("acme-things-get-123")
    assert opened.description == opened.responses["200"].description == "half \ud83d a pair"
    assert opened.parameters[0].schema["default"] == 1
