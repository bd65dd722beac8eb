"""The items of a streamed response are told while it comes."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import pytest

from httptask._core.redaction import MASK, Redactor
from httptask.designer._arriving import Arriving
from httptask.sending import Received

Headers = tuple[tuple[str, str], ...]

# HTML, section 9.2.6, the examples, with what a client dispatches for each.
EVENTS = (
    ": test stream\n\ndata: first event\nid: 1\n\n"
    "event: add\r\ndata: 73857293\r\n\r\ndata:second event\rdata: goes on\rid\r\r"
    "data:  third event\n\ndata: never ended"
)
DISPATCHED: list[tuple[str | None, str]] = [
    (None, "first event"),
    ("add", "73857293"),
    (None, "second event\ngoes on"),
    (None, " third event"),
]
LINES = '{"a": 1}\r\n\n["ü"]\n{"b": "\u2028"}\n{"never": '
LINES_TOLD: list[tuple[str | None, str]] = [
    (None, '{"a": 1}'),
    (None, '["ü"]'),
    (None, '{"b": "\u2028"}'),
]
RECORDS = '\x1e{"a": 1}\n\x1e[2,\x1e"3"\n\x1e{"never'
RECORDS_TOLD: list[tuple[str | None, str]] = [(None, '{"a": 1}'), (None, "[2,"), (None, '"3"')]


def received(media_type: str, *headers: tuple[str, str]) -> Received:
    return Received("1.1", 200, "OK", (("Content-Type", media_type), *headers))


def arrived(came: Received, body: bytes, cuts: list[int]) -> list[dict[str, Any]]:
    """Return the items that are told while *body* comes in the pieces between *cuts*."""
    arriving, items = Arriving(Redactor()), []
    for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
        came.body += body[start:end]
        news = arriving.news(came)
        if news is not None:
            items += news["items"]
            assert news["count"] == len(items)
    assert arriving.news(came) is None
    return items


@pytest.mark.parametrize(
    ("media_type", "text", "expected"),
    [
        ("text/event-stream", EVENTS, DISPATCHED),
        ("application/x-ndjson", LINES, LINES_TOLD),
        ("application/json-seq", RECORDS, RECORDS_TOLD),
    ],
)
def test_items_are_told_once_each_however_they_are_cut(
    media_type: str, text: str, expected: list[tuple[str | None, str]]
) -> None:
    """An item is told when it is whole, in order, with its number; what never ended is not."""
    body = text.encode()
    packed = gzip.compress(body)
    dice = random.Random(7)
    for whole, header in ((body, ()), (packed, (("Content-Encoding", "gzip"),))):
        every = list(range(1, len(whole)))
        for cuts in ([], every, *(sorted(dice.sample(every, 9)) for _ in range(30))):
            items = arrived(received(media_type, *header), whole, cuts)
            assert [(item.get("name"), item["text"]) for item in items] == expected
            assert [item["number"] for item in items] == list(range(1, len(expected) + 1))


def test_a_charset_is_followed() -> None:
    """JSON lines are read in the charset that the response names."""
    came = received("application/x-ndjson; charset=iso-8859-1")
    (item,) = arrived(came, '"ü"\n'.encode("latin-1"), [2])
    assert item["text"] == '"ü"'


def test_what_is_told_is_masked_and_bounded() -> None:
    """A known secret is masked wherever an item has it, at a cut, too; long items are cut; of many,
    the last are told; and what goes on for ever is told no further."""
    redactor = Redactor(["s3cret-token"])
    came, arriving = received("text/event-stream"), Arriving(redactor)
    came.body += b"event: s3cret-token\ndata: a s3cret-"
    assert arriving.news(came) is None
    came.body += b"token b\n\n"
    news = arriving.news(came)
    assert news is not None
    assert news["items"] == [{"number": 1, "name": MASK, "text": f"a {MASK} b"}]
    came.body += b"data: " + b"x" * 5_114 + b"s3cret-token" + b"y" * 100 + b"\n\n"
    news = arriving.news(came)
    assert news is not None
    (item,) = news["items"]
    assert item["text"] == "x" * 5_114 + MASK + "y" * (5_120 - 5_114 - len(MASK)) + "…"
    came.body += b"data: 1\n\n" * 1_000
    news = arriving.news(came)
    assert news is not None
    assert (news["count"], news["isMore"]) == (1_002, False)
    assert [item["number"] for item in news["items"]] == list(range(903, 1_003))
    came.body += b"data: " + b"x" * 1_100_000
    news = arriving.news(came)
    assert news is not None
    assert (news["count"], news["items"], news["isMore"]) == (1_002, [], True)
    came.body += b"\n\ndata: 2\n\n"
    assert arriving.news(came) is None


@pytest.mark.parametrize(
    ("media_type", "headers"),
    [("application/json", ()), ("text/event-stream", (("Content-Encoding", "gzip"),))],
)
def test_what_is_no_stream_or_cannot_be_read_tells_nothing(
    media_type: str, headers: Headers
) -> None:
    """Its response or its error says what it is."""
    came, arriving = received(media_type, *headers), Arriving(Redactor())
    came.body += json.dumps([1]).encode() + b"\n\n"
    news = arriving.news(came)
    assert news is None or (news["count"], news["isMore"]) == (0, True)


def test_another_response_begins_anew() -> None:
    """A second hop has items of its own, from 1."""
    arriving = Arriving(Redactor())
    for text in (b"1\n2\n", b"3\n"):
        came = received("application/x-ndjson")
        came.body += text
        news = arriving.news(came)
        assert news is not None
        assert news["items"][0]["number"] == 1
