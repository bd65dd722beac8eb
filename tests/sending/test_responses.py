"""A response is handed back as it was sent: JSON, text or a file, judged by others than us; a
download costs no memory.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import collections
import contextlib
import encodings.aliases
import gzip
import hashlib
import importlib.util
import itertools
import json
import re
import shutil
import subprocess
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from types import ModuleType
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import servers
from httptask import WorkflowDefinition, errors, hookimpl, run_workflow
from httptask._core import packaged
from httptask._core.redaction import Redactor
from httptask._http import charsets, unpackers
from httptask.model.credential import Credential
from httptask.model.exchange import Exchange
from httptask.model.policy import Limits
from httptask.model.task import Inputs, Reading
from httptask.sending._codings import Decoder
from httptask.sending._hop import Bodies, Received
from httptask.sending._response import outcome, view_of
from httptask.task import HttpTask
from places import DATA, TESTS
from tasks import call, exchange, failure, http, runtime

ENCODING_LABELS = DATA / "cases" / "encoding_labels.json"
BYTES = bytes(range(256))
LARGE = BYTES * 1024
"""Larger than `SMALL.body`, and than what an exchange shows of it."""
SMALL = Limits(body=100_000)
BINARY = ("Content-Type", "application/octet-stream")
TEXT = ("Content-Type", "text/plain; charset=utf-8")
AS_FILE = {"responseBody": "file"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def by_path(answers: Mapping[str, bytes]) -> servers.Handler:
    """Answer each path with bytes of its own, and keep the connection."""

    def handler(peer: servers.Peer) -> bool:
        request = peer.read_request()
        if not request:
            return False
        peer.sendall(answers[request.split(b" ", 2)[1].decode()])
        return True

    return handler


def bodies(sent: Mapping[str, tuple[str, bytes]]) -> dict[str, Any]:
    """Return what a task makes of each (Content-Type, body), by its name."""
    paths = {f"/{number}": name for number, name in enumerate(sent)}
    answers = {
        path: servers.response(sent[name][1], ("Content-Type", sent[name][0]))
        for path, name in paths.items()
    }
    with servers.raw_server(by_path(answers)) as server, runtime() as shared:
        return {
            name: HttpTask(http(server.url + path), runtime=shared).call().body
            for path, name in paths.items()
        }


# ---- What a body is ----------------------------------------------------------------------------


def test_json_is_what_says_it_is_json() -> None:
    """JSON by its registered name, by the suffix (RFC 6839), and by names from before there was
    one; nothing else is parsed.
    """
    text = b'{"a": [1, 2.5, null, "\\u00e9", 12345678901234567890123]}'
    is_json = [
        *(
            "application/json",
            "APPLICATION/JSON ; charset=utf-8",
            "application/x-json",
            "text/json",
            "text/x-json",
        ),
        *(
            "application/problem+json",
            "application/vnd.api+json;profile=x",
            "application/geo+json",
            "image/x+json",
        ),
        *("application/x-amz-json-1.1", "application/json, application/json", '"application/json"'),
        "application/json+oembed",
    ]
    is_text = ["text/plain", "text/jsonx"]
    is_file = [
        "application/json+zip",
        "application/notjson",
        "json",
        "+json",
        "application/+json/x",
    ]
    found = bodies({each: (each, text) for each in [*is_json, *is_text, *is_file]})
    assert {each: found[each] for each in is_json} == dict.fromkeys(is_json, json.loads(text))
    assert {each: found[each] for each in is_text} == dict.fromkeys(is_text, text.decode())
    assert {found[each]["$file"]["sha256"] for each in is_file} == {sha256(text)}
    assert [found[each]["$file"]["mediaType"] for each in is_file[2:]] == [
        "application/octet-stream"
    ] * 3


EVENTS = (
    b': hello\n\nevent: add\ndata: {"a": 1}\nid: 7\n\ndata: one\ndata:two\r\nretry:'
    b" 0100\r\n\r\ndata: [DONE]"
)
SEQUENCES: list[tuple[str, bytes, Any]] = [
    ("application/jsonl", b'{"a": 1}\n{"a": "\xe2\x80\xa8"}\n', [{"a": 1}, {"a": "\u2028"}]),
    ("application/x-ndjson; charset=utf-8", b"1\r\n\r\n[2]", [1, [2]]),
    ("application/x-jsonlines", b"", None),
    ("application/ndjson", b"\n", []),
    ("application/json-seq", b'\x1e{"a":\n 1}\n\x1e2\n', [{"a": 1}, 2]),
    ("application/geo+json-seq", b"\x1enull\n", [None]),
    ("application/json-seq", b"1\n2\n", [1, 2]),
    (
        "text/event-stream",
        EVENTS,
        [
            {"event": "add", "data": '{"a": 1}', "id": "7"},
            {"data": "one\ntwo", "retry": 100},
            {"data": "[DONE]"},
        ],
    ),
]


def test_a_sequence_is_an_array_of_its_items() -> None:
    """JSON lines, JSON text sequences (RFC 7464) and server-sent events (HTML, section 9.2.6), as
    OpenAPI 3.2 has them.
    """
    found = bodies({str(index): (each[0], each[1]) for index, each in enumerate(SEQUENCES)})
    assert list(found.values()) == [expected for _, _, expected in SEQUENCES]


def test_a_sequence_that_is_none_says_at_which_item() -> None:
    """Declared JSON that is not, as for one value; its text is in the result."""
    with servers.raw_server(
        servers.respond(
            servers.response(b'{"a": 1}\n{"a": ', ("Content-Type", "application/jsonl"))
        )
    ) as server:
        error = failure(http(server.url))
    assert isinstance(error, errors.ParseError)
    claim = "the response says it is application/jsonl and is not: item 2: line 1, column 7"
    assert str(error).startswith(claim)


def test_the_start_of_what_is_no_json_is_shown_without_its_mark() -> None:
    """A byte order mark says how the rest is read, and is not shown."""
    body = codecs.BOM_UTF16_LE + "{oops".encode("utf-16-le")
    with servers.raw_server(servers.respond(servers.response(body, servers.JSON))) as server:
        error = failure(http(server.url))
    assert isinstance(error, errors.ParseError)
    assert str(error).endswith("it starts with '{oops'")


def test_text_is_what_is_text_by_its_type() -> None:
    """`text/*`, XML and the like are text; images, archives and what is split in parts are bytes,
    whatever they hold.
    """
    is_text = [
        *("text/plain", "text/html", "text/csv", "application/xml", "application/soap+xml"),
        *(
            "image/svg+xml",
            "application/yaml",
            "application/openapi+yaml",
            "application/javascript",
            "application/jwt",
        ),
        *(
            "application/x-www-form-urlencoded",
            "application/graphql",
            "application/toml",
            "application/csv",
        ),
    ]
    is_file = [
        "image/png",
        "application/pdf",
        "application/zip",
        "multipart/mixed; boundary=x",
        "font/woff2",
        "video/mp4",
    ]
    found = bodies({each: (each, b"abc") for each in [*is_text, *is_file]})
    assert {each: found[each] for each in is_text} == dict.fromkeys(is_text, "abc")
    assert {each: found[each]["$file"]["size"] for each in is_file} == dict.fromkeys(is_file, 3)


def test_without_a_type_a_body_is_looked_at() -> None:
    """Without Content-Type the recipient may look (RFC 9110, section 8.3): valid UTF-8 without NUL
    is text, else bytes.
    """
    answers = {
        "/text": servers.response("é".encode()),
        "/latin": servers.response(b"\xe9"),
        "/nul": servers.response(b"a\0b"),
        "/twice": servers.response(
            b"{}", ("Content-Type", "application/json"), ("Content-Type", "text/html")
        ),
    }
    with servers.raw_server(by_path(answers)) as server:
        assert call(http(server.url + "/text")).body == "é"
        assert call(http(server.url + "/latin")).body["$file"]["sha256"] == sha256(b"\xe9")
        assert call(http(server.url + "/nul")).body["$file"]["size"] == 3
        assert call(http(server.url + "/twice")).body == {}


LABELS: dict[str, str] = {
    label: encoding
    for encoding, labels in json.loads(ENCODING_LABELS.read_text(encoding="utf-8")).items()
    for label in labels.split()
    if encoding != "iso-8859-16"  # node's library has none
}
"""The Encoding Standard, section 4.2: label -> the encoding's name."""
ENCODED_BY = {
    "iso-8859-8-i": "iso-8859-8",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
    "utf-16": "utf-16-le",
}
"""Python's names, where they are others."""
SAMPLES = [
    "Grüße, ça été",
    "Žluťoučký kůň",
    "Ačiū",
    "Привет, мир",
    "Γειά σου",  # noqa: RUF001
    "שלום",
    "مرحبا",
    "สวัสดี",
    "日本語",
    "中文文本",
    "繁體中文",
    "한국어",
]
BROWSER = """
const decode = ([label, base64]) => {
  try { return new TextDecoder(label, {fatal: true, ignoreBOM: false}).decode(Buffer.from(base64, "base64")); }
  catch (error) { return null; }
};
let text = "";
process.stdin.on("data", (piece) => { text += piece; });
process.stdin.on("end", () => process.stdout.write(JSON.stringify(JSON.parse(text).map(decode))));
"""


def as_browsers_do(sent: list[tuple[str, bytes]]) -> list[str | None]:
    """Return how node's TextDecoder, which is the Encoding Standard's, reads each (label,
    bytes).
    """
    asked = json.dumps([[label, base64.b64encode(data).decode()] for label, data in sent])
    done = subprocess.run(
        ["node", "-e", BROWSER], input=asked, capture_output=True, check=True, encoding="utf-8"
    )
    read: list[str | None] = json.loads(done.stdout)
    return read


def test_every_charset_of_python_is_one_but_those_that_markup_hides_in() -> None:
    """By each name that Python knows it by; what is no charset of text, and what browsers refuse,
    is none.
    """
    refused = {"utf_7", "hz", "mbcs", "oem"}
    for alias, codec in encodings.aliases.aliases.items():
        if codec in refused or not codecs.lookup(codec)._is_text_encoding:  # type: ignore[attr-defined]
            assert charsets.lookup(alias) is None, alias
        elif not codec.startswith(
            ("iso2022_", "euc_jis", "shift_jis")
        ):  # of which only what browsers read is
            assert charsets.lookup(alias) == codec
            assert charsets.lookup(codec) == codec
    for codec in (
        "cp720",
        "cp737",
        "cp874",
        "cp875",
        "koi8_t",
        "koi8_u",
        "mac_croatian",
    ):  # Python has no alias for these
        assert charsets.lookup(codec.replace("_", "-")) == codec


@pytest.mark.npm
def test_text_is_decoded_by_its_declared_charset() -> None:
    """Every charset name that servers use reads as in a browser: the same text, for each text that
    it can hold.
    """
    sent = []
    for (label, encoding), sample in itertools.product(LABELS.items(), SAMPLES):
        name = "ascii" if charsets.lookup(label) == "ascii" else ENCODED_BY.get(encoding, encoding)
        with contextlib.suppress(UnicodeEncodeError):  # not every charset holds every text
            sent.append((label, sample.encode(name)))
    read = as_browsers_do(sent)
    found = bodies(
        {
            f"{number}": (f"text/plain; charset={label}", data)
            for number, (label, data) in enumerate(sent)
        }
    )
    # Of Big5's Cyrillic node's library makes private characters; the standard has letters.
    of_use = [
        each
        for each in zip(sent, found.values(), read, strict=True)
        if not re.search("[\ue000-\uf8ff]", each[2] or "")
    ]
    assert len(of_use) > 500
    assert [each for each in of_use if each[1] != each[2]] == []
    assert {label for label in LABELS if charsets.lookup(label) != "ascii"} == {
        label for label, _ in sent
    }


def test_a_charset_is_written_exactly_as_it_is_named() -> None:
    """What a label is read as may be wider than its name says; what is written under it never
    is.
    """
    assert {label for label in LABELS if charsets.lookup(label) is None} == set()
    named = ["US-ASCII", "gb2312", "Shift_JIS", "UTF-16", "iso-8859-1"]
    assert [charsets.lookup(label) for label in named] == [
        "ascii",
        "gb2312",
        "shift_jis",
        "utf_16",
        "latin_1",
    ]
    read = ["utf_8", "gb18030", "cp932", "utf_16_le", "latin_1"]
    assert [charsets.lookup_to_read(label) for label in named] == read
    for label in (
        "punycode",
        "idna",
        "zlib",
        "rot13",
        "hz",
        "utf-7",
        "iso-2022-kr",
        "mbcs",
        "undefined",
        "",
    ):
        assert charsets.lookup(label) is None


@pytest.mark.parametrize(
    "charset",
    ["punycode", "zlib", "rot13", "idna", "unicode_escape", "utf-7", "nonsense", "x" * 9000],
)
def test_what_is_no_charset_is_not_used(charset: str) -> None:
    """Python's other codecs, and no codec at all, are not looked up: such text is UTF-8, or
    bytes.
    """
    found = bodies(
        {
            "good": (f"text/plain; charset={charset}", "+AOk-é".encode()),
            "bad": (f"text/x; charset={charset}", b"\xe9"),
        }
    )
    assert found["good"] == "+AOk-é"
    assert found["bad"]["$file"]["sha256"] == sha256(b"\xe9")


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_says_more_than_a_charset(mark: bytes, codec: str) -> None:
    """Text and JSON begin after the mark, and are read as it says, whatever is declared."""
    data = mark + '["é"]'.encode(codec)
    types = [
        "text/plain",
        "text/plain; charset=iso-8859-1",
        "application/json",
        "application/json; charset=windows-1251",
    ]
    found = bodies({each: (each, data) for each in types})
    assert list(found.values()) == ['["é"]', '["é"]', ["é"], ["é"]]


NAMES = "André €"
IN_1252 = NAMES.encode("cp1252")
XML = '<?xml version="1.0" encoding="{}"?><n>André €</n>'
EMBEDDED = [
    ("application/xml", XML.format("windows-1252").encode("cp1252"), NAMES),
    ("text/xml", XML.format("ISO-8859-15").encode("iso8859-15"), NAMES),
    ("image/svg+xml", XML.replace('"', "'").format("windows-1252").encode("cp1252"), NAMES),
    ("text/xml; charset=windows-1252", XML.format("utf-8").encode("cp1252"), NAMES),
    ("application/xml", codecs.BOM_UTF8 + XML.format("windows-1252").encode(), NAMES),
    ("application/xml", XML.format("UTF-16").encode("utf-16-be"), NAMES),
    ("application/xml", XML.format("UTF-16").encode("utf-16-le"), NAMES),
    ("application/xml", XML.format("UTF-16").encode(), NAMES),
    ("application/xml", XML.format("cp1140").encode("cp1140"), NAMES),
    ("application/xml", XML.format("punycode").encode(), NAMES),
    ("", XML.format("windows-1252").encode("cp1252"), NAMES),
    ("text/html", b"<!doctype html><META CHARSET=windows-1252>" + IN_1252, NAMES),
    (
        "text/html",
        b"<meta http-equiv=Content-Type content='text/html; charset=windows-1252'>" + IN_1252,
        NAMES,
    ),
    (
        "text/html",
        b"<!-- <meta charset=koi8-r> --><meta name=x><meta charset='windows-1252'/>" + IN_1252,
        NAMES,
    ),
    (
        "text/html",
        b"<meta name=x content='a; charset=koi8-r'><meta charset=windows-1252>" + IN_1252,
        NAMES,
    ),
    ("text/html", b"<meta charset=nonsense><meta charset=windows-1252>" + IN_1252, NAMES),
    ("text/html", b"<meta charset=utf-16>" + NAMES.encode(), NAMES),
    ("text/html; charset=utf-8", b"<meta charset=windows-1252>" + NAMES.encode(), NAMES),
    ("text/html", b" " * 1024 + b"<meta charset=windows-1252>" + IN_1252, None),
    ("text/plain", b"<meta charset=windows-1252>" + IN_1252, None),
    ("application/xml", b" " + XML.format("windows-1252").encode("cp1252"), None),
]


@pytest.mark.parametrize(("content_type", "body", "text"), EMBEDDED)
def test_a_charset_that_only_the_body_names(
    content_type: str, body: bytes, text: str | None
) -> None:
    """RFC 7303, section 3: mark, header, declaration; HTML: mark, header, `meta` in the first 1024
    bytes. Never a guess.
    """
    read = bodies({"it": (content_type, body)})["it"]
    if text is None:
        assert read["$file"]["sha256"] == sha256(body)
    else:
        assert text in read


def test_the_charset_that_a_task_names_is_for_what_does_not_say() -> None:
    """`responseCharset` is the last to be asked, before UTF-8, for text and JSON; a wrong one is
    found before sending.
    """
    sent = {
        "/text": servers.response(IN_1252, ("Content-Type", "text/csv")),
        "/said": servers.response(NAMES.encode(), TEXT),
        "/json": servers.response(b'["%s"]' % IN_1252, servers.JSON),
        "/unicode": servers.response(
            json.dumps([NAMES], ensure_ascii=False).encode(), servers.JSON
        ),
        "/xml": servers.response(
            XML.format("koi8-r").encode("ascii", "ignore"), ("Content-Type", "text/xml")
        ),
        "/none": servers.response(IN_1252),
    }
    with servers.raw_server(by_path(sent)) as server, runtime() as shared:
        read = {
            path: (
                HttpTask(http(server.url + path, responseCharset="windows-1252"), runtime=shared)
                .call()
                .body
            )
            for path in sent
        }
    assert read.pop("/xml").endswith("<n>Andr </n>")
    assert read == {
        "/text": NAMES,
        "/said": NAMES,
        "/json": [NAMES],
        "/unicode": [NAMES],
        "/none": NAMES,
    }
    for label, near in (("windows-1525", "windows-1252"), ("punycode", None), ("zlib", None)):
        (problem,) = HttpTask(http("http://h/", responseCharset=label)).problems()
        assert (problem.pointer, problem.suggestion) == ("/responseCharset", near)


def test_a_body_is_read_as_its_task_says() -> None:
    """JSON under any label, text of any type; what is then no JSON is `parse` on success, and read
    by its type on failure.
    """
    labels = (
        "text/plain",
        "application/octet-stream",
        "application/json+oembed",
        "text/html; charset=koi8-r",
        "",
    )
    sent = {f"/{number}": (label, b'{"a": 1}') for number, label in enumerate(labels)}
    answers = {
        path: servers.response(body, ("Content-Type", label))
        for path, (label, body) in sent.items()
    }
    answers["/404"] = servers.response(
        b'{"a": 1}', ("Content-Type", "text/plain"), status="404 Gone"
    )
    answers["/500"] = servers.response(b"<p>late", ("Content-Type", "text/html"), status="500 Oops")
    answers["/nothing"] = servers.response(b"", BINARY)
    answers["/html"] = servers.response(b"<p>no", ("Content-Type", "text/html"))
    answers["/bytes"] = servers.response(b"\xff\0", BINARY)
    answers["/large"] = servers.response(b'"' + b"x" * 200_000 + b'"', BINARY)
    with servers.raw_server(by_path(answers)) as server, runtime(limits=SMALL) as shared:

        def read(path: str, how: str, **more: Any) -> Any:
            return (
                HttpTask(http(server.url + path, responseBody=how, **more), runtime=shared)
                .call()
                .body
            )

        assert [read(path, "json") for path in sent] == [{"a": 1}] * 5
        assert [read(path, "text") for path in sent] == ['{"a": 1}'] * 5
        assert [isinstance(read(path, "auto"), dict) for path in sent] == [
            False,
            True,
            True,
            False,
            False,
        ]
        assert read("/2", "auto") == {"a": 1}
        assert read("/nothing", "json") is None
        anything = {"successCondition": "${jsonata: true}"}
        assert read("/404", "json", **anything) == {"a": 1}
        assert read("/500", "json", **anything) == "<p>late"
        with pytest.raises(errors.StatusError, match="500 Oops: <p>late"):
            read("/500", "json")
        with pytest.raises(
            errors.ParseError,
            match=r'to be read as JSON \("responseBody": "json"\), says it is text/html',
        ):
            read("/html", "json")
        with pytest.raises(errors.TooLargeError):
            read("/large", "json")
        assert read("/bytes", "text")["$file"]["sha256"] == sha256(b"\xff\0")
    (problem,) = HttpTask(http("http://h/", responseBody="xml")).problems()
    assert problem.pointer == "/responseBody"


def test_text_that_is_not_valid_is_kept_as_bytes() -> None:
    """Where the bytes are none of the declared charset, nothing is guessed or replaced: the result
    refers to them.
    """
    found = bodies(
        {
            "utf-8": ("text/plain; charset=utf-8", b"caf\xe9"),
            "sjis": ("text/html; charset=shift_jis", b"\x81"),
        }
    )
    assert found["utf-8"]["$file"] | {"path": ""} == {
        "mediaType": "text/plain",
        "size": 4,
        "sha256": sha256(b"caf\xe9"),
        "path": "",
    }
    assert Path(found["sjis"]["$file"]["path"]).read_bytes() == b"\x81"


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("text/plain", "café closed".encode(), "café closed"),
        ("application/json", b'{"why": "caf\xe9"', '{"why": "caf\ufffd"'),
        ("application/json; charset=iso-8859-1", b'{"why":\n "caf\xe9"}', '{"why": "café"}'),
        ("application/json", '{"why": "café"}'.encode("utf-16"), '{"why": "café"}'),
        ("application/json", '{"why": "café"}'.encode("utf-16-be"), '{"why": "café"}'),
        (
            "application/x-ndjson; charset=iso-8859-1",
            b'{"why": "caf\xe9"}\n[]',
            '{"why": "café"} []',
        ),
        ("application/json", b'["' + b"x" * 400 + b'"]', '["' + "x" * 298 + "..."),
    ],
)
def test_an_error_says_of_a_body_what_can_be_read(
    content_type: str, body: bytes, said: str
) -> None:
    """As it is written, in its charset; what is broken too, with a mark where it is no text; 300
    characters of it.
    """
    answer = servers.response(body, ("Content-Type", content_type), status="500 Oops")
    with servers.raw_server(servers.respond(answer)) as server:
        assert str(failure(http(server.url))) == f"the server answered 500 Oops: {said}"


def test_json_in_an_old_charset() -> None:
    """JSON that is no Unicode is read by its declared charset; without one it is `parse`, never a
    guess.
    """
    found = bodies({"latin": ("application/json; charset=iso-8859-1", b'"caf\xe9"')})
    assert found["latin"] == "café"
    with servers.raw_server(
        servers.respond(servers.response(b'"caf\xe9"', servers.JSON))
    ) as server:
        assert isinstance(failure(http(server.url)), errors.ParseError)


def test_nothing_is_null() -> None:
    """An empty body is null, JSON too, and so is one of white space where JSON is declared."""
    sent = {
        "json": ("application/json", b""),
        "space": ("application/json", b" \r\n"),
        "text": ("text/plain", b""),
    }
    sent |= {"image": ("image/png", b""), "bom": ("application/json", codecs.BOM_UTF8)}
    assert bodies(sent) == dict.fromkeys(sent)


# ---- No body, and headers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("HEAD", "200 OK"),
        ("GET", "204 No Content"),
        ("GET", "205 Reset"),
        ("GET", "304 Not Modified"),
    ],
)
@pytest.mark.parametrize(
    "framing", [("Content-Length", "17"), ("Transfer-Encoding", "chunked"), ("Content-Length", "0")]
)
def test_what_has_no_body_has_none_whatever_its_headers_say(
    method: str, status: str, framing: tuple[str, str]
) -> None:
    """HEAD, 204, 205 and 304 end with their head: nobody waits for a body or makes one up, and the
    next call works.
    """
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Encoding:"
        f" sdch\r\n{': '.join(framing)}\r\n\r\n"
    )
    task = {
        "request": {"method": method},
        "readTimeoutSeconds": 5,
        "successCondition": "${jsonata: statusCode < 400}",
    }
    bodiless = servers.respond(head.encode())
    handler = servers.sequence(bodiless, bodiless, bodiless, servers.respond(servers.OK))
    with servers.raw_server(handler) as server, runtime() as shared:
        for fields in ({}, AS_FILE):
            result = HttpTask(http(server.url, **task, **fields), runtime=shared).call()
            assert (result.status_code, result.body) == (int(status[:3]), None)
        shown = HttpTask(http(server.url, **task), runtime=shared).test_request().response
        assert shown is not None
        assert not shown.notes  # nothing was decoded
        assert HttpTask(http(server.url), runtime=shared).call().body == {"ok": True}


def test_headers_are_those_that_were_sent() -> None:
    """Duplicates are joined, each `Set-Cookie` stays apart; the exchange has them one by one, as
    http.client does.
    """
    fields = [
        *(
            ("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT"),
            ("X-One", "1"),
            ("set-cookie", "b=2, c=3"),
        ),
        *(
            ("x-one", "2, 3"),
            ("X-Empty", ""),
            ("Vary", "A"),
            ("Link", '<a>; rel="x, y"'),
            ("X-Latin", "caf\xe9"),
        ),
    ]
    with servers.raw_server(
        servers.respond(servers.response(b"{}", servers.JSON, *fields))
    ) as server:
        result = call(http(server.url))
        response = exchange(http(server.url)).response
        peer = HTTPConnection("127.0.0.1", server.port)
        peer.request("GET", "/")
        theirs = peer.getresponse().getheaders()
        peer.close()
    assert response is not None
    assert list(response.headers) == theirs
    assert result.headers["set-cookie"] == [
        value for name, value in theirs if name.lower() == "set-cookie"
    ]
    assert result.headers["x-one"] == "1, 2, 3"
    assert result.headers["x-empty"] == ""
    assert result.headers["x-latin"] == "café"
    single = servers.response(b"{}", servers.JSON, ("Set-Cookie", "only=1"))
    with servers.raw_server(servers.respond(single)) as server:
        assert call(http(server.url)).headers["set-cookie"] == ["only=1"]


# ---- Downloads ---------------------------------------------------------------------------------


def assert_kept(body: Any, content: bytes, folder: Path) -> None:
    """The reference says what the file is, the file is what was sent, and nothing else is there."""
    file = body["$file"]
    assert (file["size"], file["sha256"]) == (len(content), sha256(content))
    assert Path(file["path"]).read_bytes() == content
    assert list(folder.iterdir()) == [Path(file["path"])]


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding:"
    b" chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    "answer",
    [
        servers.response(LARGE, BINARY),
        CHUNKED % (len(LARGE), LARGE),
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n" + LARGE,
    ],
    ids=["length", "chunked", "until-close"],
)
def test_a_body_too_large_for_memory_streams_into_a_file(answer: bytes, tmp_path: Path) -> None:
    """Over the limit for memory, however it is framed: size and SHA-256 in the result, the file
    beside, its start in the exchange.
    """
    with servers.raw_server(servers.respond_and_close(answer)) as server:
        assert_kept(call(http(server.url), files=tmp_path, limits=SMALL).body, LARGE, tmp_path)
        seen = exchange(http(server.url), limits=SMALL)
    response = seen.response
    assert response is not None
    assert response.truncated
    assert LARGE.startswith(response.body)
    assert 1000 < len(response.body) < len(LARGE)
    assert response.size == len(LARGE)
    assert response.file is not None
    assert response.file["sha256"] == sha256(LARGE)
    assert "path" not in response.file
    Draft202012Validator(packaged.schema("exchange")).validate(seen.to_json())


def test_the_same_body_is_kept_once(tmp_path: Path) -> None:
    """A task that polls does not fill the disk, nor disturb who sends the file on: what is there
    stays, if it is whole.
    """
    with servers.raw_server(
        servers.respond(servers.response(LARGE, ("Content-Type", "application/pdf")))
    ) as server:
        place = Path(call(http(server.url), files=tmp_path, limits=SMALL).body["$file"]["path"])
        before = place.stat().st_ino, place.stat().st_mtime_ns
        assert_kept(call(http(server.url), files=tmp_path).body, LARGE, tmp_path)
        assert (place.stat().st_ino, place.stat().st_mtime_ns) == before
        for tampered in (LARGE[:-1], bytes(len(LARGE))):
            place.write_bytes(tampered)
            assert_kept(call(http(server.url), files=tmp_path).body, LARGE, tmp_path)
        place.unlink()
        place.symlink_to(__file__)
        assert_kept(call(http(server.url), files=tmp_path).body, LARGE, tmp_path)
        assert not place.is_symlink()
    assert place.suffix == ".pdf"


@pytest.mark.parametrize("declared", [True, False])
def test_text_too_large_for_memory_is_an_error_until_a_file_is_asked_for(
    declared: bool, tmp_path: Path
) -> None:
    """JSON and text over the limit end in `too_large`, with the status and the headers, and how to
    get them all the same.
    """
    text = json.dumps(["é" * 50_000] * 3).encode()
    framed = (
        servers.response(text, servers.JSON)
        if declared
        else CHUNKED.replace(b"image/png", b"text/x") % (len(text), text)
    )
    with servers.raw_server(servers.respond(framed)) as server:
        error = failure(http(server.url), limits=SMALL)
        assert isinstance(error, errors.TooLargeError)
        assert '"responseBody": "file"' in str(error)
        assert error.result is not None
        assert (error.result.status_code, error.result.body) == (200, None)
        assert_kept(
            call(http(server.url, **AS_FILE), files=tmp_path, limits=SMALL).body, text, tmp_path
        )


def test_a_file_that_was_asked_for(tmp_path: Path) -> None:
    """`"responseBody": "file"` keeps a success's body as it is, small or empty; what failed is
    read, so that it says why.
    """
    answers = {
        "/json": servers.response(b'{ "a":1 }', servers.JSON),
        "/empty": servers.response(b"", servers.JSON),
    }
    answers["/404"] = servers.response(b'{"why": "gone"}', servers.JSON, status="404 Not Found")
    with servers.raw_server(by_path(answers)) as server:
        assert_kept(
            call(http(server.url + "/json", **AS_FILE), files=tmp_path / "a").body,
            b'{ "a":1 }',
            tmp_path / "a",
        )
        assert_kept(
            call(http(server.url + "/empty", **AS_FILE), files=tmp_path / "b").body,
            b"",
            tmp_path / "b",
        )
        error = failure(http(server.url + "/404", **AS_FILE), files=tmp_path / "c")
    assert error.result is not None
    assert error.result.body == {"why": "gone"}
    assert not (tmp_path / "c").exists()


# ---- Content codings ---------------------------------------------------------------------------


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


def gzipped(data: bytes) -> bytes:
    """Return *data* as gzip, the same bytes whatever the time is."""
    return gzip.compress(data, mtime=0)


SKIPPABLE = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
"""RFC 8878, section 3.1.2: a frame of something else."""
CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzipped),
    "x-gzip": ("X-GZIP", gzipped),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "two": ("deflate, gzip", lambda data: gzipped(zlib.compress(data))),
    "identity": ("identity", bytes),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.compress),
    "zstd frames": (
        "zstd",
        lambda data: zstandard.compress(data[:9]) + SKIPPABLE + zstandard.compress(data[9:]),
    ),
    "new and old": (
        "zstd, br, gzip",
        lambda data: gzipped(brotli.compress(zstandard.compress(data))),
    ),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_content_codings_are_undone(coding: str, tmp_path: Path) -> None:
    """JSON, text and files, in memory and past it, are what was encoded; so they are for curl; the
    exchange has the wire's bytes.
    """
    name, encode = CODINGS[coding]
    noise = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(256)) * 40
    encoding = ("Content-Encoding", name)
    answers = {
        "/json": servers.response(encode(b'{"a": "\\u00e9"}'), servers.JSON, encoding),
        "/text": servers.response(encode("é".encode()), TEXT, encoding),
        "/file": servers.response(encode(BYTES), BINARY, encoding),
        "/large": servers.response(encode(noise), BINARY, encoding),
        "/unpacked": servers.response(encode(noise), BINARY, encoding),
    }
    with servers.raw_server(by_path(answers)) as server:
        assert call(http(server.url + "/json")).body == {"a": "é"}
        assert call(http(server.url + "/text")).body == "é"
        assert_kept(
            call(http(server.url + "/file"), files=tmp_path / "1").body, BYTES, tmp_path / "1"
        )
        # Too large as it comes, and too large only once it is unpacked.
        for number, limit in enumerate((4_000, len(noise) - 1)):
            folder = tmp_path / f"large{number}"
            assert_kept(
                call(http(server.url + "/large"), files=folder, limits=Limits(body=limit)).body,
                noise,
                folder,
            )
        response = exchange(http(server.url + "/json")).response
        if coding not in ("raw deflate", "two"):  # which this curl may not undo
            theirs = servers.curl("--compressed", server.url + "/json").stdout
            assert json.loads(theirs.partition("\n\n")[2]) == {"a": "é"}
    assert response is not None
    assert response.body == encode(b'{"a": "\\u00e9"}')
    assert response.size == len(response.body)


@pytest.mark.parametrize(
    "coding", ["UTF-8", "none", "aws-chunked", "x-acme", "gzip;q=1", "x-acme, identity"]
)
@pytest.mark.parametrize("status", ["200 OK", "500 Oops"])
def test_an_unknown_coding_is_a_note_and_the_bytes_as_they_came(coding: str, status: str) -> None:
    """A label that is no coding takes nothing from the body, nor from an error's reason; nothing is
    tried again for it.
    """
    answer = servers.response(
        b'{"why": "late"}', servers.JSON, ("Content-Encoding", coding), status=status
    )
    with servers.raw_server(servers.respond(answer)) as server:
        seen = exchange(http(server.url, retry={"intervalSeconds": 0, "maxAttempts": 2}))
        as_file = exchange(http(server.url, **AS_FILE))
    response = seen.response
    assert response is not None
    assert response.decoded == {"why": "late"}
    name = coding.partition(",")[0].lower()
    undone = "gzip, deflate, br, zstd are undone"
    assert response.notes == (f"the Content-Encoding {name!r} is left as it came: {undone}",)
    assert seen.to_json()["attempts"][-1]["hops"][-1]["response"]["notes"] == list(response.notes)
    if status == "200 OK":
        assert (seen.outcome, len(seen.attempts)) == ("success", 1)
        assert as_file.response is not None
        assert as_file.response.file is not None
        assert as_file.response.file["sha256"] == sha256(b'{"why": "late"}')
    else:
        assert seen.error is not None
        assert seen.error.startswith('the server answered 500 Oops: {"why": "late"}')


def test_known_codings_around_an_unknown_one_are_undone() -> None:
    """The coding that was applied last is undone first; what lies below an unknown one stays as it
    came.
    """
    packed = gzip.compress(b"[1]")
    answers = {
        "/outside": servers.response(packed, servers.JSON, ("Content-Encoding", "none, gzip")),
        "/inside": servers.response(packed, BINARY, ("Content-Encoding", "gzip, x-acme")),
        "/json": servers.response(packed, servers.JSON, ("Content-Encoding", "gzip, x-acme")),
        "/large": servers.response(LARGE, BINARY, ("Content-Encoding", "x-acme")),
    }
    with servers.raw_server(by_path(answers)) as server, runtime(limits=SMALL) as shared:
        outside, inside, large = (
            HttpTask(http(server.url + path), runtime=shared).call().body
            for path in ("/outside", "/inside", "/large")
        )
        with pytest.raises(
            errors.ParseError, match=r"'gzip, x-acme' is left as it came"
        ) as json_error:
            HttpTask(
                http(server.url + "/json", retry={"intervalSeconds": 0}), runtime=shared
            ).call()
        assert Path(inside["$file"]["path"]).read_bytes() == packed
    assert outside == [1]
    assert large["$file"]["sha256"] == sha256(LARGE)
    assert json_error.value.attempts == 1
    assert json_error.value.result is not None
    assert json_error.value.result.body["$file"]["sha256"] == sha256(packed)


def test_three_codings_are_undone_and_no_fourth() -> None:
    """Who encodes four times over wants to fill memory: the last three are undone, and a note says
    that one is left.
    """
    packed = [b"[1]"]
    for _ in range(4):
        packed.append(gzipped(packed[-1]))
    assert undone("gzip, gzip, gzip", [packed[3]]) == packed[0]
    assert undone("gzip, gzip, gzip, gzip", [packed[4]]) == packed[1]
    decoder = Decoder("br, gzip, gzip, gzip")
    assert decoder.remaining == ("br",)
    assert (
        decoder.note == "the Content-Encoding 'br' is left as it came: at most 3 codings are undone"
    )
    assert Decoder("gzip, gzip, gzip").note == ""
    unknown = Decoder("x-acme, gzip, gzip")
    assert unknown.note.endswith("gzip, deflate, br, zstd are undone")


def test_members_in_a_row_are_undone_and_padding_is_none() -> None:
    """A thousand gzip members are one body, zeros between them and anything behind them are
    nothing; more are refused.
    """
    member = gzipped(b"a")
    assert undone("gzip", [member * 1000]) == b"a" * 1000
    assert undone("gzip", [member + b"\0\0" + member + b"\0"]) == b"aa"
    assert undone("gzip", [member + b"trailing" + member]) == b"a"
    assert undone("gzip", [member + b"trailing", member]) == b"a"
    assert undone("gzip", [member, b"\x1f", b"x" + member]) == b"a"
    assert undone("deflate", [zlib.compress(b"a") * 2]) == b"a"
    with pytest.raises(errors.DecodeError, match="more than 1000 members"):
        undone("gzip", [member * 1001])


def test_what_compresses_well_is_no_bomb() -> None:
    """Eight megabytes may come of anything, and of more input as much as deflate can make: zeros
    come out whole.
    """
    zeros = bytes(40 * servers.MEGABYTE)
    assert sum(map(len, Decoder("gzip").feed(gzip.compress(zeros)))) == len(zeros)
    small = brotli.compress(bytes(7 * servers.MEGABYTE))
    assert sum(map(len, Decoder("br").feed(small))) == 7 * servers.MEGABYTE


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_json_that_was_never_encoded_is_read(coding: str) -> None:
    """A proxy that unpacked a body and left the label: JSON as it stands needs no decoding; other
    bytes are `decode`.
    """
    label = ("Content-Encoding", coding)
    with servers.raw_server(
        servers.respond(servers.response(b'{"a": 1}', servers.JSON, label))
    ) as server:
        seen = exchange(http(server.url))
        assert call(http(server.url, **AS_FILE)).body["$file"]["sha256"] == sha256(b'{"a": 1}')
    assert seen.response is not None
    assert (seen.outcome, seen.response.decoded) == ("success", {"a": 1})
    assert seen.response.notes[0].endswith("; the body is left as it came")
    with servers.raw_server(
        servers.respond(servers.response(b"plain text", TEXT, label))
    ) as server:
        assert isinstance(failure(http(server.url)), errors.DecodeError)
    failed = servers.response(b"out of stock", TEXT, label, status="500 Oops")
    with servers.raw_server(servers.respond(failed)) as server:
        assert str(failure(http(server.url))) == "the server answered 500 Oops: out of stock"


def test_a_bomb_does_not_fill_the_disk(tmp_path: Path) -> None:
    """Zeros packed twice over, as a download: an error before there are 100 MB, hardly any memory,
    nothing left.
    """
    bomb = gzip.compress(servers.compressed(bytes(300 * servers.MEGABYTE)))
    answer = servers.response(bomb, BINARY, ("Content-Encoding", "gzip, gzip"))
    with servers.raw_server(servers.respond(answer)) as server:
        tracemalloc.start()
        error = failure(http(server.url), files=tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert isinstance(error, errors.TooLargeError)
    assert peak < 32 * servers.MEGABYTE
    assert list(tmp_path.iterdir()) == []


@given(
    data=st.binary(max_size=400) | st.binary(max_size=9).map(lambda piece: piece * 30_000),
    names=st.lists(
        st.sampled_from(["gzip", "deflate", "raw deflate", "br", "zstd", "zstd frames"]),
        min_size=1,
        max_size=3,
    ),
    cuts=st.lists(st.integers(0, 500), max_size=6),
)
def test_codings_do_not_depend_on_how_bytes_arrive(
    data: bytes, names: list[str], cuts: list[int]
) -> None:
    """Whatever was encoded, up to three times over, comes out of any pieces; of less than all of
    it, only an error does.
    """
    encoded, header = data, []
    for name in names:
        encoded = CODINGS[name][1](encoded)
        header.append(CODINGS[name][0])
    edges = sorted({0, len(encoded), *(cut for cut in cuts if cut < len(encoded))})
    arriving = [encoded[start:end] for start, end in itertools.pairwise(edges)]
    assert undone(", ".join(header), arriving) == data
    if len(encoded) > 1:
        with pytest.raises(errors.DecodeError):
            undone(", ".join(header), [encoded[:-1]])


STANDARD_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
"""Python's own module, or what stands in for it before 3.14."""


@pytest.mark.parametrize("library", [STANDARD_ZSTD, "zstandard"])
def test_zstd_by_either_library(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own module and the package read alike: frames in a row, what is cut off, what is
    none, what fills memory.
    """
    modules = {
        name: None
        for name in ("compression.zstd", "backports.zstd", "zstandard")
        if name != library
    }
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)
    codings = unpackers._codings()
    assert list(codings) == ["gzip", "deflate", "br", "zstd"]
    monkeypatch.setitem(unpackers.CODINGS, "zstd", codings["zstd"])
    noise = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(256)) * 40
    packed = CODINGS["zstd frames"][1](noise)
    assert undone("zstd", [packed]) == noise
    assert (
        undone("zstd", [packed[start : start + 7] for start in range(0, len(packed), 7)]) == noise
    )
    assert undone("zstd", [packed + b"padding"]) == noise
    for broken in (packed[:-1], b'{"a": 1}', wide_window(noise)):
        with pytest.raises(errors.DecodeError):
            undone("zstd", [broken])
    packer = zstandard.ZstdCompressor().compressobj()
    bomb = b"".join(packer.compress(bytes(servers.MEGABYTE)) for _ in range(400)) + packer.flush()
    tracemalloc.start()
    with pytest.raises(errors.TooLargeError):
        collections.deque(Decoder("zstd").feed(bomb), maxlen=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * servers.MEGABYTE


def wide_window(data: bytes) -> bytes:
    """Return *data* as zstd that asks for more memory than RFC 9659 allows over HTTP."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(data) + packer.flush()


def undone(encoding: str, arriving: list[bytes]) -> bytes:
    """Return what our decoder makes of what is *arriving*."""
    decoder = Decoder(encoding)
    made = [piece for data in arriving for piece in decoder.feed(data)]
    decoder.finish()
    assert all(len(piece) <= 65_536 for piece in made)
    return b"".join(made)


CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "text/plain",
        "text/x; charset=",
        "a/b+json;charset=utf-16",
        "image/png",
        ";",
        "",
    ]
)
ENCODINGS = st.sampled_from(
    ["", "gzip", "deflate", "gzip, deflate", "br", "identity", ",", "gzip,gzip,gzip,gzip"]
)
ODD_JSON = [
    b'"\\ud800"',
    b"1e999",
    b"NaN",
    b"[1,",
    b'{"a":1,"a":2}',
    b"[" * 2000,
    b"9" * 5000,
    b'"\xed\xa0\x80"',
    b"-",
]


@given(
    content_type=CONTENT_TYPES | st.text(st.characters(max_codepoint=255), max_size=20),
    encoding=ENCODINGS,
    body=st.binary(max_size=60)
    | st.sampled_from(ODD_JSON)
    | st.binary(max_size=60).map(gzip.compress),
    how=st.sampled_from(["auto", "json", "text", "file"]),
    limit=st.integers(1, 100),
)
def test_no_response_is_too_odd(
    content_type: str, encoding: str, body: bytes, how: str, limit: int
) -> None:
    """Whatever headers and bytes come, there is a view of them, and a body that is JSON."""
    headers = (
        ("Content-Type", content_type),
        *([("Content-Encoding", encoding)] if encoding else []),
    )
    received = Received(
        "HTTP/1.1", 200, "OK", headers, bytearray(body), complete=True, size=len(body)
    )
    seen = view_of(received, Limits(body=limit), Redactor(), Bodies(limit, reading=Reading(how)))
    json.dumps(seen.body)
    error = outcome(received, seen, Redactor())
    assert error is None or error.kind in ("decode", "parse", "too_large")


# ---- What goes wrong ---------------------------------------------------------------------------


def cut(
    body: bytes,
    *headers: tuple[str, str],
    then: Callable[[servers.Peer], object] = servers.Peer.close,
) -> servers.Handler:
    """Send *body*, which is not all of it, and *then* do something."""

    def handler(peer: servers.Peer) -> None:
        peer.read_request()
        peer.sendall(servers.response(body, BINARY, *headers, length=len(body) + 1000))
        then(peer)

    return handler


PACKED = gzip.compress(LARGE, mtime=0)
BROKEN: dict[str, tuple[servers.Handler, type[errors.TaskError]]] = {
    "cut off": (cut(LARGE), errors.IncompleteError),
    "reset": (cut(LARGE, then=servers.Peer.reset), errors.IncompleteError),
    "chunk cut off": (
        servers.respond_and_close(CHUNKED.partition(b"%s")[0] % 999_999 + LARGE),
        errors.IncompleteError,
    ),
    "silence": (cut(LARGE, then=servers.Peer.wait_for_close), errors.TimedOutError),
    "gzip cut off": (
        servers.respond(
            servers.response(
                gzip.compress(hashlib.shake_256().digest(300_000))[:-9], BINARY, servers.GZIP
            )
        ),
        errors.DecodeError,
    ),
    "gzip unpacks and breaks": (
        servers.respond(servers.response(PACKED[:-8] + bytes(8), BINARY, servers.GZIP)),
        errors.DecodeError,
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_nothing_is_left_of_a_download_that_failed(what: str, tmp_path: Path) -> None:
    """However a download breaks, the folder is empty again; the error has the status that came."""
    handler, kind = BROKEN[what]
    with servers.raw_server(handler) as server:
        task = http(server.url, readTimeoutSeconds=3 if what == "silence" else 60)
        error = failure(task, files=tmp_path, limits=SMALL)
    assert type(error) is kind
    assert list(tmp_path.iterdir()) == []
    assert error.result is not None
    assert (error.result.status_code, error.result.body) == (200, None)


def test_a_download_that_is_tried_again(tmp_path: Path) -> None:
    """Cut off twice, then whole: one file, the whole one."""
    broken = cut(LARGE[:200_000])
    handler = servers.sequence(broken, broken, servers.respond(servers.response(LARGE, BINARY)))
    task = {"retry": {"maxAttempts": 3, "intervalSeconds": 0}}
    with servers.raw_server(handler) as server:
        result = call(http(server.url, **task), files=tmp_path, limits=SMALL)
    assert result.attempts == 3
    assert_kept(result.body, LARGE, tmp_path)


@pytest.mark.parametrize("ends", ["cancelled", "deadline"])
def test_nothing_is_left_of_a_download_that_was_stopped(ends: str, tmp_path: Path) -> None:
    """A run that is cancelled, or whose time is over, in the middle of a download: the socket
    closes, no file stays.
    """
    closed = threading.Event()

    def endless(peer: servers.Peer) -> None:
        peer.read_request()
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n")
        try:
            while peer.pause(0.001):
                peer.sendall(LARGE)
        except OSError:
            closed.set()

    def half_way() -> bool:
        try:
            return any(path.stat().st_size > 10 * len(LARGE) for path in tmp_path.iterdir())
        except FileNotFoundError:  # the deadline has just removed it
            return False

    async def download(url: str) -> None:
        total = 3.0 if ends == "deadline" else 600
        async with runtime(files=tmp_path, limits=SMALL) as shared:
            going = asyncio.create_task(
                HttpTask(http(url, totalTimeoutSeconds=total), runtime=shared).acall()
            )
            while not half_way() and not going.done():  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.005)
            if ends == "cancelled":
                going.cancel()
            with pytest.raises(
                asyncio.CancelledError if ends == "cancelled" else errors.TimedOutError
            ):
                await going

    with servers.raw_server(endless) as server:
        asyncio.run(download(server.url))
        assert closed.wait(60)
    for _ in range(6_000):  # a thread may still have been writing
        if not list(tmp_path.iterdir()):
            break
        threading.Event().wait(0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_leaves_no_file(tmp_path: Path) -> None:
    """The large body of a redirect is nobody's result: only the download that it leads to is
    kept.
    """
    answers = {
        "/": servers.response(LARGE[:150_000], BINARY, ("Location", "/there"), status="302 Found"),
        "/there": servers.response(LARGE, BINARY),
    }
    with servers.raw_server(by_path(answers)) as server:
        assert_kept(
            call(http(server.url + "/"), files=tmp_path, limits=SMALL).body, LARGE, tmp_path
        )


def test_a_disk_that_is_full_loses_no_result(tmp_path: Path) -> None:
    """A download that cannot be written is counted and hashed to its end: the reference says what
    is wrong with the file.
    """
    place = tmp_path / "a file"
    place.write_text("no folder can be made in it")
    with servers.raw_server(servers.respond(servers.response(LARGE, BINARY))) as server:
        file = call(http(server.url), files=place / "files", limits=SMALL).body["$file"]
    assert (file["size"], file["sha256"]) == (len(LARGE), sha256(LARGE))
    assert "could not be kept" in file["problem"]
    assert "path" not in file


@pytest.mark.parametrize(
    ("total", "free", "kept"),
    [
        (10**12, 2 * 10**9, True),
        (10**12, 10**9, False),
        (10**9, 10**8, True),
        (10**9, 10**7, False),
    ],
)
def test_a_stranger_does_not_fill_the_disk(
    total: int, free: int, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 GiB of a disk, or a twentieth of a small one, is left to others; the result says why there
    is no file.
    """
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(total, total - free, free)
    )
    with servers.raw_server(servers.respond(servers.response(LARGE, BINARY))) as server:
        file = call(http(server.url), files=tmp_path, limits=SMALL).body["$file"]
    assert ("path" in file, "nearly full" in file.get("problem", "")) == (kept, not kept)
    assert file["sha256"] == sha256(LARGE)
    assert len(list(tmp_path.iterdir())) == kept


# ---- Memory ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def downloads() -> ModuleType:
    """The bench's measure."""
    path = TESTS / "bench" / "downloads.py"
    specification = importlib.util.spec_from_file_location("downloads", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("megabytes", [8, 64], ids=["just in memory", "streamed"])
def test_a_download_adds_hardly_any_memory(
    downloads: ModuleType, megabytes: int, tmp_path: Path
) -> None:
    """In a process of its own: at most 32 MB more than before, whatever the size; bytes and SHA-256
    are right.
    """
    added, _, right = downloads.downloaded(megabytes, tmp_path)
    assert right
    assert added <= downloads.MOST_ADDED


@pytest.mark.parametrize("status", ["503 No", "302 Found"])
def test_what_came_before_the_last_response_is_not_held(status: str) -> None:
    """Ten responses of 4 MB, tried again or redirected: of all but the last the exchange has the
    start.
    """
    body = b'"' + b"x" * (4 * servers.MEGABYTE) + b'"'
    answers = {
        f"/{number}": servers.response(
            body, servers.JSON, ("Location", f"/{number + 1}"), status=status
        )
        for number in range(11)
    }
    answers["/10"] = servers.OK
    task = {"retry": {"maxAttempts": 10, "intervalSeconds": 0}} if status[0] == "5" else {}
    with servers.raw_server(by_path(answers)) as server, runtime() as shared:
        going = HttpTask(http(server.url + "/0", **task), runtime=shared)
        tracemalloc.start()
        seen: Exchange = going.test_request()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    hops = [hop.response for attempt in seen.attempts for hop in attempt.hops]
    assert [len(hop.body) < hop.size == len(body) for hop in hops[:9] if hop is not None] == [
        True
    ] * 9
    assert peak < 48 * servers.MEGABYTE


# ---- The same for everybody --------------------------------------------------------------------


def test_a_download_is_uploaded_by_a_later_task() -> None:
    """A workflow downloads a file and sends it on, as a body and as a part of one: what arrives is
    what was sent.
    """
    answers = {"/down": servers.response(LARGE, ("Content-Type", "image/png")), "/up": servers.OK}
    up = {"type": "Http", "inputParameters": {"file": "${$.tasks['Down'].output.body}"}}
    raw = {
        "method": "POST",
        "headers": {"Content-Type": "application/octet-stream"},
        "body": "${$.file}",
    }
    form = {
        "method": "POST",
        "headers": {"Content-Type": "multipart/form-data"},
        "body": {"a": 1, "file": "${$.file}"},
    }
    with servers.raw_server(by_path(answers)) as server, runtime(limits=SMALL) as shared:
        tasks = {
            "Down": {
                "type": "Http",
                "httpRequest": {"url": server.url + "/down"},
                "nextTask": "Raw",
            },
            "Raw": {**up, "httpRequest": {"url": server.url + "/up", **raw}, "nextTask": "Parts"},
            "Parts": {**up, "httpRequest": {"url": server.url + "/up", **form}, "end": True},
        }
        run = run_workflow(
            WorkflowDefinition({"name": "Send on", "startTask": "Down", "tasks": tasks}),
            runtime=shared,
        )
        assert run.status == "Completed", run.error
        _, raw_request, parts_request = server.received
    assert raw_request.partition(b"\r\n\r\n")[2] == LARGE
    parts = parts_request.partition(b"\r\n\r\n")[2]
    assert LARGE in parts
    assert b"Content-Type: image/png" in parts


def test_every_way_to_call_gives_the_same(tmp_path: Path) -> None:
    """call, acall, a step of a workflow and a test request see one result; the test request stores
    nothing.
    """
    answers = {
        "/json": servers.response(b'{"a": [1]}', servers.JSON, ("Set-Cookie", "a=1")),
        "/text": servers.response(b"caf\xe9", ("Content-Type", "text/plain; charset=latin1")),
        "/file": servers.response(BYTES, BINARY),
    }

    async def asynchronously(url: str, folder: Path) -> list[Any]:
        async with runtime(files=folder) as shared:
            task = HttpTask(http(url), runtime=shared)
            called, run = await task.acall(), await task.arun(Inputs())
            return [called.to_json(), run.output, (await task.atest_request()).to_json()]

    with servers.raw_server(by_path(answers)) as server:
        for path in answers:
            folder = tmp_path / path[1:]
            with runtime(files=folder) as shared:
                task = HttpTask(http(server.url + path), runtime=shared)
                tested = task.test_request().to_json()
                assert not folder.exists()
                results = [task.call().to_json()]
            results += asyncio.run(asynchronously(server.url + path, folder))
            tested_too = results.pop()
            for result in results:
                del result["elapsedSeconds"]
            assert results[0] == results[1] == results[2]
            seen, again = (
                each["attempts"][0]["hops"][0]["response"] for each in (tested, tested_too)
            )
            assert seen == again
            body = results[0]["body"]
            assert (
                body == seen["decoded"]
                or {**seen["file"], "path": body["$file"]["path"]} == body["$file"]
            )


def test_a_secret_that_a_server_echoes_is_masked_in_what_is_cut_off() -> None:
    """A secret across the end of what an exchange shows of a large body: no part of it is shown."""

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> Credential:
            return Credential(name, "bearer", {"token": "canary-t0ken-of-some-length"})

    secret = b"canary-t0ken-of-some-length"
    for at in (65_536 - 10, 60, 65_536 - len(secret)):
        body = b"x" * at + secret + b"x" * 200_000
        with servers.raw_server(servers.respond(servers.response(body, BINARY))) as server:
            seen = exchange(http(server.url, credentials="v"), Vault(), limits=SMALL)
        assert seen.response is not None
        assert b"canary" not in seen.response.body
        assert "canary" not in json.dumps(seen.to_json())


def test_a_secret_that_a_server_echoes_compressed_is_masked_in_every_response() -> None:
    """Also in a redirect and in an earlier attempt, whose long bodies are decoded for no exchange;
    a short one is.
    """
    secret = "canary-t0ken-of-some-length"

    class Vault:
        @hookimpl
        def httptask_credential(self, name: str) -> Credential:
            return Credential(name, "bearer", {"token": secret})

    def sent(status: str, content: str, *headers: tuple[str, str]) -> servers.Handler:
        body = servers.compressed(content.encode())
        return servers.respond(servers.response(body, TEXT, servers.GZIP, *headers, status=status))

    handlers = [
        sent("503 Busy", f"k={secret}"),
        sent("503 Busy", secret + " " * 70_000),
        sent("302 Found", secret, ("Location", "/done")),
        sent("200 OK", "done"),
    ]
    with servers.raw_server(servers.sequence(*handlers)) as server:
        seen = exchange(
            http(server.url, credentials="v", retry={"maxAttempts": 3, "intervalSeconds": 0}),
            Vault(),
        )
    responses = [hop.response for attempt in seen.attempts for hop in attempt.hops]
    shown = [(each.decoded, each.body, each.truncated) for each in responses if each]
    last = (None, b"", True)
    assert shown[:3] == [("k=•••", "•••".encode(), False), last, last]
    assert (len(shown), shown[3][0]) == (4, "done")


@pytest.mark.parametrize(("blanks", "quoted"), [(65_536 - 10, ""), (40_000, "•••")])
def test_a_message_quotes_no_part_of_a_secret(blanks: int, quoted: str) -> None:
    """Not of one that is cut off where the search for secrets ends, either."""
    secret = b"canary-t0ken-of-some-length"
    body = bytearray(b" " * blanks + secret + b" " * 40_000)
    received = Received("1.1", 500, "Oops", (TEXT,), body, complete=True)
    redactor = Redactor([secret.decode()])
    error = outcome(received, view_of(received, Limits(), redactor), redactor)
    assert str(error) == f"the server answered 500 Oops: {quoted}"
