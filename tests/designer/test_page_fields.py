"""The designer's form: what each kind of field lets a person say, judged by the bytes that reach a
server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

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
    with running_designer(
        folder, endpoints=[kinds(server.url), upload(server.url), defaults(server.url)]
    ) as running:
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
    form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    return body(server)


# 1 and 2: nothing is sent that nobody set


def test_only_what_was_set_is_sent(form: DesignerPage, server: RawServer) -> None:
    """Required fields are there, optional ones are buttons; what was not set is not sent, what was
    added and left empty neither.
    """
    expect(form.at("/httpRequest/body/name")).to_be_visible()
    expect(form.at("/httpRequest/body/nickname")).to_have_count(0)
    form.add("nickname", "count", "flag", "size", "country")
    assert sent(form, server) == {"name": "thing"}
    assert b"verbose" not in server.received[-1]


def test_nothing_is_invented(form: DesignerPage) -> None:
    """A documented default is shown and not put in for an optional field; an enum starts with no
    choice, a number with no 0.
    """
    form.add("size", "count", "flag", "address", "limit")
    expect(form.at("/httpRequest/body/address/limit")).to_have_value("")
    expect(form.at("/httpRequest/body/address/limit")).to_have_attribute(
        "placeholder", "default: 20"
    )
    expect(form.at("/httpRequest/body/size")).to_have_value("")
    expect(form.at("/httpRequest/body/count")).to_have_value("")
    expect(form.page.get_by_role("radio", name="not set")).to_be_checked()


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


def test_an_optional_field_comes_and_goes_by_keyboard(form: DesignerPage) -> None:
    """Its line opens it with the keyboard in it; Backspace in it, once it is empty, takes it away
    again, to its line; the switch to an expression comes after the control. Backspace in a required
    field takes nothing away, not what it stands in either.
    """
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
    street = form.at("/httpRequest/body/address/street")
    street.press("Backspace")
    form.page.keyboard.type("A")
    expect(street).to_have_value("A")


def test_many_optional_fields_are_filtered(form: DesignerPage) -> None:
    """What they are is on their lines, the documented default too; none of them is a field yet."""
    names = form.named("region", "Body").locator("button.option .name")
    everything = names.count()
    form.page.get_by_label("Filter the optional fields").first.fill("NUM")
    expect(names).to_have_text(["numbers"])
    form.page.get_by_label("Filter the optional fields").first.fill("")
    expect(names).to_have_count(everything)
    form.add("address")
    expect(form.option("limit")).to_contain_text("default: 20")


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


def checks(form: DesignerPage) -> None:
    form.add("colours")
    for name in ("blue", "red"):
        form.page.get_by_label(name, exact=True).check()


def fill(name: str, value: str) -> Callable[[DesignerPage], None]:
    def act(form: DesignerPage) -> None:
        form.add(name)
        form.at(f"/httpRequest/body/{name}").fill(value)

    return act


def choose(name: str, value: str) -> Callable[[DesignerPage], None]:
    def act(form: DesignerPage) -> None:
        form.add(name)
        form.at(f"/httpRequest/body/{name}").select_option(label=value)

    return act


def untyped(value: str, kind: str = "") -> Callable[[DesignerPage], None]:
    def act(form: DesignerPage) -> None:
        form.add("untyped")
        form.at("/httpRequest/body/untyped").fill(value)
        if kind:
            form.page.get_by_label("Type of untyped").select_option(label=kind)

    return act


def flag(form: DesignerPage) -> None:
    form.add("flag")
    form.page.get_by_role("radio", name="false").check()


def empty_text(form: DesignerPage) -> None:
    form.add("nickname")
    form.named("button", "“” for nickname").click()


def null(form: DesignerPage) -> None:
    form.add("parent")
    form.named("button", "null for parent").click()


def const(form: DesignerPage) -> None:
    nested(form)
    form.add("version")


def labelled(form: DesignerPage) -> None:
    nested(form)
    form.add("grade")
    form.at("/httpRequest/body/address/grade").select_option(label="2: Worst")


def items(form: DesignerPage) -> None:
    form.add("tags")
    form.named("button", "rows for tags").click()
    for index, value in enumerate(("one", "two", "three")):
        form.named("button", "Add item to tags").click()
        place = form.at(f"/httpRequest/body/tags/{index}")
        expect(place).to_be_focused()
        place.fill(value)
    form.named("button", "Remove tags 2").click()
    expect(form.at("/httpRequest/body/tags/1")).to_be_focused()


def pasted(name: str, text: str) -> Callable[[DesignerPage], None]:
    def act(form: DesignerPage) -> None:
        form.add(name)
        form.named("button", f"rows for {name}").click()
        form.named("button", f"Paste a list into {name}").click()
        form.page.get_by_label(f"A list for {name}").fill(text)
        form.named("button", "values", exact=False).click()

    return act


def tokens(form: DesignerPage) -> None:
    """Type, Enter, and paste; Backspace takes the last away, and then the field."""
    keyboard = form.page.keyboard
    form.add("numbers")
    place = form.at("/httpRequest/body/numbers")
    expect(place).to_be_focused()
    form.page.evaluate("navigator.clipboard.writeText('3, 4\\t5')")
    keyboard.type("1")
    keyboard.press("Enter")
    keyboard.press("Control+v")
    keyboard.type("6")
    keyboard.press("Enter")
    tokens = form.page.locator(".token")
    expect(tokens).to_have_text(["1", "3", "4", "5", "6"])
    keyboard.press("Backspace")
    form.named("button", "Remove 4 from numbers").click()
    expect(place).to_be_focused()
    assert form.violations() == []
    form.add("tags")
    keyboard.press("Backspace")
    expect(form.option("tags")).to_be_focused()
    form.add("ids")
    for text in ("881", "one, two", "${$.x}"):
        keyboard.type(text)
        keyboard.press("Enter")
    form.named("button", "Remove ${$.x} from ids").click()
    form.page.get_by_label("Type of the items of ids").select_option(label="text")
    keyboard.press("Tab")
    form.at("/httpRequest/body/ids").focus()
    keyboard.type("7")  # what is being typed is sent, too


def empty_list(form: DesignerPage) -> None:
    form.add("tags")


def nested(form: DesignerPage) -> None:
    form.add("address")
    form.at("/httpRequest/body/address/street").fill("High Street")


def entries(form: DesignerPage) -> None:
    form.add("labels")
    group = form.at("/httpRequest/body/labels")
    group.get_by_role("button", name="Add field", exact=True).click()
    group.get_by_role("combobox", name="Name", exact=True).fill("a/b")
    form.at("/httpRequest/body/labels/a~1b").fill("3")


def option(form: DesignerPage) -> None:
    form.add("contact")
    which = form.page.get_by_label("Which form of contact")
    which.select_option(label="By mail")
    form.at("/httpRequest/body/contact/email").fill("a@b.example")
    which.select_option(label="By phone")
    form.at("/httpRequest/body/contact/phone").fill("123")


def scalars(text: str, kind: str = "") -> Callable[[DesignerPage], None]:
    def act(form: DesignerPage) -> None:
        form.add("margin")
        form.at("/httpRequest/body/margin").fill(text)
        if kind:
            form.page.get_by_label("Type of margin").select_option(label=kind)

    return act


def discriminator(form: DesignerPage) -> None:
    form.add("pet")
    form.page.get_by_label("Which form of pet").select_option(label="Dog: A dog")
    form.at("/httpRequest/body/pet/dog").fill("Rex")


def dates(form: DesignerPage) -> None:
    """The calendar writes RFC 3339, and keeps the time zone that is there."""
    form.add("born", "seen")
    expect(form.named("button", "Pick a date for born")).to_be_visible()
    form.page.get_by_label("Calendar of born").fill("2026-01-31")
    form.at("/httpRequest/body/seen").fill("2026-01-31T08:30:00.5+02:00")
    form.page.get_by_label("Calendar of seen").fill("2026-03-01T09:15:20")


def recursion(form: DesignerPage) -> None:
    form.add("tree")
    place = "/httpRequest/body/tree"
    for _ in range(3):
        form.option("children").click()
        expect(form.at(f"{place}/children")).to_be_visible()
        stub = form.page.get_by_role("button", name="Fill in", exact=False)
        if stub.count():
            stub.last.click()
        form.at(f"{place}/children").get_by_role("button", name="Add item to children").last.click()
        place += "/children/0"
        expect(form.at(place)).to_be_visible()
        stub = form.page.get_by_role("button", name="Fill in", exact=False)
        if stub.count():
            stub.last.click()
    form.at(place).locator("button.option", has_text="title").first.click()
    form.at(f"{place}/title").fill("deep")


def file(form: DesignerPage) -> None:
    form.add("attachment")
    form.at("/httpRequest/body/attachment").set_input_files(
        {"name": "a.bin", "mimeType": "application/pdf", "buffer": b"\x00\xff%PDF"}
    )
    expect(form.page.locator(".file-name")).to_have_text("a.bin, 6 B")


def untyped_list(form: DesignerPage) -> None:
    form.add("ids")
    form.named("button", "rows for ids").click()
    form.named("button", "Add item to ids").click()
    form.at("/httpRequest/body/ids/0").fill("881")
    form.named("button", "Add item to ids").click()
    form.at("/httpRequest/body/ids/1").fill("881")
    form.page.get_by_label("Type of ids 2").select_option(label="text")


def untyped_object(form: DesignerPage) -> None:
    form.add("untyped")
    form.page.get_by_label("Type of untyped").select_option(label="object")
    group = form.at("/httpRequest/body/untyped")
    group.get_by_role("button", name="Add field", exact=True).click()
    group.get_by_role("combobox", name="Name", exact=True).fill("deep")
    form.at("/httpRequest/body/untyped/deep").fill("true")


def back_to_text(form: DesignerPage) -> None:
    untyped('{"ratio": 1.50}', "JSON")(form)
    form.named("button", "Send it as text").click()


def object_to_text(form: DesignerPage) -> None:
    untyped_object(form)
    form.page.get_by_label("Type of untyped").select_option(label="text")


DEEP = {"children": [{"children": [{"children": [{"title": "deep"}]}]}]}


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        pytest.param(fill("nickname", "Bob"), {"nickname": "Bob"}, id="text"),
        pytest.param(
            fill("nickname", "costs ${5} $${x} $$"),
            {"nickname": "costs ${5} $${x} $$"},
            id="text-like-an-expression",
        ),
        pytest.param(
            fill("nickname", "jsonata: x"),
            {"nickname": "jsonata: x"},
            id="text-like-a-jsonata-expression",
        ),
        pytest.param(empty_text, {"nickname": ""}, id="empty-text-that-is-meant"),
        pytest.param(fill("count", "7"), {"count": 7}, id="integer"),
        pytest.param(
            fill("count", "12345678901234567890"),
            {"count": 12345678901234567890},
            id="integer-over-2-to-the-53rd",
        ),
        pytest.param(fill("ratio", "-0.25"), {"ratio": -0.25}, id="number"),
        pytest.param(flag, {"flag": False}, id="false-is-not-unset"),
        pytest.param(choose("size", "large"), {"size": "large"}, id="enum"),
        pytest.param(
            labelled, {"address": {"street": "High Street", "grade": 2}}, id="enum-with-labels"
        ),
        pytest.param(fill("country", "country 42"), {"country": "country 42"}, id="long-enum"),
        pytest.param(const, {"address": {"street": "High Street", "version": "v2"}}, id="const"),
        pytest.param(null, {"parent": None}, id="null"),
        pytest.param(items, {"tags": ["one", "three"]}, id="list-with-focus"),
        pytest.param(
            pasted("tags", "a\nb, c\n\nd"), {"tags": ["a", "b, c", "d"]}, id="pasted-lines"
        ),
        pytest.param(pasted("numbers", "1, 2,3"), {"numbers": [1, 2, 3]}, id="pasted-numbers"),
        pytest.param(pasted("numbers", "[4, 5]"), {"numbers": [4, 5]}, id="pasted-json"),
        pytest.param(
            tokens, {"numbers": [1, 3, 5], "ids": ["881", "one, two", "7"]}, id="list-as-tokens"
        ),
        pytest.param(empty_list, {"tags": []}, id="empty-list-that-is-meant"),
        pytest.param(checks, {"colours": ["red", "blue"]}, id="checkboxes"),
        pytest.param(nested, {"address": {"street": "High Street"}}, id="object"),
        pytest.param(entries, {"labels": {"a/b": 3}}, id="map"),
        pytest.param(option, {"contact": {"phone": "123"}}, id="union"),
        pytest.param(scalars("5"), {"margin": 5}, id="scalar-union-number"),
        pytest.param(scalars("5", "text"), {"margin": "5"}, id="scalar-union-number-as-text"),
        pytest.param(scalars("auto"), {"margin": "auto"}, id="scalar-union-text"),
        pytest.param(discriminator, {"pet": {"kind": "Dog", "dog": "Rex"}}, id="discriminator"),
        pytest.param(
            dates, {"born": "2026-01-31", "seen": "2026-03-01T09:15:20+02:00"}, id="dates"
        ),
        pytest.param(recursion, {"tree": DEEP}, id="recursion"),
        pytest.param(file, {"attachment": base64.b64encode(b"\x00\xff%PDF").decode()}, id="file"),
        pytest.param(untyped("881"), {"untyped": 881}, id="untyped-guessed-number"),
        pytest.param(untyped("881", "text"), {"untyped": "881"}, id="untyped-as-text"),
        pytest.param(untyped("true"), {"untyped": True}, id="untyped-guessed-boolean"),
        pytest.param(untyped("0881"), {"untyped": "0881"}, id="untyped-no-json-number"),
        pytest.param(untyped("x", "null"), {"untyped": None}, id="untyped-null"),
        pytest.param(
            untyped('{"replicas": 3, "on": [true]}'),
            {"untyped": {"replicas": 3, "on": [True]}},
            id="untyped-json",
        ),
        pytest.param(untyped(" [1, {}]\n"), {"untyped": [1, {}]}, id="untyped-json-list"),
        pytest.param(
            untyped('{"id": 12345678901234567890}'),
            {"untyped": {"id": 12345678901234567890}},
            id="untyped-digits",
        ),
        pytest.param(
            untyped('{"replicas": 3}', "JSON"),
            {"untyped": {"replicas": 3}},
            id="json-is-not-quoted-again",
        ),
        pytest.param(
            untyped('{"replicas": 3}', "object"),
            {"untyped": {"replicas": 3}},
            id="json-as-an-object",
        ),
        pytest.param(
            untyped('{"replicas": 3}', "text"), {"untyped": '{"replicas": 3}'}, id="json-as-text"
        ),
        pytest.param(untyped("{not json}"), {"untyped": "{not json}"}, id="untyped-no-json"),
        pytest.param(untyped("hello", "JSON"), {"untyped": "hello"}, id="text-as-json"),
        pytest.param(back_to_text, {"untyped": '{"ratio": 1.50}'}, id="json-back-to-text"),
        pytest.param(object_to_text, {"untyped": '{\n  "deep": true\n}'}, id="object-back-to-text"),
        pytest.param(untyped_list, {"ids": [881, "881"]}, id="untyped-list"),
        pytest.param(untyped_object, {"untyped": {"deep": True}}, id="untyped-object"),
    ],
)
def test_what_is_filled_in_arrives(
    form: DesignerPage,
    server: RawServer,
    act: Callable[[DesignerPage], None],
    expected: dict[str, Any],
) -> None:
    """What a person fills in is what the server gets, with its type, and nothing else; it is there
    again after a reload.
    """
    act(form)
    assert sent(form, server) == {"name": "thing"} | expected
    form.load()
    expect(form.page.locator("#test")).to_be_visible()
    assert sent(form, server) == {"name": "thing"} | expected


def test_body_that_may_be_left_out(form: DesignerPage, server: RawServer) -> None:
    """Its fields are there without a click; untouched it is not sent, and what was put in can be
    taken out as a whole.
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
    form.named("button", "fx for the body").click()
    form.at("/httpRequest/body").fill("$.payload")
    form.named("button", "Copy JSON").click()
    form.status("copied")
    assert json.loads(form.copied())["httpRequest"]["body"] == "${$.payload}"


def test_file_is_uploaded_and_sent(form: DesignerPage, server: RawServer) -> None:
    """A picked file is sent as it is, a large one too; the settings hold a reference with its name
    and size.
    """
    content = bytes(range(256)) * 20_000
    form.pick("Keep a scan")
    form.at("/httpRequest/body/scan").set_input_files(
        {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    expect(form.page.locator(".file-name")).to_have_text("plan.pdf, 5.1 MB")
    form.at("/httpRequest/body/about/title").fill("Plan")
    form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    assert content in server.received[-1]
    assert b'filename="plan.pdf"' in server.received[-1]
    form.named("button", "Copy JSON").click()
    form.status("copied")
    reference = json.loads(form.copied())["httpRequest"]["body"]["scan"]["$file"]
    assert (reference["name"], reference["size"]) == ("plan.pdf", len(content))
    assert len(form.copied()) < 2_000


def test_json_is_said_to_be_json_and_one_click_makes_it_text(
    form: DesignerPage, server: RawServer
) -> None:
    """What text is taken for is seen beside it, and can be changed there and back."""
    untyped('{"ratio": 1.50}')(form)
    expect(form.page.locator(".under", has_text="Sent as JSON: an object.")).to_be_visible()
    expect(form.page.get_by_label("Type of untyped").locator("option").first).to_have_text(
        "as JSON"
    )
    form.named("button", "Send it as text").click()
    assert sent(form, server)["untyped"] == '{"ratio": 1.50}'
    assert form.violations() == []
    form.named("button", "Send it as JSON").click()
    assert sent(form, server)["untyped"] == {"ratio": 1.5}


def test_json_pasted_into_the_body_of_a_free_request(form: DesignerPage, server: RawServer) -> None:
    """A body that is pasted goes out as JSON, to the last digit; in a query the same text stays
    text.
    """
    text = '{"spec": {"replicas": 3, "ratio": 0.1, "id": 12345678901234567890}}'
    form.add_task("Own request")
    form.at("/httpRequest/url").fill(server.url + "/patched")
    form.at("/httpRequest/method").fill("PATCH")
    form.at("/httpRequest/body").fill("replicas: 3")
    sent_as = form.page.locator("#sent-as")
    expect(sent_as).to_have_text("sent as text/plain; charset=utf-8")
    form.at("/httpRequest/body").fill(text)
    expect(sent_as).to_have_text("sent as application/json")
    form.entry("query", "filter", '{"a":1}')
    form.send()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    head, _, received = server.received[-1].partition(b"\r\n\r\n")
    assert head.startswith(b"PATCH /patched?filter=%7B%22a%22%3A1%7D ")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(received, parse_float=str) == json.loads(text, parse_float=str)


def test_any_token_is_a_method(form: DesignerPage, server: RawServer) -> None:
    """RFC 9110, section 9.1: the known ones are offered, another is sent as it is, what is none is
    said to be none.
    """
    form.add_task("Own request")
    form.at("/httpRequest/url").fill(server.url + "/dav")
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
    assert server.received[-1].startswith(b"PROPFIND /dav ")


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


def test_raw_json_is_offered_and_told_when_broken(form: DesignerPage, server: RawServer) -> None:
    """An untyped field takes JSON as text, and says what is wrong with it while it is typed."""
    form.add("untyped")
    form.page.get_by_label("Type of untyped").select_option(label="JSON")
    form.at("/httpRequest/body/untyped").fill('{"a": [1,')
    expect(form.page.locator(".problem", has_text="Line 1, column 10")).to_be_visible()
    form.at("/httpRequest/body/untyped").fill('{"a": [1, null]}')
    assert sent(form, server)["untyped"] == {"a": [1, None]}


# 6 and 7: expressions


@pytest.mark.parametrize(
    ("add", "name", "pointer"),
    [
        pytest.param(["nickname"], "nickname", "/nickname", id="field"),
        pytest.param(["address"], "street", "/address/street", id="nested-field"),
        pytest.param(["address"], "address", "/address", id="whole-object"),
        pytest.param(["flag"], "flag", "/flag", id="boolean"),
        pytest.param(["colours"], "colours", "/colours", id="checkboxes"),
    ],
)
def test_expression_everywhere_with_a_sample(
    form: DesignerPage, server: RawServer, add: list[str], name: str, pointer: str
) -> None:
    """Every field can be an expression; a sample beside it stands for it in the test, and in the
    test only.
    """
    form.add(*add)
    form.named("button", f"fx for {name}").click()
    place = form.at(f"/httpRequest/body{pointer}")
    expect(place).to_be_visible()
    place.fill("$.given")
    form.page.get_by_label(f"Sample value of {name}, for tests only").fill("[1]")
    form.send()
    anyway = form.named("button", "Send anyway")
    expect(anyway.or_(form.page.locator(".response .status")).first).to_be_visible()
    if anyway.is_visible():
        anyway.click()
    form.status("200 OK")
    form.named("button", "Copy JSON").click()
    form.status("copied")
    copied = json.loads(form.copied())
    value: Any = copied["httpRequest"]["body"]
    for part in pointer.split("/")[1:]:
        value = value[part]
    assert value == "${$.given}"
    assert "[1]" not in form.copied()


def test_sample_is_what_the_server_gets(form: DesignerPage, server: RawServer) -> None:
    """A sample has the type its field asks for."""
    form.add("count")
    form.named("button", "fx for count").click()
    form.at("/httpRequest/body/count").fill("$.given")
    form.page.get_by_label("Sample value of count, for tests only").fill("12")
    assert sent(form, server) == {"name": "thing", "count": 12}


def test_item_can_be_an_expression(form: DesignerPage, server: RawServer) -> None:
    """An item of a list has its own toggle."""
    form.add("tags")
    form.named("button", "rows for tags").click()
    form.named("button", "Add item to tags").click()
    form.named("button", "fx for tags 1").click()
    form.at("/httpRequest/body/tags/0").fill("$.given")
    form.page.get_by_label("Sample value of tags 1, for tests only").fill("x")
    assert sent(form, server)["tags"] == ["x"]


def test_toggling_keeps_both_values(form: DesignerPage) -> None:
    """Switching between a value and an expression loses neither."""
    toggle = form.named("button", "fx for name")
    toggle.click()
    form.at("/httpRequest/body/name").fill("$.called")
    toggle.click()
    expect(form.at("/httpRequest/body/name")).to_have_value("thing")
    toggle.click()
    expect(form.at("/httpRequest/body/name")).to_have_value("$.called")


def test_expression_is_evaluated_over_a_sample_input(form: DesignerPage, server: RawServer) -> None:
    """With a sample input the expressions are really evaluated."""
    form.add("Input parameters")
    form.entry("inputParameters", "called")
    form.named("button", "fx for called").click()
    form.at("/inputParameters/called").fill("$.input.rfi.subject")
    form.page.get_by_label("Sample input").fill('{"rfi": {"subject": "Slab"}}')
    form.named("button", "fx for name").click()
    form.at("/httpRequest/body/name").fill("About ${$.called}")
    assert sent(form, server)["name"] == "About Slab"


# 8: problems


def test_problems_stand_beside_their_fields(form: DesignerPage, server: RawServer) -> None:
    """A wrong value is counted in the header, said beside its field, tied to it, and focused;
    nothing is sent until asked to.
    """
    before = len(server.received)
    form.add("count", "address")
    form.at("/httpRequest/body/count").fill("many")
    form.send()
    assert len(server.received) == before
    expect(form.page.locator(".head .chip")).to_have_text("2 problems")
    place = form.at("/httpRequest/body/count")
    expect(form.problem("/httpRequest/body/count")).to_be_visible()
    assert "f-/httpRequest/body/count-problem-0" in (place.get_attribute("aria-describedby") or "")
    expect(place).to_be_focused()
    expect(form.problem("/httpRequest/body/address/street")).to_contain_text(
        "required: expected a string"
    )
    expect(form.problem("/httpRequest/body/address/street")).not_to_contain_text("'street'")
    form.named("button", "Send anyway").click()
    expect(form.page.locator(".response .status")).to_have_text("200 OK")
    assert body(server)["count"] == "many"
    place.fill("3")
    form.at("/httpRequest/body/address/street").fill("x")
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


def test_problems_wait_until_somebody_was_there(running: RunningDesigner, browser: Browser) -> None:
    """A form that was just opened does not shout: what is still to fill in is only counted."""
    with designer_page(browser, running.url) as page:
        page.pick("Say anything")
        expect(page.page.locator(".head .chip")).to_have_text("1 problem")
        expect(page.page.locator(".problem")).to_have_count(0)
        page.page.locator(".head .chip").click()
        expect(page.problem("/httpRequest/body/name")).to_be_visible()
        expect(page.at("/httpRequest/body/name")).to_be_focused()


def test_a_problem_goes_when_its_field_changes(form: DesignerPage) -> None:
    """What was said of a field is taken back with the first letter typed, whatever keeps the server
    from checking it again.
    """
    form.add("count")
    place = form.at("/httpRequest/body/count")
    place.fill("many")
    form.page.locator(".head .chip").click()
    expect(form.problem("/httpRequest/body/count")).to_be_visible()
    with form.held_back("**/validate"):
        place.fill("3")
        expect(form.problem("/httpRequest/body/count")).to_have_count(0)
    place.fill("few")
    expect(form.problem("/httpRequest/body/count")).to_be_visible()


def test_a_secret_of_a_name_of_ones_own_is_masked(form: DesignerPage) -> None:
    """What stands under a name that somebody typed is masked on the screen, too, when that is a
    secret's name.
    """
    form.entry("headers", "Authorization")
    expect(form.at("/httpRequest/headers/Authorization")).to_have_attribute("type", "password")


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("headers", "X-Api-Key", "a-key-typed"),
        ("query", "q", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("cookies", "sid", "1f-mine"),
    ],
)
def test_a_secret_is_pointed_out_before_it_is_saved(
    form: DesignerPage, group: str, name: str, value: str
) -> None:
    """Beside a secret that was typed in stands that a credential is the place for it; an expression
    is no secret.
    """
    form.add_task("Own request")
    form.entry(group, name, value)
    warning = form.problem(f"/httpRequest/{group}/{name}")
    expect(warning).to_contain_text("looks like a secret")
    expect(warning).to_contain_text("“Credential”")
    assert form.violations() == []
    assert value not in form.stored()
    form.named("button", "Copy JSON").click()
    form.status("copied")
    assert json.loads(form.copied())["httpRequest"][group] == {name: "•••"}
    form.named("button", f"fx for {name}").click()
    form.at(f"/httpRequest/{group}/{name}").fill("$.given")
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


def test_server_can_be_chosen_or_typed(form: DesignerPage, server: RawServer) -> None:
    """The documented servers are offered, with the values their variables may have, and any other
    address can be typed.
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
    sent(form, server)
    assert server.received[-1].startswith(b"POST /kinds ")


def test_credential_is_picked_by_name(
    form: DesignerPage, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the stores list is offered by name and kind; the request carries the value, the page
    only the name.
    """
    value = "a-value-nobody-sees"
    monkeypatch.setenv(
        "HTTPTASK_CREDENTIAL_THING_KEY", json.dumps({"type": "bearer", "token": value})
    )
    picker = form.at("/credentials")
    picker.focus()
    offered = form.page.locator('[id="f-/credentials-list"] option[value="thing-key"]')
    expect(offered).to_have_text("bearer, •••")
    picker.fill("thing-key")
    sent(form, server)
    assert f"Authorization: Bearer {value}".encode() in server.received[-1]
    form.named("tab", "Request sent").click()
    expect(form.page.locator("pre")).to_contain_text("Authorization: Bearer •••")
    assert value not in form.text() + form.stored()
    form.named("button", "Copy JSON").click()
    form.status("copied")
    assert json.loads(form.copied())["credentials"] == "thing-key"


def test_typing_an_address_is_not_disturbed(form: DesignerPage, server: RawServer) -> None:
    """Whoever types an address with pauses, in which it is checked, goes on where the last letter
    was.
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
    form.send()
    assert server.received[-1].startswith(b"GET /typed ")


# 3, 15: labels


def test_every_control_has_an_id_of_its_own(form: DesignerPage) -> None:
    """No id stands twice, so every label points at its own control."""
    form.add("contact", "untyped", "tags", "address")
    form.page.get_by_label("Which form of contact").select_option(label="By mail")
    form.page.get_by_label("Type of untyped").select_option(label="list")
    ids = form.page.locator("[id]").evaluate_all("(all) => all.map((each) => each.id)")
    assert len(ids) == len(set(ids))
