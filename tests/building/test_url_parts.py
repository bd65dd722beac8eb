"""The parts of a URL, held against the URL that is built."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httptask.building import UrlPart, build, url_parts
from httptask.errors import SettingsError
from httptask.model.api import Endpoint, Parameter, Server

ENDPOINT = Endpoint(
    "i",
    "GET",
    "/a/{p}/{q}",
    "v",
    servers=(Server("https://{region}.h/{base}", variables={"base": {"default": "v1/x"}}),),
    parameters=(
        Parameter("p", "path", style="matrix", explode=True),
        Parameter("q", "path", style="label"),
        Parameter("ids", "query", explode=False, required=True),
        Parameter("filter", "query", style="deepObject", explode=True),
        Parameter("open", "query", allow_reserved=True),
    ),
)
text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=6)
scalars = st.one_of(text, st.integers(), st.booleans())
values = st.one_of(
    scalars, st.lists(scalars, max_size=3), st.dictionaries(text, scalars, max_size=3)
)


@given(
    st.sampled_from(["https://h/a/{p}/{q}", "https://h/a/{p}?x=1&own=%20b", "https://h", "//h?a"]),
    st.fixed_dictionaries({"p": values, "q": values}),
    st.one_of(
        st.dictionaries(st.one_of(text, st.sampled_from(["ids", "filter", "open", "x"])), values),
        st.lists(st.tuples(text, scalars).map(list), max_size=3),
    ),
)
def test_parts_together_are_the_url(url: str, path: dict[str, Any], query: Any) -> None:
    """Whatever the values are and however they are described: what can be built is the same URL."""
    request = {"url": url, "pathParameters": path, "query": query}
    if isinstance(query, dict):  # a required one that is missing has a part, too
        query.setdefault("ids", 1)
    else:
        query.append(["ids", 1])
    for endpoint in (None, ENDPOINT):
        try:
            built = build(request, endpoint).url
        except SettingsError:
            url_parts(request, endpoint)
            continue
        server, rest = url_parts(request, endpoint)
        parts = [part for part in [*server, *rest] if not part.is_missing]
        assert "".join(part.text for part in parts) == built


@pytest.mark.parametrize("request_", [{}, {"url": 5, "query": 7, "pathParameters": []}])
def test_settings_of_any_shape_have_parts(request_: dict[str, Any]) -> None:
    """A person is still writing them; what is required and not there is named."""
    _, rest = url_parts(request_, ENDPOINT)
    assert UrlPart("{ids}", "/query/ids", is_missing=True) in rest
    assert "".join(part.text for part in rest) == "/?ids={ids}"


def test_what_cannot_be_written_is_named_in_its_place() -> None:
    """A value that is still wrong, also one that is a whole query; the URL's own query stays."""
    joined = Parameter("n", "query", style="spaceDelimited", explode=False)
    endpoint = Endpoint("i", "GET", "/a", "v", parameters=(joined,))
    _, rest = url_parts({"url": "https://h/a?own=1", "query": {"n": [["nested"]]}}, endpoint)
    assert [(part.text, part.pointer, part.is_missing) for part in rest[-4:]] == [
        ("own=1", None, False),
        ("&", None, False),
        ("n=", None, False),
        ("{n}", "/query/n", True),
    ]
    form = Parameter("q", "querystring", media_type="application/x-www-form-urlencoded")
    whole = Endpoint("i", "GET", "/a", "v", parameters=(form,))
    _, rest = url_parts({"url": "https://h/a", "query": {"f": {"$file": {"path": "x"}}}}, whole)
    assert UrlPart("{}", "/query", is_missing=True) in rest


def test_server_variables_have_their_pointer() -> None:
    """A server's variable is filled from the path parameters, or named where it has no value."""
    request = {"url": "https://{region}.h/{base}/a", "pathParameters": {"region": "eu"}}
    server, rest = url_parts(request, ENDPOINT)
    assert server == [
        UrlPart("https://"),
        UrlPart("eu", "/pathParameters/region"),
        UrlPart(".h"),
    ]
    assert "".join(part.text for part in rest[:3]) == "/v1/x/a"
    missing, _ = url_parts({"url": "https://{region}.h/a"}, ENDPOINT)
    assert missing[1] == UrlPart("{region}", "/pathParameters/region", is_missing=True)


@pytest.mark.parametrize(
    ("query", "endpoint", "values"),
    [
        (
            {"x": 1, "a/b": "c", "list": [1, 2]},
            None,
            [("1", "/query/x"), ("c", "/query/a~1b"), ("1&list=2", "/query/list")],
        ),
        ([["x", 1], ["y", None], ["x", 2]], None, [("1", "/query/0/1"), ("2", "/query/2/1")]),
        (
            {"x": 1},
            Endpoint("i", "GET", "/a", "v", parameters=(Parameter("q", "querystring"),)),
            [("1", "/query")],
        ),
    ],
)
def test_values_of_the_query_have_their_pointer(
    query: Any, endpoint: Endpoint | None, values: list[tuple[str, str]]
) -> None:
    """Where a person changes what stands there: names and what the URL brings itself have none."""
    _, rest = url_parts({"url": "https://h/a?own=1", "query": query}, endpoint)
    assert [(part.text, part.pointer) for part in rest if part.pointer is not None] == values
