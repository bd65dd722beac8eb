"""How a page shows the body of a response, and what its file is called."""

from __future__ import annotations

import gzip

import pytest

from httptask.designer._shown_bodies import file_name, shown_as, unpacked
from httptask.model.exchange import RawResponse


@pytest.mark.parametrize(
    ("media_type", "decoded_as", "expected"),
    [
        ("application/json", "json", "json"),
        ("application/vnd.x+json", "json", "json"),
        ("application/x-ndjson", "json", "items"),
        ("text/event-stream", "json", "items"),
        ("text/html", "text", "html"),
        ("text/html", "json", "json"),
        ("text/html", None, "file"),
        ("image/svg+xml", "text", "image"),
        ("image/png", None, "image"),
        ("image/tiff", None, "file"),
        ("text/csv", "text", "csv"),
        ("application/atom+xml", "text", "xml"),
        ("text/plain", "text", "text"),
        ("", "text", "text"),
        ("application/pdf", None, "file"),
    ],
)
def test_a_body_is_shown_as_what_it_is(
    media_type: str, decoded_as: str | None, expected: str
) -> None:
    """A type that browsers draw, and what the body could be read as, decide."""
    assert shown_as(media_type, decoded_as) == expected


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ("attachment; filename*=UTF-8''%C3%A4.pdf; filename=\"a.pdf\"", "ä.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("", "response-200.pdf"),
    ],
)
def test_a_file_is_called_what_the_server_calls_it(disposition: str, expected: str) -> None:
    """Without a path; where it has no name, by its status and type."""
    headers = (("Content-Disposition", disposition),) if disposition else ()
    assert file_name(RawResponse("HTTP/1.1", 200, "", headers, b""), "application/pdf") == expected


def test_a_body_is_unpacked_as_far_as_it_can_be() -> None:
    """A bomb, a broken body and an unknown coding are left alone."""
    assert unpacked(gzip.compress(b"abc"), "gzip") == b"abc"
    assert unpacked(b"abc", "gzip") is None
    assert unpacked(b"abc", "zstandard-2") is None
    bomb = gzip.compress(bytes(80 * 1024 * 1024))
    assert unpacked(bomb, "gzip") is None
