"""From evaluated settings to the request: each value where it belongs, encoded as it has to be."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from email import message_from_bytes
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httptask.building import build
from httptask.errors import Problem, SettingsError
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody
from httptask.model.exchange import OutgoingRequest


def made(url: str = "https://h/a", **request: Any) -> OutgoingRequest:
    return build({"url": url, **request})


def refused(url: str = "https://h/a", **request: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        made(url, **request)
    (problem,) = caught.value.problems
    return problem.pointer


text = st.text(st.characters(blacklist_categories=("Cs",)))


@given(text.filter(lambda value: value and not re.search(r"(^|[/\\])\.\.?(\Z|[/\\;])", value)))
def test_a_path_value_comes_back_as_it_was_and_stays_one_segment(value: str) -> None:
    """Whatever a path value holds, the standard library decodes the same value from the same single
    segment.
    """
    url = made("https://h/a/{id}/b", pathParameters={"id": value}).url
    assert url.isascii()
    _, a, segment, b = urlsplit(url).path.split("/")
    assert (a, unquote(segment), b) == ("a", value, "b")


@given(st.dictionaries(text.filter(bool), text, max_size=5))
def test_query_values_come_back_as_they_were(query: dict[str, str]) -> None:
    """Whatever names and values hold, the standard library's parser finds the same pairs."""
    url = made(query=query).url
    assert (
        dict(parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=bool(query)))
        == query
    )


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_path_value_cannot_climb_or_vanish(value: str) -> None:
    """Empty, `.` and `..` would change which resource is meant: refused, with the place."""
    assert refused("https://h/a/{id}/b", pathParameters={"id": value}) in (
        "/pathParameters/id",
        "/url",
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (5, "v=5"),
        (5.5, "v=5.5"),
        (2**70, f"v={2**70}"),
        (True, "v=true"),
        ("a b&c=d/é", "v=a%20b%26c%3Dd%2F%C3%A9"),
        (["a", 1, True], "v=a&v=1&v=true"),
        ([], ""),
        ({"x": 1, "y": "z w"}, "x=1&y=z%20w"),
        ("", "v="),
    ],
)
def test_query_values_by_openapis_default_style(value: Any, written: str) -> None:
    """Style form, exploded (OpenAPI 3: Style Values); integers stay integers."""
    assert urlsplit(made(query={"v": value}).url).query == written


def test_names_with_brackets_belong_to_the_name() -> None:
    """`filters[trade_id][]` is a name; its values are repeated under it."""
    query = urlsplit(made(query={"filters[trade_id][]": [1, 2]}).url).query
    assert parse_qsl(query) == [("filters[trade_id][]", "1"), ("filters[trade_id][]", "2")]


@pytest.mark.parametrize(
    ("number", "written"),
    [(3.0, "3"), (-0.0, "0"), (1e21, "1" + "0" * 21), (-2e3, "-2000"), (0.5, "0.5")],
)
def test_whole_numbers_are_written_in_full(number: float, written: str) -> None:
    """To an expression 3 and 3.0 are the same: outside JSON a whole number has no fraction and no
    exponent.
    """
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    values = {
        "pathParameters": {"n": number},
        "query": {"n": [number]},
        "headers": {"N": number, **form},
    }
    request = made("https://h/{n}", **values, cookies={"n": number}, body={"n": number})
    assert request.url == f"https://h/{written}?n={written}"
    assert (request.header("N"), request.header("Cookie"), request.body) == (
        written,
        f"n={written}",
        f"n={written}".encode(),
    )
    assert made(body={"n": number}).body == f'{{"n":{json.dumps(number)}}}'.encode()


def test_the_digits_of_a_number_are_kept_in_every_body() -> None:
    """A decimal that a double would change is written digit for digit, alone or in a field."""
    digits = "12345678901234567.89"
    for content_type in (
        "application/json",
        "application/xml",
        "text/plain",
        "application/x-www-form-urlencoded",
    ):
        body: Any = Decimal(digits)
        if content_type != "text/plain":
            body = {"a": body}
        assert digits.encode() in made(body=body, headers={"Content-Type": content_type}).body


def test_a_query_and_a_form_as_pairs() -> None:
    """In the order of the author, a name as often as it stands there; the standard library reads
    the same pairs.
    """
    pairs = [["a", "1"], ["b", 2], ["a", "é &"], ["c", None]]
    read = [("a", "1"), ("b", "2"), ("a", "é &")]
    assert parse_qsl(urlsplit(made(query=pairs).url).query) == read
    form = made(body=pairs, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert parse_qsl(form.body.decode()) == read
    assert json.loads(made(body=pairs).body) == pairs
    assert refused(query=[["a", {"b": [1]}]]) == "/query/0/1"
    assert refused(query=["a"]) == "/query"
    assert (
        refused(body=[["a", {"b": float("nan")}]], headers={"Content-Type": "multipart/form-data"})
        == "/body/0/1"
    )


def test_a_header_that_repeats() -> None:
    """An array is a line for each item; a header that no message has twice is refused (RFC 9110,
    section 5.3).
    """
    request = made(headers={"X-Tag": ["a", 2], "Accept": ["text/csv", "*/*"], "X-None": []})
    assert [pair for pair in request.headers if pair[0] in ("X-Tag", "Accept", "X-None")] == [
        ("X-Tag", "a"),
        ("X-Tag", "2"),
        ("Accept", "text/csv"),
        ("Accept", "*/*"),
    ]
    assert refused(headers={"authorization": ["a", "b"]}) == "/headers/authorization"
    assert refused(headers={"X-Tag": ["a", "b\nc"]}) == "/headers/X-Tag"


@pytest.mark.parametrize(
    ("content_type", "value", "written"),
    [
        ("application/x-www-form-urlencoded; charset=iso-8859-1", {"é": "café"}, b"%E9=caf%E9"),
        ("application/x-www-form-urlencoded; charset=windows-1252", {"a": ["€"]}, b"a=%80"),
        (
            "application/x-www-form-urlencoded",
            [["_charset_", "latin1"], ["a", "é"]],
            b"_charset_=latin1&a=%E9",
        ),
        ("application/json; charset=utf-16", {"a": "é"}, '{"a":"é"}'.encode("utf-16")),
        ("application/json; charset=iso-8859-1", {"a": "é€"}, b'{"a":"\\u00e9\\u20ac"}'),
        ("application/x-ndjson; charset=utf-16", [{"a": "é"}], '{"a":"é"}\n'.encode("utf-16")),
        ("application/jsonl; charset=iso-8859-1", ["é", 1], b'"\xe9"\n1\n'),
        ("text/plain; charset=x-sjis", "漢", "漢".encode("shift_jis")),
        ("text/plain; charset='ISO-8859-15'", "€", b"\xa4"),
        ("application/xml", '<?xml version="1.0" encoding="ISO-8859-15"?><a>€</a>', None),
        ("application/xml; charset=utf-16", "<a>é</a>", "<a>é</a>".encode("utf-16")),
        (
            "application/xml; charset=iso-8859-1",
            {"a": "é"},
            b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<a>\xe9</a>',
        ),
    ],
)
def test_text_is_written_in_the_charset_that_is_named(
    content_type: str, value: Any, written: bytes | None
) -> None:
    """No label is false: header and prolog say what the bytes are."""
    body = made(body=value, headers={"Content-Type": content_type}).body
    assert body == (written if written is not None else value.encode("iso-8859-15"))


@pytest.mark.parametrize(
    ("parameter", "more", "charset"),
    [
        ("; charset=iso-8859-1", {}, "latin1"),
        ('; charset="x-sjis"; boundary=b', {}, "shift_jis"),
        ("", {"_charset_": "windows-1252"}, "cp1252"),
        ("; charset=ISO-8859-1", {"_charset_": "latin1"}, "latin1"),
        ("; charset=utf-8", {}, "utf-8"),
    ],
)
def test_a_multipart_form_is_written_in_its_charset(
    parameter: str, more: dict[str, str], charset: str
) -> None:
    """Of `multipart/form-data` itself, or of `_charset_` (RFC 7578, section 4.6): names and plain
    text; JSON, and what names another charset, stays as it is.
    """
    text = "漢 ﾊﾟ" if charset == "shift_jis" else "é"
    body = {
        **more,
        text: [text],
        "j": {text: 1},
        "f": {"$file": {"content": text, "filename": text}},
    }
    built = made(body=body, headers={"Content-Type": f"multipart/form-data{parameter}"})
    raw = built.body
    assert isinstance(raw, bytes)
    head = f"Content-Type: {built.header('Content-Type')}\r\n\r\n".encode()
    *_, field, data, file = message_from_bytes(head + raw).walk()
    assert f'name="{text}"\r\n'.encode(charset) in raw
    assert f'filename="{text}"\r\n'.encode(charset) in raw
    assert field.get_payload(decode=True) == text.encode(charset)
    assert json.loads(data.get_payload(decode=True)) == {text: 1}
    assert file["Content-Type"] == "text/plain; charset=utf-8"
    assert file.get_payload(decode=True) == text.encode()


def test_a_part_that_is_described_as_plain_text_is_in_the_charset_of_its_form() -> None:
    """Unless its own media type names one (RFC 7578, section 4.4)."""
    encoding = {
        "a": {"contentType": "text/plain"},
        "b": {"contentType": "text/plain; charset=utf-8"},
        "c": {"contentType": "text/csv"},
    }
    content = {"multipart/form-data": MediaType({"type": "object"}, encoding)}
    endpoint = Endpoint("i", "POST", "/a", "v", request_body=RequestBody(content))
    request = {
        "url": "https://h/a",
        "method": "POST",
        "headers": {"Content-Type": "multipart/form-data; charset=iso-8859-1; boundary=b"},
        "body": dict.fromkeys("abc", "é"),
    }
    raw = build(request, endpoint).body
    assert isinstance(raw, bytes)
    first, second, third = (part.partition(b"\r\n\r\n")[2] for part in raw.split(b"--b")[1:4])
    assert (first, second, third) == (b"\xe9\r\n", "é\r\n".encode(), "é\r\n".encode())


@pytest.mark.parametrize("items", [[], ["é", {"a": 1}], [["é"]]])
def test_a_list_is_parts_without_names(items: list[Any]) -> None:
    """In `multipart/form-data`, too: such a list has no field `_charset_`."""
    built = made(body=items, headers={"Content-Type": "multipart/form-data; charset=latin1"})
    assert isinstance(built.body, bytes)
    head = f"Content-Type: {built.header('Content-Type')}\r\n\r\n".encode()
    message = message_from_bytes(head + built.body)
    written = [part for part in message.walk() if part is not message and items]
    texts = {"text/plain": lambda raw: raw.decode("latin1"), "application/json": json.loads}
    assert [
        texts[part.get_content_type()](part.get_payload(decode=True)) for part in written
    ] == items


@pytest.mark.parametrize(
    ("content_type", "value"),
    [
        ("text/plain; charset=idna", "a"),
        ("application/json; charset=zlib", {}),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", {"a": "€"}),
        ("application/x-www-form-urlencoded; charset=utf-16", {"a": "b"}),
        ("application/x-www-form-urlencoded; charset=utf-8", {"_charset_": "latin1"}),
        ("application/x-www-form-urlencoded", {"_charset_": "latin1", "a": "€"}),
        ("multipart/form-data; charset=iso-8859-1", {"a": "€"}),
        ("multipart/form-data; charset=iso-8859-1", {"€": "a"}),
        ("multipart/form-data; charset=utf-16", {"a": "b"}),
        ("multipart/form-data; charset=klingon", {"a": "b"}),
        ("multipart/form-data; charset=utf-8", [["_charset_", "iso-8859-1"]]),
        ("multipart/form-data", {"_charset_": "klingon"}),
        ("multipart/form-data; boundary=b; charset=ascii", {"$text": "--b\r\n\r\né\r\n--b--"}),
        ("text/plain; charset=us-ascii", "é"),
        ("application/x-ndjson; charset=iso-8859-1", ["€"]),
        ("application/xml; charset=utf-8", '<?xml version="1.0" encoding="iso-8859-1"?><a/>'),
        ("application/xml", '<?xml version="1.0" encoding="punycode"?><a/>'),
    ],
)
def test_what_the_named_charset_cannot_carry_is_refused(content_type: str, value: Any) -> None:
    """Bytes under a false label would be read as something else."""
    assert refused(body=value, headers={"Content-Type": content_type}).startswith("/body")


_UTF_8_HAS = "; leave the charset out to send UTF-8, which has it"


def test_a_charset_without_a_character_is_named_with_one_that_has_it() -> None:
    """UTF-8 has every character; half of one, which no charset has, is said to be none."""
    for charset, character, hint in (("iso-8859-1", "€", _UTF_8_HAS), ("utf-8", "\ud800", "")):
        with pytest.raises(SettingsError) as caught:
            made(body=character, headers={"Content-Type": f"text/plain; charset={charset}"})
        (problem,) = caught.value.problems
        assert problem.message == f"the charset {charset!r} has no character {character!r}{hint}"


@pytest.mark.parametrize(
    ("code", "params", "pointer", "request_"),
    [
        (
            "unwritable-cookie",
            {"found": "a b;c"},
            "/cookies/c",
            {"cookies": {"c": "a b;c"}},
        ),
        (
            "unwritable-character",
            {"charset": "ascii", "character": "é", "other": "UTF-8"},
            "/body",
            {"body": "é", "headers": {"Content-Type": "text/plain; charset=ascii"}},
        ),
        (
            "unwritable-event-line",
            {"name": "id"},
            "/body/1",
            {
                "body": [{"data": "a"}, {"id": "b\nc"}],
                "headers": {"Content-Type": "text/event-stream"},
            },
        ),
        (
            "unwritable-event",
            {"known": ["event", "id", "retry", "data"]},
            "/body",
            {"body": {"x": 1}, "headers": {"Content-Type": "text/event-stream"}},
        ),
        (
            "unwritable-boundary-of-files",
            {"found": "b"},
            "/body",
            {
                "body": {"f": {"$file": {"path": "a.txt"}}},
                "headers": {"Content-Type": "multipart/form-data; boundary=b"},
            },
        ),
        (
            "unwritable-character",
            {"charset": "ascii", "character": "é", "other": "UTF-8"},
            "/body/a/1",
            {
                "body": {"a": ["b", "é"]},
                "headers": {"Content-Type": "multipart/form-data; charset=ascii"},
            },
        ),
        (
            "unwritable-boundary-missing",
            {"mediaType": "multipart/mixed"},
            "/body",
            {"body": {"$text": "a"}, "headers": {"Content-Type": "multipart/mixed"}},
        ),
        (
            "unwritable-xml-character",
            {"character": "\x00"},
            "/body/a/b",
            {"body": {"a": {"b": "\0"}}, "headers": {"Content-Type": "application/xml"}},
        ),
        (
            "unwritable-file-in-form",
            {"mediaType": "application/x-www-form-urlencoded", "other": "multipart/form-data"},
            "/body/f",
            {
                "body": {"f": {"$file": {"content": "x"}}},
                "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            },
        ),
    ],
)
def test_what_cannot_be_written_has_a_code(
    code: str, params: dict[str, Any], pointer: str, request_: dict[str, Any]
) -> None:
    """A program reads the code and the params; the sentence is made of them."""
    with pytest.raises(SettingsError) as caught:
        made(**request_)
    (problem,) = caught.value.problems
    assert (problem.code, problem.pointer, dict(problem.params)) == (code, pointer, params)
    assert problem.message == Problem.of(code, pointer, **params).message


def test_text_that_is_written_already() -> None:
    """`$text` is sent as it is under every media type; for multipart its boundary has to stand in
    the header.
    """
    for content_type in (
        "application/json",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/yaml",
    ):
        assert (
            made(body={"$text": '{"a": 1.0}'}, headers={"Content-Type": content_type}).body
            == b'{"a": 1.0}'
        )
    multipart = "--x\r\n\r\na\r\n--x--\r\n"
    own = {"Content-Type": "multipart/form-data; boundary=x"}
    assert made(body={"$text": multipart}, headers=own).body == multipart.encode()
    for body in ({"$text": multipart}, multipart):
        for content_type in ("multipart/form-data", "multipart/form-data; boundary=y"):
            assert refused(body=body, headers={"Content-Type": content_type}) == "/body"
    assert refused(body={"$text": 5}) == "/body/$text"
    form = made(
        body={"a": {"$text": "[1.0]"}},
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert parse_qsl(form.body.decode()) == [("a", "[1.0]")]


def test_query_text_of_the_url_is_kept_and_merged() -> None:
    """What stands in the URL stays as it is; the query follows."""
    assert made("https://h/a?x=1&y=%20b", query={"z": 2}).url == "https://h/a?x=1&y=%20b&z=2"


def test_the_endpoint_says_how_a_value_is_written() -> None:
    """style and explode of the described parameter win over the default."""
    parameters = (
        Parameter("ids", "query", explode=False),
        Parameter("X-Ids", "header"),
        Parameter("p", "path"),
    )
    endpoint = Endpoint("i", "GET", "/a/{p}", "v", parameters=parameters)
    request = build(
        {
            "url": "https://h/a/{p}",
            "query": {"ids": [1, 2]},
            "headers": {"X-Ids": [3, 4]},
            "pathParameters": {"p": ["a/b", "c"]},
        },
        endpoint,
    )
    assert request.url == "https://h/a/a%2Fb,c?ids=1,2"
    assert request.header("x-ids") == "3,4"


@pytest.mark.parametrize(
    ("group", "name"),
    [("query", "v"), ("headers", "X"), ("cookies", "c"), ("pathParameters", "id")],
)
def test_a_value_its_style_cannot_carry_is_refused_with_its_place(group: str, name: str) -> None:
    """An object inside an array has no form in these styles: nothing is sent, nothing is lost."""
    assert (
        refused("https://h/{id}", **{"pathParameters": {"id": 1}, group: {name: [{"a": [1]}]}})
        == f"/{group}/{name}"
    )


def test_cookies_are_read_by_the_standard_library_as_they_were_meant() -> None:
    """The Cookie header, RFC 6265; a Cookie header of the author's own is kept."""
    signed = "s%3AkX2.p%2Bq"
    request = made(cookies={"a": 1, "connect.sid": signed}, headers={"Cookie": "own=0"})
    jar = SimpleCookie(request.header("Cookie"))
    assert {name: morsel.value for name, morsel in jar.items()} == {
        "own": "0",
        "a": "1",
        "connect.sid": signed,
    }


OCTETS = "".join(
    map(chr, (0x21, *range(0x23, 0x2C), *range(0x2D, 0x3B), *range(0x3C, 0x5C), *range(0x5D, 0x7F)))
)
"""RFC 6265, section 4.1.1: what a cookie's value may hold."""


@pytest.mark.parametrize("described", [False, True])
def test_a_cookie_is_sent_as_it_is_given_or_refused(described: bool) -> None:
    """Every octet that a cookie may hold is sent as it stands, described or not; every other one is
    refused.
    """
    known = (
        Endpoint("i", "GET", "/a", "v", parameters=(Parameter("c", "cookie"),))
        if described
        else None
    )
    for value in (OCTETS, f'"{OCTETS}"', ""):
        assert (
            build({"url": "https://h/a", "cookies": {"c": value}}, known).header("Cookie")
            == f"c={value}"
        )
    for octet in (*map(chr, range(256)), '"a', "€", "%20;"):
        if octet not in OCTETS:
            with pytest.raises(SettingsError) as caught:
                build({"url": "https://h/a", "cookies": {"c": f"x{octet}y"}}, known)
            assert caught.value.problems[0].pointer == "/cookies/c"


@pytest.mark.parametrize(
    "url", ["https://h/a/%2e%2e/b", "https://h/a/%2E./b", "https://h/a/..\\b", "https://h/.."]
)
def test_a_url_cannot_climb_in_any_spelling(url: str) -> None:
    """Dots that are escaped, or followed by a backslash, climb as well."""
    assert refused(url) == "/url"


def test_the_url_is_what_goes_on_the_wire() -> None:
    """Percent-encoded, escapes kept, the empty path written out: nothing is left for the library to
    change.
    """
    assert made("https://h").url == "https://h/"
    assert made("https://h?x=1").url == "https://h/?x=1"
    assert made('https://h/é"<%41>?q="é"').url == "https://h/%C3%A9%22%3C%41%3E?q=%22%C3%A9%22"


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\0b"])
def test_a_header_cannot_be_split(value: str) -> None:
    """A line break or NUL in a header value never reaches the wire (RFC 9110, section 5.5)."""
    assert refused(headers={"X": value}) == "/headers/X"


def test_json_bodies_stay_exact() -> None:
    """Integers stay integers, big numbers and text stay exact, the media type is JSON's unless the
    author says otherwise.
    """
    value = {"n": 2**70, "f": 0.1, "t": "é\u2028", "none": None, "list": [1, [True]]}
    request = made(method="POST", body=value)
    assert json.loads(request.body) == value
    assert str(2**70).encode() in request.body
    assert "é".encode() in request.body
    assert request.header("content-type") == "application/json"
    merge = made(
        method="PATCH", body={"a": None}, headers={"content-type": "application/merge-patch+json"}
    )
    assert (merge.body, merge.header("Content-Type")) == (
        b'{"a":null}',
        "application/merge-patch+json",
    )


def test_json_null_is_not_a_missing_body_inside_a_list() -> None:
    """Only an absent `body` sends none."""
    assert made(body=[None]).body == b"[null]"
    assert made().body == b""


def test_a_lone_surrogate_is_escaped_not_lost() -> None:
    """A string UTF-8 cannot carry goes out as its JSON escape."""
    assert json.loads(made(body={"s": "\ud800"}).body) == {"s": "\ud800"}
    lines = made(
        body=[{"s": "\ud800"}, "é"], headers={"Content-Type": "application/x-ndjson"}
    ).body.splitlines()
    assert [json.loads(line) for line in lines] == [{"s": "\ud800"}, "é"]


def test_text_and_flat_form_bodies() -> None:
    """A string under a text type is sent as it is; flat fields under the form type are
    form-encoded.
    """
    assert made(
        body="héllo", headers={"Content-Type": "text/plain; charset=latin-1"}
    ).body == "héllo".encode("latin-1")
    form = made(
        body={"a": "x y", "b": 1}, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert parse_qsl(form.body.decode()) == [("a", "x y"), ("b", "1")]
    assert refused(body={"a": 1, "b": 2}, headers={"Content-Type": "application/xml"}) == "/body"
    assert refused(body="é", headers={"Content-Type": "text/plain; charset=ascii"}) == "/body"
    assert refused(body="é", headers={"Content-Type": "text/plain; charset=zlib"}) == "/body"


def test_the_documented_media_type_is_chosen() -> None:
    """Without a Content-Type of the author's the endpoint's own is sent."""
    endpoint = Endpoint(
        "i", "POST", "/a", "v", request_body=RequestBody({"application/vnd.api+json": MediaType()})
    )
    assert (
        build({"url": "https://h/a", "method": "POST", "body": {}}, endpoint).header("content-type")
        == "application/vnd.api+json"
    )


def test_an_absent_method_is_get_and_defaults_can_be_replaced() -> None:
    """GET without a method; User-Agent, Accept and Accept-Encoding have defaults that an author may
    replace.
    """
    request = made(headers={"accept": "text/csv"})
    assert request.method == "GET"
    names = [name for name, _ in request.headers]
    assert names == ["User-Agent", "Accept-Encoding", "accept"]


@pytest.mark.parametrize(
    ("media_type", "items", "written"),
    [
        ("application/jsonl", [{"a": 1}, "é\u2028", [None]], '{"a":1}\n"é\u2028"\n[null]\n'),
        ("application/x-ndjson; charset=utf-8", [1, 2], "1\n2\n"),
        ("application/ndjson", [], ""),
        ("application/jsonl", {"a": 1}, '{"a":1}\n'),
        ("application/jsonl", '{"a": 1}\n', '{"a": 1}\n'),
        ("application/json-seq", [{"a": 1}, 2], '\x1e{"a":1}\n\x1e2\n'),
        (
            "text/event-stream",
            [{"event": "add", "data": "a\nb", "retry": 5}],
            "event: add\ndata: a\ndata: b\nretry: 5\n\n",
        ),
        ("application/jsonl", ["\ud800"], '"\\ud800"\n'),
    ],
)
def test_an_array_is_written_as_a_sequence_of_its_items(
    media_type: str, items: Any, written: str
) -> None:
    """A line for each (JSON lines), a record (RFC 7464), an event (HTML, section 9.2.6); text is
    sent as it is.
    """
    assert (
        made(method="POST", headers={"Content-Type": media_type}, body=items).body
        == written.encode()
    )
    content = {media_type: MediaType({"type": "array"})}
    endpoint = Endpoint("i", "POST", "/a", "v", request_body=RequestBody(content))
    assert (
        build({"url": "https://h/a", "method": "POST", "body": items}, endpoint).body
        == written.encode()
    )


def test_what_is_no_item_of_a_sequence_is_refused() -> None:
    """With the place of the item."""
    for body, place in (
        ([{"data": "a"}, {"other": 1}], "/body/1"),
        ([3], "/body/0"),
        ({"id": "a\nb"}, "/body"),
        (3, "/body"),
    ):
        assert (
            refused(method="POST", headers={"Content-Type": "text/event-stream"}, body=body)
            == place
        )


@pytest.mark.parametrize(
    "name",
    # Defined without the list syntax: RFC 9110, sections 7.2, 8.3, 8.6, 10.1, 11.6, 11.7, 13.1, 14;
    # RFC 6265; RFC 6454.
    [
        *(
            "Authorization",
            "Content-Length",
            "Content-Range",
            "Content-Type",
            "Cookie",
            "Date",
            "From",
            "Host",
        ),
        *(
            "If-Modified-Since",
            "If-Range",
            "If-Unmodified-Since",
            "Max-Forwards",
            "Origin",
            "Proxy-Authorization",
        ),
        *("Range", "Referer", "User-Agent", "Idempotency-Key"),
    ],
)
def test_a_header_that_is_no_list_stands_once(name: str) -> None:
    """A second one would be an error or ignored (RFC 9110, section 5.3): refused with its place."""
    assert refused(headers={name: ["1", "2"]}) == f"/headers/{name}"


@pytest.mark.parametrize("name", ["Accept", "If-Match", "Via", "X-Any"])
def test_a_header_that_is_a_list_may_repeat(name: str) -> None:
    """One line for each item, in their order."""
    assert [value for key, value in made(headers={name: ["1", "2"]}).headers if key == name] == [
        "1",
        "2",
    ]
