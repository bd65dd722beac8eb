"""A Postman collection becomes tasks that send what Postman sends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.interchange import Imported, InterchangeError, read_requests
from httptask.model.credential import revealed
from interchange import judged, sent_by_task
from servers import RawServer

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(*items: Any, **members: Any) -> str:
    info = {"name": "Shop", "schema": SCHEMA}
    return json.dumps({"info": info, "item": list(items), **members})


def item(name: str = "One", url: Any = "https://shop.example/a", **request: Any) -> dict[str, Any]:
    return {"name": name, "request": {"method": "GET", "url": url, **request}}


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def read(*items: Any, **members: Any) -> Imported:
    return read_requests(collection(*items, **members))


BODIES = [
    {"mode": "raw", "raw": "{\"a\": 1}", "options": {"raw": {"language": "json"}}},
    {"mode": "raw", "raw": "<a/>", "options": {"raw": {"language": "xml"}}},
    {"mode": "raw", "raw": "plain ä"},
    {"mode": "urlencoded", "urlencoded": [*pairs(a="x y&z", c="2"), {"key": "b", "value": "1", "disabled": True}]},
    {"mode": "formdata", "formdata": [{"key": "t", "value": "x", "type": "text"}, {"key": "u", "value": "é"}]},
    {"mode": "graphql", "graphql": {"query": "query($i: ID) { a(i: $i) }", "variables": "{\"i\": 7}"}},
    {"mode": "raw", "raw": "{}", "disabled": True},
]  # fmt: skip


def every(url: str) -> str:
    """Return a collection with everything that both read, for the server at *url*."""
    base = {"host": ["{{base}}"]}
    requests = [
        item("Path", {**base, "path": ["orders", ":id", "x"], "variable": pairs(id="4 2")}),
        item("Query", {**base, "path": ["q"], "query": [*pairs(kind="{{kind}}", q="a b"), {"key": "off", "value": "1", "disabled": True}]}),
        item("Text", "{{base}}/text?a=1"),
        item("Headers", "{{base}}/h", header=[*pairs(Accept="application/json", **{"X-A": "{{kind}}"}), {"key": "X-Off", "value": "1", "disabled": True}]),
        item("Delete", "{{base}}/d", method="DELETE"),
        *(item(f"Body {n}", "{{base}}/b", method="POST", body=body) for n, body in enumerate(BODIES)),
    ]  # fmt: skip
    folder = {"name": "Folder", "item": requests}
    return collection(
        folder, variable=pairs(base=f"{url}/{{{{version}}}}", version="v2", kind="book")
    )


@pytest.mark.npm
def test_the_tasks_send_what_postman_s_library_resolves(server: RawServer, tmp_path: Path) -> None:
    """Methods, URLs, headers and bodies are those that the npm package postman-collection has."""
    text = every(server.url)
    imported, theirs = read_requests(text), judged("postman.mjs", json.loads(text))
    assert [task.name for task in imported.tasks] == [one["name"] for one in theirs]
    for task, one in zip(imported.tasks, theirs, strict=True):
        ours = sent_by_task(imported, server, tmp_path, task)
        expected = one["url"].partition(server.url)[2].partition("?")
        assert (ours.method, ours.path) == (one["method"], expected[0])
        assert "&".join(f"{name}={value}" for name, value in ours.query) == expected[2]
        given = {name.lower(): [value] for name, value in one["headers"]}
        assert given.items() <= ours.headers.items()
        if one["mode"] == "urlencoded":
            assert [list(pair) for pair in ours.body] == [["a", "x y&z"], ["c", "2"]]
        elif one["mode"] == "formdata":
            assert [[name, data.decode()] for name, _, _, data in ours.body] == one["parts"]
        elif one["mode"] == "graphql":
            value = {"query": "query($i: ID) { a(i: $i) }", "variables": {"i": 7}}
            assert json.loads(ours.body["json"]) == value
        elif task.name == "Body 0":
            assert json.loads(ours.body["json"]) == json.loads(one["body"])
        else:
            assert ours.body == one["body"].encode()


AUTHORISATIONS = [
    ({"type": "bearer", "bearer": pairs(token="t-1")}, "bearer", {"token": "t-1"}),
    ({"type": "basic", "basic": pairs(username="ann", password="p")}, "basic", {"username": "ann", "password": "p"}),
    ({"type": "digest", "digest": pairs(username="ann", password="p")}, "digest", {"username": "ann", "password": "p"}),
    ({"type": "apikey", "apikey": pairs(key="X-K", value="k", **{"in": "query"})}, "apiKey", {"in": "query", "name": "X-K", "key": "k"}),
    ({"type": "awsv4", "awsv4": pairs(accessKey="AK", secretKey="SK", region="eu", service="s3")}, "awsSigV4", {"accessKeyId": "AK", "secretAccessKey": "SK", "region": "eu", "service": "s3"}),
    ({"type": "oauth2", "oauth2": pairs(grant_type="client_credentials", accessTokenUrl="https://l.example/t", clientId="c", clientSecret="s")}, "oauth2", {"grant": "clientCredentials", "tokenUrl": "https://l.example/t", "clientId": "c", "clientSecret": "s"}),
    ({"type": "oauth2", "oauth2": pairs(accessToken="t-2")}, "bearer", {"token": "t-2"}),
]  # fmt: skip


@pytest.mark.parametrize(("auth", "scheme", "fields"), AUTHORISATIONS)
def test_authorisation_is_inherited_and_becomes_a_credential(
    auth: dict[str, Any], scheme: str, fields: dict[str, str]
) -> None:
    """The nearest authorisation around a request counts; its secret is in no task and no report."""
    folder = {"name": "F", "auth": auth, "item": [item("In")]}
    imported = read(folder, item("Out"), auth={"type": "noauth"})
    inside, outside = imported.tasks
    (credential,) = imported.credentials.values()
    assert inside.task["credentials"] == credential.name
    assert "credentials" not in outside.task
    assert (credential.scheme, revealed(dict(credential.fields))) == (scheme, fields)
    assert credential.origins == ("https://shop.example",)
    shown = json.dumps(imported.to_json()) + repr(imported)
    assert not any(value in shown for value in fields.values() if value.startswith(("t-", "SK")))


@pytest.mark.parametrize("auth_type", ["oauth1", "hawk", "ntlm", "edgegrid", "jwt", "asap"])
def test_authorisation_of_another_type_is_named(auth_type: str) -> None:
    """What no auth scheme does is in the report by its name."""
    (task,) = read(item(auth={"type": auth_type, auth_type: pairs(a="b")})).tasks
    (loss,) = task.losses
    assert (loss.code, loss.params["type"], loss.pointer) == (
        "auth-not-carried",
        auth_type,
        "/item/0/request/auth",
    )


def test_variables_without_a_value_become_input_parameters() -> None:
    """A whole value keeps its type; a secret one is asked of the credential, not of the input."""
    body = {"mode": "raw", "raw": '{"n": {{count}}, "s": "a {{name}}", "id": "{{$guid}}"}', "options": {"raw": {"language": "json"}}}  # fmt: skip
    auth = {"type": "bearer", "bearer": pairs(token="{{token}}")}
    imported = read(item(url="{{base url}}/a", method="POST", body=body, auth=auth))
    (task,) = imported.tasks
    request = task.task["httpRequest"]
    assert request["url"] == "${$.base_url}/a"
    assert request["body"] == {"n": "${$.count}", "s": "a ${$.name}", "id": "${swf:uuid}"}
    assert task.task["inputParameters"] == {
        name: f"${{$.input.{name}}}" for name in ("base_url", "count", "name")
    }
    assert {loss.code for loss in task.losses} == {
        "secret-moved",
        "secret-to-give",
        "value-to-give",
    }
    assert dict(imported.credentials["pasted"].fields) == {}
    assert task.problems == ()


def test_text_that_looks_like_an_expression_stays_text() -> None:
    """`${` in a pasted text is escaped: nobody's body runs in an engine."""
    body = {"mode": "raw", "raw": '{"a": "${$.input.x}", "b": "jsonata: 1"}', "options": {"raw": {"language": "json"}}}  # fmt: skip
    (task,) = read(item(method="POST", body=body)).tasks
    assert task.task["httpRequest"]["body"]["a"] == "$${$.input.x}"
    assert "inputParameters" not in task.task


def test_scripts_files_and_settings_that_are_not_carried_over_are_named() -> None:
    """Each has a code, and a pointer into the collection."""
    script = {"listen": "prerequest", "script": {"exec": ["pm.environment.set('a', 1)"]}}
    files = [{"key": "f", "type": "file", "src": "/home/ann/plan.pdf"}, {"key": "g", "type": "file", "src": []}]  # fmt: skip
    upload = item(method="POST", body={"mode": "formdata", "formdata": files})
    upload |= {"event": [script], "protocolProfileBehavior": {"followRedirects": False}}
    upload["request"] |= {"proxy": {"host": "p"}}
    imported = read({"name": "F", "item": [upload], "event": [{**script, "listen": "test"}]})
    (task,) = imported.tasks
    found = {(loss.code, loss.pointer) for loss in (*imported.losses, *task.losses)}
    assert found == {
        ("script-not-carried", "/item/0/event/0"),
        ("script-not-carried", "/item/0/item/0/event/0"),
        ("member-not-carried", "/item/0/item/0/protocolProfileBehavior"),
        ("member-not-carried", "/item/0/item/0/request/proxy"),
        ("file-below-folder", "/item/0/item/0/request/body/formdata/0"),
        ("file-not-chosen", "/item/0/item/0/request/body/formdata/1"),
    }
    assert task.task["httpRequest"]["body"] == {"f": {"$file": {"path": "plan.pdf"}}}
    assert not task.is_whole


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"info": {"schema": SCHEMA.replace("2.1", "2.0")}, "item": []}, "version 2.0; export it"),
        ({"id": "x", "name": "old", "order": [], "requests": []}, "version 1; export it"),
        ({"info": {"schema": SCHEMA}, "item": []}, "holds no request"),
        ({"a": 1}, "neither a curl command, nor a Postman collection, nor a HAR"),
        ([1], "neither a curl command, nor a Postman collection, nor a HAR"),
    ],
)
def test_another_version_is_refused_by_name(document: Any, sentence: str) -> None:
    """The sentence says which it is, and what to do."""
    with pytest.raises(InterchangeError, match=sentence):
        read_requests(json.dumps(document), "postman" if "info" in document else None)


def test_a_collection_of_any_size_ends_soon() -> None:
    """Folders in folders, variables in variables, and thousands of requests are bounded."""
    deep: Any = {"name": "x", "item": [item()]}
    for _ in range(200):
        deep = {"name": "x", "item": [deep, item("y")]}
    imported = read(deep)
    assert [loss.code for loss in imported.losses] == ["requests-left-out"]
    bomb = pairs(**{f"v{n}": f"{{{{v{n + 1}}}}}" * 10 for n in range(20)})
    with pytest.raises(InterchangeError, match="make a text of more than 1,000,000 characters"):
        read(item(url="https://h/{{v0}}"), variable=bomb)
    many = read(*(item(f"r{n}", f"https://h/{n}") for n in range(2_500)))
    assert (len(many.tasks), many.losses[0].params["count"]) == (2_000, 500)
    with pytest.raises(InterchangeError, match="at most 67,108,864 are read"):
        read_requests('{"info": "' + " " * (64 * 1024 * 1024) + '"}')


JUNK = st.sampled_from(
    ["null", "1", "true", '""', "[]", "{}", "[1]", '{"a": 1}', '"{{a}}"', '"\\ud800"', '"\\u0000"', '"://"', '"http://[::1"', '"http://h:99999/"', '"%"', '"{"', '"${$.x}"', '"&&"', '"?"', '"#"', '"@"', '"\\r\\n: x"']
)  # fmt: skip
"""JSON that nobody expects there."""


def below(value: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of everything in *value*."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for name, member in members:
        yield (*path, name)
        yield from below(member, *path, name)


@settings(max_examples=300)
@given(st.data())
def test_whatever_stands_in_a_document_no_other_error_comes(data: st.DataObject) -> None:
    """A collection or a HAR file with anything anywhere is read, or refused with a sentence."""
    request = {"method": "POST", "url": "https://h/a?x=1", "headers": pairs(a="b"), "cookies": [], "postData": {"mimeType": "multipart/form-data; boundary=x", "text": "--x--"}}  # fmt: skip
    document = data.draw(
        st.sampled_from(
            [json.loads(every("https://h.example")), {"log": {"entries": [{"request": request}]}}]
        )
    )
    document = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        *parents, last = data.draw(st.sampled_from(list(below(document)) or [("x",)]))
        holder = document
        for name in parents:
            holder = holder[name]
        holder[last] = json.loads(data.draw(JUNK))
    with contextlib.suppress(InterchangeError):
        json.dumps(read_requests(json.dumps(document)).to_json())
