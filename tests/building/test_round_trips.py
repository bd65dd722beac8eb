"""Whatever a value is, it comes back: sent by a task, decoded by a server with libraries that are
not ours, and compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from decoding import decoding_server
from httptask.errors import SettingsError
from httptask.importers import read_api
from httptask.model.api import Endpoint, MediaType, RequestBody, Server
from httptask.task import HttpTask, Runtime
from judging import Judge
from tasks import http, is_literal, runtime

MULTIPART = "multipart/form-data"
quick = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    judge.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with decoding_server() as url:
        yield url


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Runtime]:
    with runtime(files=folder) as shared:
        yield shared


# Parameters, by style and type

GROUPS = {"path": "pathParameters", "query": "query", "header": "headers", "cookie": "cookies"}
EVERYTHING = ("plain", "array", "object")
STYLES = {
    **{
        (where, "simple", explode): EVERYTHING
        for where in ("path", "header")
        for explode in (False, True)
    },
    ("query", "form", False): EVERYTHING,
    ("query", "form", True): ("plain", "array"),
    ("query", "pipeDelimited", False): ("array", "object"),
    ("query", "deepObject", True): ("object",),
    ("cookie", "form", False): EVERYTHING,
}
"""Where, style and explode -> what openapi-core decodes of it. An exploded object it looks for
under the parameter's own name, at `%20` it splits what is unescaped already, and label and matrix
it wants in the path's template, as RFC 6570 has them: test_styles.py has werkzeug and an RFC 6570
for these."""

# What separates values in any of the styles stands in no text: openapi-core unescapes before it
# splits, and unescapes no cookie; WSGI hands it headers as Latin-1. That these are right on the
# wire, test_styles.py says.
letters = st.characters(
    max_codepoint=0x2FF, categories=("L", "N", "Sm", "So"), exclude_characters="=|"
)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(letters, min_size=1, max_size=8),
    "ascii": st.text("09AZaz_-", min_size=1, max_size=8),
    "integer": st.integers() | st.just(2**70),
    "number": (
        st.integers(-(10**9), 10**9).map(lambda value: value + 0.375)
        | st.sampled_from((0.1, 1e-7, -2.5))
    ),
    "boolean": st.booleans(),
}


def of_type(kind: str, plain: str) -> tuple[dict[str, Any], st.SearchStrategy[Any]]:
    """Return the schema of *kind*, an array or object of *plain* values, or one itself; and its
    values.
    """
    inner = {"type": "string" if plain == "ascii" else plain}
    if kind == "array":
        return {"type": "array", "items": inner}, st.lists(PLAIN[plain], min_size=1, max_size=4)
    if kind == "object":
        names = ("R", "G", "B")
        values = st.fixed_dictionaries({}, optional=dict.fromkeys(names, PLAIN[plain])).filter(bool)
        return {"type": "object", "properties": dict.fromkeys(names, inner)}, values
    return inner, PLAIN[plain]


@pytest.mark.parametrize(("where", "style", "explode"), STYLES)
@pytest.mark.parametrize("plain", ["string", "integer", "number", "boolean"])
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_parameters_come_back_by_style_and_type(
    judge: Judge,
    shared: Runtime,
    where: str,
    style: str,
    explode: bool,
    plain: str,
    data: st.DataObject,
) -> None:
    """Described, read, filled in and sent: openapi-core decodes the same value of the same type by
    the same description.
    """
    kind = data.draw(st.sampled_from(STYLES[where, style, explode]))
    schema, values = of_type(
        kind, "ascii" if plain == "string" and where in ("header", "cookie") else plain
    )
    value = data.draw(values)
    parameter = {
        "name": "v",
        "in": where,
        "required": True,
        "style": style,
        "explode": explode,
        "schema": schema,
    }
    read = _sent(judge, shared, parameter, value)
    assert read["errors"] == []
    assert read[GROUPS[where]]["v"] == value


def _sent(judge: Judge, shared: Runtime, parameter: dict[str, Any], value: Any) -> Any:
    path = "/a/{v}" if parameter["in"] == "path" else "/a"
    operation = {"parameters": [parameter], "responses": {"200": {"description": ""}}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {path: {"get": operation}},
    }
    key = json.dumps(document)
    if key not in _addresses.setdefault(id(judge), {}):
        (known,) = read_api("t.json", data=key.encode()).endpoints
        _addresses[id(judge)][key] = judge.reads(document) + path, known
    url, known = _addresses[id(judge)][key]
    request = {GROUPS[parameter["in"]]: {"v": value}}
    return HttpTask(http(url, request=request), runtime=shared, endpoint=known).call().body


_addresses: dict[int, dict[str, Any]] = {}


# Bodies

json_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
).filter(lambda value: value is not None and is_literal(value))
JSON_TYPES = (
    "application/json",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/vnd.a.v1+json; v=1",
)

Send = Callable[..., Any]


@pytest.fixture(scope="module")
def send(server: str, shared: Runtime) -> Send:
    """Send a body for an endpoint that describes *media_types*, and return the request as the
    server decoded it.
    """

    def run(
        value: Any, media_types: dict[str, MediaType], method: str = "POST", **headers: str
    ) -> Any:
        known = Endpoint("i", method, "/a", "v", request_body=RequestBody(media_types))
        request = {"method": method, "body": value, "headers": headers}
        return (
            HttpTask(http(f"{server}/a", request=request), runtime=shared, endpoint=known)
            .call()
            .body
        )

    return run


@quick
@given(
    value=json_value,
    media_type=st.sampled_from(JSON_TYPES),
    method=st.sampled_from(("GET", "DELETE", "POST", "PUT", "PATCH")),
)
@example(
    value={"query": "query($n: Int!) {thing(n: $n) {id}}", "variables": {"n": 2**70}},
    media_type="application/json",
    method="POST",
)
@example(
    value=[{"op": "test", "path": "/a", "value": None}],
    media_type="application/json-patch+json",
    method="PATCH",
)
@example(
    value={"a": None, "price": 0.1, "big": 2**200},
    media_type="application/merge-patch+json",
    method="PATCH",
)
def test_json_bodies_come_back(send: Send, value: Any, media_type: str, method: str) -> None:
    """Every JSON value, nulls and big integers exact, under each of JSON's media types, and on GET
    and DELETE where described.
    """
    read = send(value, {media_type: MediaType()}, method)
    assert (read["method"], read["headers"]["content-type"]) == (method, media_type)
    assert json.dumps(json.loads(read["body"].encode("latin-1")), sort_keys=True) == json.dumps(
        value, sort_keys=True
    )


@quick
@given(
    value=st.text(st.characters(max_codepoint=0xFF), max_size=20).filter(is_literal),
    charset=st.sampled_from(("utf-8", "latin-1", "utf-16")),
)
def test_texts_come_back(send: Send, value: str, charset: str) -> None:
    """In the charset that its media type says."""
    media_type = f"text/plain; charset={charset}"
    assert send(value, {media_type: MediaType()})["body"].encode("latin-1").decode(charset) == value


# What a browser would escape in a name (the HTML standard, section 4.10.21.8) is not read back by
# these libraries.
field = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='"\\[]{}$'),
    min_size=1,
    max_size=6,
)
content = st.binary(max_size=300) | st.just(b"\r\n--x\r\n" * 5)
part = st.tuples(
    st.just("text"),
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=8).filter(is_literal),
)
part |= st.tuples(
    st.just("json"), st.dictionaries(st.sampled_from("abc"), st.integers() | st.none(), max_size=2)
)
part |= st.tuples(st.just("file"), content)
part |= st.tuples(st.just("files"), st.lists(content, min_size=1, max_size=3))


@quick
@given(form=st.dictionaries(field, part, max_size=4))
def test_multipart_bodies_come_back(
    send: Send, folder: Path, form: dict[str, tuple[str, Any]]
) -> None:
    """Text, JSON, files and arrays of them in any mixture: werkzeug reads each byte of each, in
    order.
    """
    body: dict[str, Any] = {}
    files: list[tuple[str, str]] = []
    for name, (kind, value) in form.items():
        contents = {"file": [value], "files": value}.get(kind)
        if contents is None:
            body[name] = value
            continue
        references = [{"$file": {"path": _kept(folder, each)}} for each in contents]
        files += [(name, hashlib.sha256(each).hexdigest()) for each in contents]
        body[name] = references[0] if kind == "file" else references
    read = send(body, {MULTIPART: MediaType()}, **{"Content-Type": MULTIPART})
    assert [(each["field"], each["sha256"]) for each in read["files"]] == files
    plain = [(name, value) for name, (kind, value) in form.items() if kind in ("text", "json")]
    assert [name for name, _ in read["form"]] == [name for name, _ in plain]
    for (_, came), (_, meant) in zip(read["form"], plain, strict=True):
        assert (came if isinstance(meant, str) else json.loads(came)) == meant
    assert len(read["parts"]) == len(files) + len(plain)


def _kept(folder: Path, content: bytes) -> str:
    path = folder / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    return path.name


# Servers


def described_by(*servers: Server) -> Endpoint:
    return Endpoint("i", "GET", "/things", "v", servers=servers)


def test_a_server_with_variables(server: str, shared: Runtime) -> None:
    """Their defaults stand in the prepared URL; who writes `{name}` gives its value beside the
    path's, or has the default.
    """
    port = server.rpartition(":")[2]
    variables = {
        "host": {"default": "127.0.0.1"},
        "port": {"default": port, "enum": [port, "1"]},
        "base": {"default": "v1/x"},
    }
    known = described_by(Server("http://{host}:{port}/{base}", variables=variables))
    prepared = HttpTask(http(known.servers[0].address + "/things"), runtime=shared, endpoint=known)
    assert prepared.call().body["target"] == "/v1/x/things"
    url = "http://{host}:{port}/{base}/things"
    assert (
        HttpTask(http(url), runtime=shared, endpoint=known).call().body["target"] == "/v1/x/things"
    )
    given_one = http(url, request={"pathParameters": {"base": "v2", "port": port}})
    assert HttpTask(given_one, runtime=shared, endpoint=known).call().body["target"] == "/v2/things"
    wrong = http(url, request={"pathParameters": {"port": "80"}})
    (problem,) = HttpTask(wrong, runtime=shared, endpoint=known).problems()
    assert problem.pointer == "/httpRequest/pathParameters/port"
    assert f'"{port}", "1"' in problem.message


@pytest.mark.parametrize(
    ("base", "default", "target"),
    [("{base}", "", "/things"), ("{base}", "/v1", "/v1/things"), ("/{base}", "", "//things")],
)
@pytest.mark.parametrize("is_given", [False, True])
def test_a_variable_that_is_a_base_path_or_nothing(
    server: str, shared: Runtime, base: str, default: str, target: str, *, is_given: bool
) -> None:
    """The URL with the placeholder asks for what the prepared URL asks for."""
    known = described_by(Server(server + base, variables={"base": {"default": default}}))
    given = {"pathParameters": {"base": default}} if is_given else {}
    for url in (known.servers[0].address, server + base):
        task = HttpTask(
            http(url + "/things", request=given if "{" in url else {}),
            endpoint=known,
            runtime=shared,
        )
        assert task.problems() == []
        assert task.render().url == server + target


def test_a_port_without_a_value(shared: Runtime) -> None:
    """It is a placeholder without a value as any other, and the value that is given fills it."""
    known = described_by(Server("https://h.example:{port}", variables={"port": {}}))
    url = "https://h.example:{port}/things"
    (problem,) = HttpTask(http(url), runtime=shared, endpoint=known).problems()
    assert (problem.pointer, problem.code) == ("/httpRequest/url", "path-parameter-missing")
    given = http(url, request={"pathParameters": {"port": 8443}})
    task = HttpTask(given, runtime=shared, endpoint=known)
    assert task.problems() == []
    assert task.render().url == "https://h.example:8443/things"


@pytest.mark.parametrize("base", ["../..", "a/../..", "", "a/%2e%2e/b"])
def test_a_variable_cannot_climb(shared: Runtime, base: str) -> None:
    """It may hold several parts of a path, but none that leads out of it, and not nothing."""
    known = described_by(Server("https://h.example/{base}", variables={"base": {"default": "v1"}}))
    task = HttpTask(
        http("https://h.example/{base}/things", request={"pathParameters": {"base": base}}),
        runtime=shared,
        endpoint=known,
    )
    with pytest.raises(SettingsError) as caught:
        task.render()
    assert [problem.pointer for problem in caught.value.problems] == [
        "/httpRequest/pathParameters/base"
    ]


def test_the_author_s_own_server(server: str, shared: Runtime) -> None:
    """Any address may stand in front of the described path: a sandbox, a proxy with a base path of
    its own.
    """
    known = described_by(Server("https://api.example/v1"))
    assert (
        HttpTask(http(f"{server}/proxy/v1/things"), runtime=shared, endpoint=known)
        .call()
        .body["target"]
        == "/proxy/v1/things"
    )
