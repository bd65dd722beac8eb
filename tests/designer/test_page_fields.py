"""The designer's form: what each kind of field lets a person say, judged by the bytes that reach a
server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from designer import RunningDesigner, running_designer
from designer_page.browser import ROOT, DesignerPage, designer_page
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server
from servers import Peer, RawServer, raw_server

SHIPPED = "Creates a email communication on a given project"
COUNTRIES = [f"country {number}" for number in range(60)]
NODE = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
}
PETS = {
    name: {
        "type": "object",
        "required": ["kind", name.lower()],
        "properties": {"kind": {"type": "string"}, name.lower(): {"type": "string"}},
    }
    for name in ("Cat", "Dog")
}
BODY: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "What it is <b>called</b>."},
        "nickname": {"type": "string"},
        "count": {"type": "integer", "minimum": 1},
        "ratio": {"type": "number"},
        "flag": {"type": "boolean"},
        "size": {"enum": ["small", "large"]},
        "country": {"enum": COUNTRIES},
        "tags": {"type": "array", "items": {"type": "string"}},
        "numbers": {"type": "array", "items": {"type": "integer"}},
        "colours": {
            "type": "array",
            "uniqueItems": True,
            "items": {"enum": ["red", "green", "blue"]},
        },
        "address": {
            "type": "object",
            "required": ["street"],
            "properties": {
                "street": {"type": "string"},
                "limit": {"type": "integer", "default": 20},
                "version": {"const": "v2"},
                "grade": {"oneOf": [{"const": 1, "title": "Best"}, {"const": 2, "title": "Worst"}]},
            },
        },
        "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
        "contact": {
            "oneOf": [
                {
                    "title": "By mail",
                    "type": "object",
                    "required": ["email"],
                    "properties": {"email": {"type": "string"}},
                },
                {
                    "title": "By phone",
                    "type": "object",
                    "required": ["phone"],
                    "properties": {"phone": {"type": "string"}},
                },
            ]
        },
        "untyped": {},
        "ids": {"type": "array"},
        "margin": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "pet": {
            "oneOf": [
                {"title": "A cat", "$ref": "#/$defs/Cat"},
                {"title": "A dog", "$ref": "#/$defs/Dog"},
            ],
            "discriminator": {"propertyName": "kind"},
        },
        "born": {"type": "string", "format": "date"},
        "seen": {"type": "string", "format": "date-time"},
        "parent": {"type": ["string", "null"]},
        "password": {"type": "string", "format": "password"},
        "attachment": {"type": "string", "contentEncoding": "base64"},
        "tree": {"$ref": "#/$defs/Node"},
    },
    "additionalProperties": False,
}


def kinds(url: str) -> Endpoint:
    """Return an endpoint whose body has every kind of field."""
    return Endpoint(
        id="acme-kinds-post-0",
        method="POST",
        path="/kinds",
        provider="acme",
        title="Say anything",
        servers=(
            Server(url, description="here"),
            Server(
                "https://{region}.example",
                variables={"region": {"default": "eu", "enum": ["eu", "us"]}},
            ),
        ),
        parameters=(Parameter("verbose", "query", schema={"type": "boolean"}),),
        request_body=RequestBody({"application/json": MediaType(BODY)}, required=True),
        definitions={"Node": NODE, **PETS},
    )


def optional(url: str, title: str, fields: dict[str, Any]) -> Endpoint:
    """Return an endpoint with these optional *fields*: name and schema."""
    name = title.rpartition(" ")[2]
    schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return Endpoint(
        id=f"acme-{name}-post-0",
        method="POST",
        path=f"/{name}",
        provider="acme",
        title=title,
        servers=(Server(url),),
        request_body=RequestBody({"application/json": MediaType(schema)}, required=True),
        definitions={"Node": NODE, **PETS},
    )


def defaults(url: str) -> Endpoint:
    """Return an endpoint whose fields have defaults."""
    properties = {
        "wanted": {"enum": ["small", "large"], "default": "small"},
        "text": {"type": "string", "default": "plain"},
        "number": {"type": "number", "default": 0.5},
        "flag": {"type": "boolean", "default": True},
        "size": {
            "oneOf": [
                {"const": "small", "title": "Hand luggage"},
                {"const": "large", "title": "Hold"},
            ],
            "default": "small",
        },
        "country": {"enum": COUNTRIES, "default": "country 7"},
        "list": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        "object": {
            "type": "object",
            "properties": {"inner": {"type": "integer"}},
            "default": {"inner": 1},
        },
        "untyped": {"default": None},
        "union": {
            "oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "string"}}],
            "default": 7,
        },
    }
    bag = {"type": "object", "required": ["wanted"], "properties": properties}
    schema = {"type": "object", "properties": {"bag": bag}}
    return Endpoint(
        id="acme-little-post-0",
        method="POST",
        path="/little",
        provider="acme",
        title="Say little",
        servers=(Server(url),),
        request_body=RequestBody({"application/json": MediaType(schema)}, required=True),
    )


def upload(url: str) -> Endpoint:
    """Return an endpoint whose body may be left out, and carries a file."""
    schema = {
        "type": "object",
        "required": ["scan", "about"],
        "properties": {
            "scan": {"type": "string", "format": "binary"},
            "about": {
                "type": "object",
                "required": ["title"],
                "properties": {"title": {"type": "string"}},
            },
        },
    }
    return Endpoint(
        id="acme-scans-post-0",
        method="POST",
        path="/scans",
        provider="acme",
        title="Keep a scan",
        servers=(Server(url),),
        request_body=RequestBody({"multipart/form-data": MediaType(schema)}),
    )


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, server: RawServer
) -> Iterator[RunningDesigner]:
    folder = tmp_path_factory.mktemp("designer")
    endpoints = [kinds(server.url), upload(server.url), defaults(server.url)]
    for title, fields in FILLED_IN.items():
        schemas = {name: schema for name, (schema, _, _) in fields.items()}
        endpoints.append(optional(server.url, title, schemas))
    with running_designer(folder, endpoints=endpoints) as running:
        yield running


@pytest.fixture
def form(running: RunningDesigner, browser: Browser) -> Iterator[DesignerPage]:
    """The form of the endpoint with every kind of field, its one required field filled in."""
    with designer_page(browser, running.url) as page:
        page.pick("Say anything")
        page.at("/httpRequest/body/name").fill("thing")
        yield page


def body(server: RawServer) -> Any:
    """Return the last body the server got."""
    return json.loads(server.received[-1].partition(b"\r\n\r\n")[2])


def sent(form: DesignerPage, server: RawServer) -> Any:
    with form.page.expect_response("**/test-requests"):
        form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    return body(server)


def copied(form: DesignerPage) -> Any:
    """Copy the task, and return it."""
    form.page.evaluate("navigator.clipboard.writeText('')")
    form.named("button", "Copy JSON").click()
    form.page.wait_for_function("async () => await navigator.clipboard.readText() !== ''")
    return json.loads(form.copied())


# 1 and 2: nothing is sent that nobody set


def test_only_what_was_set_is_sent(form: DesignerPage, server: RawServer) -> None:
    """Required fields are there, optional ones are buttons; what was not set is not sent, what was
    added and left empty neither. Nothing is invented: an enum starts with no choice, a number with
    no 0, and a documented default is shown and not put in for an optional field.
    """
    expect(form.at("/httpRequest/body/name")).to_be_visible()
    expect(form.at("/httpRequest/body/nickname")).to_have_count(0)
    form.add("nickname", "count", "flag", "size", "country")
    expect(form.at("/httpRequest/body/size")).to_have_value("")
    expect(form.at("/httpRequest/body/count")).to_have_value("")
    expect(form.page.get_by_role("radio", name="not set")).to_be_checked()
    assert sent(form, server) == {"name": "thing"}
    assert b"verbose" not in server.received[-1]
    form.add("address", "limit")
    limit = form.at("/httpRequest/body/address/limit")
    expect(limit).to_have_value("")
    expect(limit).to_have_attribute("placeholder", "default: 20")


def test_defaults_are_shown_and_not_sent(form: DesignerPage, server: RawServer) -> None:
    """The default of every kind of field is said where its value would stand; none of them is
    sent.
    """
    form.pick("Say little")
    form.add(
        "bag", "text", "number", "flag", "size", "country", "list", "object", "untyped", "union"
    )
    for name, shown in (("text", "plain"), ("number", "0.5"), ("untyped", "null")):
        expect(form.at(f"/httpRequest/body/bag/{name}")).to_have_attribute(
            "placeholder", f"default: {shown}"
        )
    expect(form.page.get_by_role("radio", name="default: true")).to_be_checked()
    expect(form.at("/httpRequest/body/bag/size").locator("option").first).to_have_text(
        "default: small: Hand luggage"
    )
    expect(form.page.get_by_label("Which form of union").locator("option").first).to_have_text(
        "default: 7"
    )
    country = form.at("/httpRequest/body/bag/country").get_attribute("placeholder")
    assert country == "default: country 7; type to find one of 60"
    for name, shown in (("list", '["a"]'), ("object", '{"inner":1}')):
        form.named("button", f"Remove {name}").click()
        expect(form.option(name)).to_contain_text(f"default: {shown}")
    expect(form.at("/httpRequest/body/bag/wanted").locator("option").first).to_have_text(
        "Choose … (default: small)"
    )
    form.at("/httpRequest/body/bag/wanted").select_option(label="large")
    assert sent(form, server) == {"bag": {"wanted": "large"}}


# The rows


def test_optional_fields_are_lines_that_come_and_go_by_keyboard(form: DesignerPage) -> None:
    """What they are is on their lines, the documented default too; the lines can be filtered, and
    none of them is a field yet. A line opens its field with the keyboard in it; Backspace in it,
    once it is empty, takes it away again, to its line; the switch to an expression comes after the
    control. Backspace in a required field takes nothing away, not what it stands in either.
    """
    names = form.named("region", "Body").locator("button.option .name")
    everything = names.count()
    form.page.get_by_label("Filter the optional fields").first.fill("NUM")
    expect(names).to_have_text(["numbers"])
    form.page.get_by_label("Filter the optional fields").first.fill("")
    expect(names).to_have_count(everything)
    line = form.option("nickname")
    expect(line).to_contain_text("string")
    line.press("Enter")
    place = form.at("/httpRequest/body/nickname")
    expect(place).to_be_focused()
    expect(line).to_have_count(0)
    form.page.keyboard.type("B")
    form.page.keyboard.press("Backspace")
    expect(place).to_have_value("")
    form.page.keyboard.press("Tab")
    expect(form.named("button", "fx for nickname")).to_be_focused()
    form.page.keyboard.press("Shift+Tab")
    form.page.keyboard.press("Backspace")
    expect(place).to_have_count(0)
    expect(line).to_be_focused()
    required = form.at("/httpRequest/body/name")
    required.fill("")
    required.press("Backspace")
    expect(required).to_be_focused()
    form.add("address")
    expect(form.option("limit")).to_contain_text("default: 20")
    street = form.at("/httpRequest/body/address/street")
    street.press("Backspace")
    form.page.keyboard.type("A")
    expect(street).to_have_value("A")


def test_documentation_is_beside_its_row(form: DesignerPage) -> None:
    """It describes the control, and is shown to whoever points at the row or moves there: it covers
    neither a field nor the response. Where the list of tasks has no room for it, it lies in the
    form, away from its row; where the form has all of the width it stands below.
    """
    place = form.at("/httpRequest/body/name")
    expect(place).to_have_accessible_description("What it is called.")
    card = form.page.locator(".doc-card")
    place.hover()
    expect(card).to_contain_text("What it is called.")
    box, settings = card.bounding_box(), form.page.locator(".settings").bounding_box()
    assert box
    assert settings
    assert 0 <= box["x"] < box["x"] + box["width"] <= settings["x"]
    form.page.locator(".top").hover()
    expect(card).to_have_count(0)
    form.page.set_viewport_size({"width": 1024, "height": 800})
    place.hover()
    expect(card).to_contain_text("What it is called.")
    box, row = card.bounding_box(), place.bounding_box()
    right = form.page.locator(".right").bounding_box()
    assert box
    assert row
    assert right
    assert box["x"] + box["width"] <= right["x"]
    assert box["y"] >= row["y"] + row["height"] or box["y"] + box["height"] <= row["y"]
    form.page.locator(".top").hover()
    form.page.set_viewport_size({"width": 390, "height": 844})
    expect(form.page.locator(".hint", has_text="What it is called.")).to_be_visible()
    name = form.page.locator('[id="f-/httpRequest/body/name-name"]').bounding_box()
    row = place.bounding_box()
    assert name
    assert row
    assert name["y"] + name["height"] <= row["y"], "the name stands above its control"
    assert form.violations() == []


def test_parameters_stand_together(running: RunningDesigner, browser: Browser) -> None:
    """Path, headers and query are one part, what is required first, each with where it stands; what
    is hardly ever changed is no box.
    """
    with designer_page(browser, running.url, color_scheme="dark") as page:
        page.pick(SHIPPED)
        types = page.named("region", "Parameters").locator(".lab .type")
        expect(types).to_have_text(
            [
                "path, integer",
                "header, string",
                "header, integer",
                "query, integer",
                "query, one of 20",
            ]
        )
        expect(page.page.locator(".problem")).to_have_count(0)
        media_type = page.at("/httpRequest/headers/Content-Type")
        expect(media_type).to_have_text("application/json default")
        media_type.click()
        expect(media_type).to_have_value("application/json")
        expect(media_type).to_be_focused()
        expect(page.page.locator(".form .problem")).to_have_count(0)
        assert page.violations() == []


# Every kind: (what a person does, what arrives)


Act = Callable[[DesignerPage, str], None]
"""Fills in the optional field of this name."""


def in_body(form: DesignerPage, name: str) -> Locator:
    return form.at(f"/httpRequest/body/{name}")


def added(form: DesignerPage, name: str) -> None:
    """Add the field, and leave it as it is then."""
    form.add(name)


def checks(form: DesignerPage, name: str) -> None:
    form.add(name)
    for value in ("blue", "red"):
        form.page.get_by_label(value, exact=True).check()


def fill(value: str, kind: str = "") -> Act:
    def act(form: DesignerPage, name: str) -> None:
        form.add(name)
        in_body(form, name).fill(value)
        if kind:
            form.page.get_by_label(f"Type of {name}", exact=True).select_option(label=kind)

    return act


def choose(value: str) -> Act:
    def act(form: DesignerPage, name: str) -> None:
        form.add(name)
        in_body(form, name).select_option(label=value)

    return act


def flag(form: DesignerPage, name: str) -> None:
    form.add(name)
    in_body(form, name).get_by_role("radio", name="false").check()


def empty_text(form: DesignerPage, name: str) -> None:
    form.add(name)
    form.named("button", f"“” for {name}").click()


def null(form: DesignerPage, name: str) -> None:
    form.add(name)
    form.named("button", f"null for {name}").click()


def nested(form: DesignerPage, name: str) -> None:
    form.add(name)
    in_body(form, f"{name}/street").fill("High Street")


def const(form: DesignerPage, name: str) -> None:
    nested(form, name)
    in_body(form, name).locator("button.option", has_text="version").click()


def labelled(form: DesignerPage, name: str) -> None:
    nested(form, name)
    in_body(form, name).locator("button.option", has_text="grade").click()
    in_body(form, f"{name}/grade").select_option(label="2: Worst")


def items(form: DesignerPage, name: str) -> None:
    form.add(name)
    form.named("button", f"rows for {name}").click()
    for index, value in enumerate(("one", "two", "three")):
        form.named("button", f"Add item to {name}").click()
        item = in_body(form, f"{name}/{index}")
        expect(item).to_be_focused()
        item.fill(value)
    form.named("button", f"Remove {name} 2").click()
    expect(in_body(form, f"{name}/1")).to_be_focused()


def pasted(text: str) -> Act:
    def act(form: DesignerPage, name: str) -> None:
        form.add(name)
        form.named("button", f"rows for {name}").click()
        form.named("button", f"Paste a list into {name}").click()
        form.page.get_by_label(f"A list for {name}").fill(text)
        form.named("button", "values", exact=False).click()

    return act


def tokens(form: DesignerPage, name: str) -> None:
    """Type, Enter, and paste; Backspace takes the last away."""
    keyboard = form.page.keyboard
    form.add(name)
    control = in_body(form, name)
    expect(control).to_be_focused()
    form.page.evaluate("navigator.clipboard.writeText('3, 4\\t5')")
    keyboard.type("1")
    keyboard.press("Enter")
    keyboard.press("Control+v")
    keyboard.type("6")
    keyboard.press("Enter")
    expect(form.page.locator(".token")).to_have_text(["1", "3", "4", "5", "6"])
    keyboard.press("Backspace")
    form.named("button", f"Remove 4 from {name}").click()
    expect(control).to_be_focused()
    assert form.violations() == []


def taken_back(form: DesignerPage, name: str) -> None:
    form.add(name)
    form.page.keyboard.press("Backspace")
    expect(form.option(name)).to_be_focused()


def untyped_tokens(form: DesignerPage, name: str) -> None:
    keyboard = form.page.keyboard
    form.add(name)
    for text in ("881", "one, two", "${$.x}"):
        keyboard.type(text)
        keyboard.press("Enter")
    form.named("button", f"Remove ${{$.x}} from {name}").click()
    form.page.get_by_label(f"Type of the items of {name}").select_option(label="text")
    keyboard.press("Tab")
    in_body(form, name).focus()
    keyboard.type("7")  # what is being typed is sent, too


def entry(form: DesignerPage, name: str, key: str) -> None:
    group = in_body(form, name)
    group.get_by_role("button", name="Add field", exact=True).click()
    group.get_by_role("combobox", name="Name", exact=True).fill(key)


def entries(form: DesignerPage, name: str) -> None:
    form.add(name)
    entry(form, name, "a/b")
    in_body(form, f"{name}/a~1b").fill("3")


def option(form: DesignerPage, name: str) -> None:
    form.add(name)
    which = form.page.get_by_label(f"Which form of {name}")
    which.select_option(label="By mail")
    in_body(form, f"{name}/email").fill("a@b.example")
    which.select_option(label="By phone")
    in_body(form, f"{name}/phone").fill("123")


def discriminator(form: DesignerPage, name: str) -> None:
    form.add(name)
    form.page.get_by_label(f"Which form of {name}").select_option(label="Dog: A dog")
    in_body(form, f"{name}/dog").fill("Rex")


def date(form: DesignerPage, name: str) -> None:
    form.add(name)
    expect(form.named("button", f"Pick a date for {name}")).to_be_visible()
    form.page.get_by_label(f"Calendar of {name}").fill("2026-01-31")


def time(form: DesignerPage, name: str) -> None:
    """The calendar writes RFC 3339, and keeps the time zone that is there."""
    form.add(name)
    in_body(form, name).fill("2026-01-31T08:30:00.5+02:00")
    form.page.get_by_label(f"Calendar of {name}").fill("2026-03-01T09:15:20")


def recursion(form: DesignerPage, name: str) -> None:
    form.add(name)
    node = f"/httpRequest/body/{name}"
    for _ in range(3):
        form.option("children").click()
        expect(form.at(f"{node}/children")).to_be_visible()
        stub = form.page.get_by_role("button", name="Fill in", exact=False)
        if stub.count():
            stub.last.click()
        form.at(f"{node}/children").get_by_role("button", name="Add item to children").last.click()
        node += "/children/0"
        expect(form.at(node)).to_be_visible()
        stub = form.page.get_by_role("button", name="Fill in", exact=False)
        if stub.count():
            stub.last.click()
    form.at(node).locator("button.option", has_text="title").first.click()
    form.at(f"{node}/title").fill("deep")


def file(form: DesignerPage, name: str) -> None:
    form.add(name)
    in_body(form, name).set_input_files(
        {"name": "a.bin", "mimeType": "application/pdf", "buffer": b"\x00\xff%PDF"}
    )
    expect(form.page.locator(".file-name")).to_have_text("a.bin, 6 B")


def untyped_list(form: DesignerPage, name: str) -> None:
    form.add(name)
    form.named("button", f"rows for {name}").click()
    form.named("button", f"Add item to {name}").click()
    in_body(form, f"{name}/0").fill("881")
    form.named("button", f"Add item to {name}").click()
    in_body(form, f"{name}/1").fill("881")
    form.page.get_by_label(f"Type of {name} 2").select_option(label="text")


def untyped_object(form: DesignerPage, name: str) -> None:
    form.add(name)
    form.page.get_by_label(f"Type of {name}", exact=True).select_option(label="object")
    entry(form, name, "deep")
    in_body(form, f"{name}/deep").fill("true")


def back_to_text(form: DesignerPage, name: str) -> None:
    before = form.named("button", "Send it as text").count()
    fill('{"ratio": 1.50}', "JSON")(form, name)
    buttons = form.named("button", "Send it as text")
    expect(buttons).to_have_count(before + 1)
    buttons.last.click()


def broken_json(form: DesignerPage, name: str) -> None:
    """What is wrong with JSON is said while it is typed."""
    form.add(name)
    form.page.get_by_label(f"Type of {name}", exact=True).select_option(label="JSON")
    in_body(form, name).fill('{"a": [1,')
    expect(form.page.locator(".problem", has_text="Line 1, column 10")).to_be_visible()
    in_body(form, name).fill('{"a": [1, null]}')


def object_to_text(form: DesignerPage, name: str) -> None:
    untyped_object(form, name)
    form.page.get_by_label(f"Type of {name}", exact=True).select_option(label="text")


DEEP = {"children": [{"children": [{"children": [{"title": "deep"}]}]}]}
NOTHING = object()
"""Expected of a field that is not sent."""

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}
TEXTS = {"type": "array", "items": TEXT}
INTEGERS = {"type": "array", "items": INTEGER}
SCALARS = {"oneOf": [TEXT, INTEGER]}
PROPERTIES: dict[str, Any] = BODY["properties"]
ADDRESS: Any = PROPERTIES["address"]

Cases = dict[str, tuple[dict[str, Any], Act, Any]]
"""Name of the field -> its schema, what a person does, and what arrives."""
LISTS: Cases = {
    "list_as_tokens": (INTEGERS, tokens, [1, 3, 5]),
    "list_taken_back": (TEXTS, taken_back, NOTHING),
    "untyped_list_as_tokens": ({"type": "array"}, untyped_tokens, ["881", "one, two", "7"]),
    "list_with_focus": (TEXTS, items, ["one", "three"]),
    "pasted_lines": (TEXTS, pasted("a\nb, c\n\nd"), ["a", "b, c", "d"]),
    "pasted_numbers": (INTEGERS, pasted("1, 2,3"), [1, 2, 3]),
    "pasted_json": (INTEGERS, pasted("[4, 5]"), [4, 5]),
    "empty_list_that_is_meant": (TEXTS, added, []),
    "checkboxes": (PROPERTIES["colours"], checks, ["red", "blue"]),
}
OBJECTS: Cases = {
    "file": (PROPERTIES["attachment"], file, base64.b64encode(b"\x00\xff%PDF").decode()),
    "recursion": ({"$ref": "#/$defs/Node"}, recursion, DEEP),
    "enum_with_labels": (ADDRESS, labelled, {"street": "High Street", "grade": 2}),
    "const": (ADDRESS, const, {"street": "High Street", "version": "v2"}),
    "object": (ADDRESS, nested, {"street": "High Street"}),
    "map": (PROPERTIES["labels"], entries, {"a/b": 3}),
    "union": (PROPERTIES["contact"], option, {"phone": "123"}),
    "discriminator": (PROPERTIES["pet"], discriminator, {"kind": "Dog", "dog": "Rex"}),
}
VALUES: Cases = {
    "text": (TEXT, fill("Bob"), "Bob"),
    "like_an_expression": (TEXT, fill("costs ${5} $${x} $$"), "costs ${5} $${x} $$"),
    "like_jsonata": (TEXT, fill("jsonata: x"), "jsonata: x"),
    "empty_text_that_is_meant": (TEXT, empty_text, ""),
    "integer": (INTEGER, fill("7"), 7),
    "over_2_to_the_53rd": (INTEGER, fill("12345678901234567890"), 12345678901234567890),
    "number": ({"type": "number"}, fill("-0.25"), -0.25),
    "false_is_not_unset": ({"type": "boolean"}, flag, False),
    "enum": (PROPERTIES["size"], choose("large"), "large"),
    "long_enum": (PROPERTIES["country"], fill("country 42"), "country 42"),
    "null": (PROPERTIES["parent"], null, None),
    "scalars_number": (SCALARS, fill("5"), 5),
    "scalars_number_as_text": (SCALARS, fill("5", "text"), "5"),
    "scalars_text": (SCALARS, fill("auto"), "auto"),
    "date": (PROPERTIES["born"], date, "2026-01-31"),
    "time": (PROPERTIES["seen"], time, "2026-03-01T09:15:20+02:00"),
}
UNTYPED: Cases = {
    "back_to_text": ({}, back_to_text, '{"ratio": 1.50}'),
    "json_that_was_broken": ({}, broken_json, {"a": [1, None]}),
    "guessed_number": ({}, fill("881"), 881),
    "number_as_text": ({}, fill("881", "text"), "881"),
    "guessed_boolean": ({}, fill("true"), True),
    "no_json_number": ({}, fill("0881"), "0881"),
    "null": ({}, fill("x", "null"), None),
    "json": ({}, fill('{"replicas": 3, "on": [true]}'), {"replicas": 3, "on": [True]}),
    "json_list": ({}, fill(" [1, {}]\n"), [1, {}]),
    "digits": ({}, fill('{"id": 12345678901234567890}'), {"id": 12345678901234567890}),
    "json_is_not_quoted_again": ({}, fill('{"replicas": 3}', "JSON"), {"replicas": 3}),
    "json_as_an_object": ({}, fill('{"replicas": 3}', "object"), {"replicas": 3}),
    "json_as_text": ({}, fill('{"replicas": 3}', "text"), '{"replicas": 3}'),
    "no_json": ({}, fill("{not json}"), "{not json}"),
    "text_as_json": ({}, fill("hello", "JSON"), "hello"),
    "object_back_to_text": ({}, object_to_text, '{\n  "deep": true\n}'),
    "list": ({"type": "array"}, untyped_list, [881, "881"]),
    "object": ({}, untyped_object, {"deep": True}),
}


FILLED_IN = {
    "Say values": VALUES,
    "Say lists": LISTS,
    "Say objects": OBJECTS,
    "Say what has no type": UNTYPED,
}


@pytest.mark.parametrize("title", FILLED_IN)
def test_what_is_filled_in_arrives(form: DesignerPage, server: RawServer, title: str) -> None:
    """What a person fills in is what the server gets, with its type, and nothing else; it is there
    again after a reload. No id stands twice, so every label points at its own control.
    """
    fields = FILLED_IN[title]
    form.pick(title)
    for name, (_, act, _) in fields.items():
        act(form, name)
    expected = {name: value for name, (_, _, value) in fields.items() if value is not NOTHING}
    assert sent(form, server) == expected
    ids = form.page.locator("[id]").evaluate_all("(all) => all.map((each) => each.id)")
    assert len(ids) == len(set(ids))
    form.load()
    expect(form.page.locator("#test")).to_be_visible()
    assert sent(form, server) == expected


def test_body_with_a_file_that_may_be_left_out(form: DesignerPage, server: RawServer) -> None:
    """Its fields are there without a click; untouched it is not sent, and what was put in can be
    taken out as a whole. A picked file is sent as it is, a large one too; the settings hold a
    reference with its name and size.
    """
    form.pick("Keep a scan")
    place = form.at("/httpRequest/body/about/title")
    expect(place).to_be_visible()
    form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    assert server.received[-1].partition(b"\r\n\r\n")[2] == b""
    place.fill("Plan")
    expect(form.page.locator(".head .chip")).to_have_text("1 problem")
    form.named("button", "Leave out the body").click()
    expect(place).to_have_value("")
    expect(form.page.locator(".chip.good")).to_be_visible()
    content = bytes(range(256)) * 20_000
    form.at("/httpRequest/body/scan").set_input_files(
        {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    expect(form.page.locator(".file-name")).to_have_text("plan.pdf, 5.1 MB")
    place.fill("Plan")
    before = len(server.received)
    form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    assert len(server.received) == before + 1
    assert content in server.received[-1]
    assert b'filename="plan.pdf"' in server.received[-1]
    reference = copied(form)["httpRequest"]["body"]["scan"]["$file"]
    assert (reference["name"], reference["size"]) == ("plan.pdf", len(content))
    assert len(form.copied()) < 2_000
    form.named("button", "fx for the body").click()
    form.at("/httpRequest/body").fill("$.payload")
    assert copied(form)["httpRequest"]["body"] == "${$.payload}"


def test_json_is_said_to_be_json_and_one_click_makes_it_text(
    form: DesignerPage, server: RawServer
) -> None:
    """What text is taken for is seen beside it, and can be changed there and back."""
    fill('{"ratio": 1.50}')(form, "untyped")
    expect(form.page.locator(".under", has_text="Sent as JSON: an object.")).to_be_visible()
    kind = form.page.get_by_label("Type of untyped")
    expect(kind.locator("option").first).to_have_text("as JSON")
    form.named("button", "Send it as text").click()
    assert sent(form, server)["untyped"] == '{"ratio": 1.50}'
    assert form.violations() == []
    form.named("button", "Send it as JSON").click()
    assert sent(form, server)["untyped"] == {"ratio": 1.5}


def test_a_free_request(form: DesignerPage, server: RawServer) -> None:
    """Whoever types an address with pauses, in which it is checked, goes on where the last letter
    was. RFC 9110, section 9.1: the known methods are offered, another token is sent as it is, what
    is none is said to be none. A body that is pasted goes out as JSON, to the last digit; in a
    query the same text stays text.
    """
    form.add_task("Own request")
    place = form.at("/httpRequest/url")
    expect(place).to_be_focused()
    place.fill("")
    for part in (server.url[:10], server.url[10:], "/typed"):
        with form.page.expect_response("**/validate"):
            form.page.keyboard.type(part)
        expect(form.page.locator(".chip")).to_be_visible()
    expect(place).to_be_focused()
    expect(place).to_have_value(server.url + "/typed")
    method = form.at("/httpRequest/method")
    offered = form.page.locator(f'[id="{method.get_attribute("list")}"] option')
    assert {"GET", "PATCH", "QUERY"} <= set(
        offered.evaluate_all("options => options.map(({value}) => value)")
    )
    method.fill("no token")
    method.blur()
    expect(form.problem("/httpRequest/method")).to_be_visible()
    method.fill("PROPFIND")
    form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    assert server.received[-1].startswith(b"PROPFIND /typed ")
    text = '{"spec": {"replicas": 3, "ratio": 0.1, "id": 12345678901234567890}}'
    method.fill("PATCH")
    form.at("/httpRequest/body").fill("replicas: 3")
    sent_as = form.page.locator("#sent-as")
    expect(sent_as).to_have_text("sent as text/plain; charset=utf-8")
    form.at("/httpRequest/body").fill(text)
    expect(sent_as).to_have_text("sent as application/json")
    form.entry("query", "filter", '{"a":1}')
    before = len(server.received)
    form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    assert len(server.received) == before + 1
    head, _, received = server.received[-1].partition(b"\r\n\r\n")
    assert head.startswith(b"PATCH /typed?filter=%7B%22a%22%3A1%7D ")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(received, parse_float=str) == json.loads(text, parse_float=str)


def test_what_was_unusual_about_a_response_is_said(form: DesignerPage) -> None:
    """A header line that is none is named beside the response; what is no response is shown as it
    came.
    """
    answers = [
        b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ]

    def handler(peer: Peer) -> None:
        peer.read_request()
        peer.sendall(answers.pop(0))

    with raw_server(handler) as odd:
        form.add_task("Own request")
        form.at("/httpRequest/url").fill(odd.url + "/")
        form.send()
        expect(form.page.locator(".response .note", has_text="Unusual")).to_contain_text(
            "no header at all"
        )
        form.send()
        expect(form.page.get_by_label("What came")).to_have_text("SSH-2.0-OpenSSH_9.2")
        assert form.violations() == []


# 6 and 7: expressions


def to_expression(form: DesignerPage, name: str, pointer: str, *, sample: str) -> None:
    form.named("button", f"fx for {name}").click()
    form.at(f"/httpRequest/body/{pointer}").fill("$.given")
    form.page.get_by_label(f"Sample value of {name}, for tests only").fill(sample)


def test_expression_everywhere_with_a_sample(form: DesignerPage, server: RawServer) -> None:
    """Every field can be an expression, an item of a list and a whole object too; a sample beside
    it stands for it in the test, with the type its field asks for, and in the test only.
    """
    form.add("nickname", "count", "flag", "colours", "address", "tags")
    form.named("button", "rows for tags").click()
    form.named("button", "Add item to tags").click()
    to_expression(form, "nickname", "nickname", sample="Bob")
    to_expression(form, "count", "count", sample="12")
    to_expression(form, "flag", "flag", sample="true")
    to_expression(form, "colours", "colours", sample='["red"]')
    to_expression(form, "street", "address/street", sample="High Street")
    to_expression(form, "tags 1", "tags/0", sample="x")
    others = {"nickname": "Bob", "count": 12, "flag": True, "colours": ["red"], "tags": ["x"]}
    expected = {"name": "thing"} | others
    assert sent(form, server) == expected | {"address": {"street": "High Street"}}
    expression = "${$.given}"
    task = copied(form)
    assert task["httpRequest"]["body"] == {
        "name": "thing",
        **dict.fromkeys(("nickname", "count", "flag", "colours"), expression),
        "address": {"street": expression},
        "tags": [expression],
    }
    assert "High Street" not in form.copied()
    to_expression(form, "address", "address", sample='{"street": "1"}')
    assert sent(form, server) == expected | {"address": {"street": "1"}}
    assert copied(form)["httpRequest"]["body"]["address"] == expression


def test_toggling_keeps_both_values(form: DesignerPage, server: RawServer) -> None:
    """Switching between a value and an expression loses neither. An expression is evaluated over
    a sample input, when there is one.
    """
    name = form.at("/httpRequest/body/name")
    toggle = form.named("button", "fx for name")
    toggle.click()
    name.fill("About ${$.called}")
    toggle.click()
    expect(name).to_have_value("thing")
    toggle.click()
    expect(name).to_have_value("About ${$.called}")
    form.add("Input parameters")
    form.entry("inputParameters", "called")
    form.named("button", "fx for called").click()
    form.at("/inputParameters/called").fill("$.input.rfi.subject")
    form.page.get_by_label("Sample input").fill('{"rfi": {"subject": "Slab"}}')
    assert sent(form, server)["name"] == "About Slab"


# 8: problems


def test_problems_stand_beside_their_fields(
    running: RunningDesigner, browser: Browser, server: RawServer
) -> None:
    """A form that was just opened does not shout: what is still to fill in is only counted. A wrong
    value is counted in the header, said beside its field, tied to it, and focused; nothing is sent
    until asked to. What was said of a field is taken back with the first letter typed, whatever
    keeps the server from checking it again.
    """
    with designer_page(browser, running.url) as form:
        form.pick("Say anything")
        expect(form.page.locator(".head .chip")).to_have_text("1 problem")
        expect(form.page.locator(".problem")).to_have_count(0)
        form.page.locator(".head .chip").click()
        expect(form.problem("/httpRequest/body/name")).to_be_visible()
        expect(form.at("/httpRequest/body/name")).to_be_focused()
        form.at("/httpRequest/body/name").fill("thing")
        before = len(server.received)
        form.add("count", "address")
        form.at("/httpRequest/body/count").fill("many")
        form.send()
        assert len(server.received) == before
        expect(form.page.locator(".head .chip")).to_have_text("2 problems")
        place = form.at("/httpRequest/body/count")
        problem = form.problem("/httpRequest/body/count")
        expect(problem).to_be_visible()
        described = place.get_attribute("aria-describedby") or ""
        assert "f-/httpRequest/body/count-problem-0" in described
        expect(place).to_be_focused()
        missing = form.problem("/httpRequest/body/address/street")
        expect(missing).to_contain_text("required: expected a string")
        expect(missing).not_to_contain_text("'street'")
        form.named("button", "Send anyway").click()
        expect(form.page.locator(".response .status")).to_have_text("200 OK")
        assert body(server)["count"] == "many"
        form.at("/httpRequest/body/address/street").fill("x")
        with form.held_back("**/validate"):
            place.fill("3")
            expect(problem).to_have_count(0)
        place.fill("few")
        expect(problem).to_be_visible()
        place.fill("3")
        expect(form.page.locator(".chip.good")).to_be_visible()


def test_the_page_reads_no_sentence(form: DesignerPage) -> None:
    """What is missing is shown at its own field by the problem's code and params, in whatever
    language its sentence is.
    """
    form.add("count")
    params = {"name": "count", "where": "name", "instead": "cuont"}
    problem = {
        "pointer": "/httpRequest/body",
        "message": "Pflichtfeld",
        "severity": "error",
        "code": "required",
    }
    answer = {"valid": False, "problems": [{**problem, "params": params}]}
    form.intercept("**/validate", lambda route: route.fulfill(json=answer))
    form.at("/httpRequest/body/count").fill("3")
    form.page.locator(".head .chip").click()
    shown = form.problem("/httpRequest/body/count")
    expect(shown).to_contain_text("required where 'name' is given; found 'cuont' instead")


def test_a_secret_is_pointed_out_before_it_is_saved(form: DesignerPage) -> None:
    """Beside a secret that was typed in stands that a credential is the place for it; an expression
    is no secret. What stands under a secret's name is masked on the screen, too.
    """
    secrets = [
        ("headers", "X-Api-Key", "a-key-typed"),
        ("query", "q", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("cookies", "sid", "1f-mine"),
    ]
    form.add_task("Own request")
    for group, name, value in secrets:
        form.entry(group, name, value)
        warning = form.problem(f"/httpRequest/{group}/{name}")
        expect(warning).to_contain_text("looks like a secret")
        expect(warning).to_contain_text("“Credential”")
    expect(form.at("/httpRequest/headers/X-Api-Key")).to_have_attribute("type", "password")
    assert form.violations() == []
    stored, request = form.stored(), copied(form)["httpRequest"]
    for group, name, value in secrets:
        assert value not in stored
        assert request[group] == {name: "•••"}
        form.named("button", f"fx for {name}").click()
        form.at(f"/httpRequest/{group}/{name}").fill("$.given")
        expect(form.problem(f"/httpRequest/{group}/{name}")).to_have_count(0)
    expect(form.page.locator(".problem", has_text="looks like a secret")).to_have_count(0)


# How the task is run


def test_everything_a_task_says_of_how_it_is_run_can_be_set(form: DesignerPage) -> None:
    """Each setting of the HTTP task's own schema has a field, by a title that people know and with
    its default.
    """
    schema = json.loads((ROOT / "schemas" / "http-task.schema.json").read_text(encoding="utf-8"))
    elsewhere = {
        "type",
        "description",
        "endpoint",
        "inputParameters",
        "credentials",
        "httpRequest",
        "nextTask",
        "end",
        "onError",
    }
    settings = schema["properties"].keys() - elsewhere
    assert {
        "successCondition",
        "checkResponse",
        "responseBody",
        "retry",
        "readTimeoutSeconds",
    } <= settings
    titles = [schema["properties"][name]["title"] for name in settings]
    assert {"Read timeout", "Total timeout", "Connection timeout"} <= set(titles)
    form.add(*titles)
    for name in settings:
        expect(form.at(f"/{name}")).to_be_visible()
    expect(form.at("/readTimeoutSeconds")).to_have_attribute("placeholder", "default: 10")
    form.at("/readTimeoutSeconds").fill("20")
    form.at("/successCondition").fill("jsonata: statusCode = 200")
    form.at("/checkResponse").select_option(label="fail")
    form.at("/responseBody").select_option(label="file")
    form.at("/rateLimit/requests").fill("5")
    form.at("/pagination/mode").select_option(label="link")
    form.at("/completion/mode").select_option(label="callback")
    form.add("Until")
    form.at("/retry/until").fill("jsonata: body.done")
    form.named("button", "Copy JSON").click()
    form.status("copied")
    copied = json.loads(form.copied())
    assert {name: copied[name] for name in settings & copied.keys()} == {
        "readTimeoutSeconds": 20,
        "successCondition": "jsonata: statusCode = 200",
        "checkResponse": "fail",
        "responseBody": "file",
        "rateLimit": {"requests": 5},
        "pagination": {"mode": "link"},
        "forEach": {},
        "completion": {"mode": "callback"},
        "retry": {"until": "jsonata: body.done"},
    }
    form.load()
    expect(form.at("/successCondition")).to_have_value("jsonata: statusCode = 200")
    assert form.violations() == []


# Servers


def test_server_and_credential_are_chosen(
    form: DesignerPage, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The documented servers are offered, with the values their variables may have, and any other
    address can be typed. Of the credentials, what the stores list is offered by name and kind; the
    request carries the value, the page only the name.
    """
    picker = form.page.get_by_label("Server", exact=True)
    expect(picker.locator("option")).to_have_count(4)
    assert picker.locator("option").all_inner_texts() == [
        f"{server.url} (here)",
        "https://eu.example",
        "https://us.example",
        "another address …",
    ]
    picker.select_option(label="another address …")
    form.at("/httpRequest/url").fill(server.url)
    value = "a-value-nobody-sees"
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_THING_KEY", json.dumps({"type": "bearer", "token": value})
    )
    credentials = form.at("/credentials")
    credentials.focus()
    offered = form.page.locator('[id="f-/credentials-list"] option[value="thing-key"]')
    expect(offered).to_have_text("bearer, •••")
    credentials.fill("thing-key")
    sent(form, server)
    assert server.received[-1].startswith(b"POST /kinds ")
    assert f"Authorization: Bearer {value}".encode() in server.received[-1]
    form.named("tab", "Request sent").click()
    expect(form.page.locator("pre")).to_contain_text("Authorization: Bearer •••")
    assert value not in form.text() + form.stored()
    assert copied(form)["credentials"] == "thing-key"
