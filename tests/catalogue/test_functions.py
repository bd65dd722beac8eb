"""Functions: endpoints whose path is nothing but a verb, as in `/youtube/v3/search`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from httptask.catalogue import Catalogue
from httptask.model.api import Api, Endpoint

YOUTUBE = Api("youtube", "YouTube Data API v3", "v3")
CALLS = (
    ("googleapis", YOUTUBE, "GET", "/youtube/v3/search", "Retrieves a list of search resources"),
    ("googleapis", YOUTUBE, "GET", "/youtube/v3/videos", "Retrieves a list of resources"),
    ("googleapis", YOUTUBE, "POST", "/youtube/v3/videos", "Inserts a new resource"),
    ("googleapis", YOUTUBE, "GET", "/youtube/v3/playlists", "Retrieves a list of resources"),
    ("tunes", Api(title="Tunes"), "GET", "/search", "Search for an item"),
    ("tunes", Api(title="Tunes"), "GET", "/tracks/{id}", "Get a track"),
    ("tunes", Api(title="Tunes"), "GET", "/tracks", "Get several tracks"),
    ("clips", Api(title="Clips"), "GET", "/videos/search", "Search for videos"),
    ("clips", Api(title="Clips"), "GET", "/search", "Search"),
    ("clips", Api(title="Clips"), "GET", "/videos", "List videos"),
    ("box", Api(title="Box"), "POST", "/create", "Create"),
    ("box", Api(title="Box"), "POST", "/folders", "Create a folder"),
    ("box", Api(title="Box"), "POST", "/2024-01-01/upload", "Upload"),
    ("box", Api(title="Box"), "GET", "/files", "List files"),
)


@pytest.fixture
def catalogue() -> Iterator[Catalogue]:
    with Catalogue.open(":memory:") as catalogue:
        catalogue.put(
            [
                Endpoint(f"{provider}-{number}", method, path, provider, api, title)
                for number, (provider, api, method, path, title) in enumerate(CALLS)
            ],
            source="test",
        )
        yield catalogue


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("youtube search videos", "GET /youtube/v3/search"),
        ("youtube videos search", "GET /youtube/v3/search"),
        ("youtube search", "GET /youtube/v3/search"),
        ("tunes search tracks", "GET /search"),
        ("box upload file", "POST /2024-01-01/upload"),
    ],
)
def test_function_of_the_named_api_comes_first(
    catalogue: Catalogue, words: str, wanted: str
) -> None:
    """A function is found by its API, its verb and its object, which it may not name."""
    first = catalogue.search(words)[0]
    assert f"{first.method} {first.path}" == wanted


def test_function_that_lacks_a_word_says_so(catalogue: Catalogue) -> None:
    """A hit that lacks a word never claims to have all of them, and comes once."""
    hits = catalogue.search("youtube search videos")
    assert [(hit.path, hit.match) for hit in hits][:2] == [
        ("/youtube/v3/search", "some"),
        ("/youtube/v3/videos", "all"),
    ]
    assert len({hit.id for hit in hits}) == len(hits)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("clips search videos", "GET /videos/search"),
        ("search videos", "GET /videos/search"),
        ("youtube list videos", "GET /youtube/v3/videos"),
        ("youtube insert videos", "POST /youtube/v3/videos"),
        ("tunes tracks", "GET /tracks"),
        ("box create folder", "POST /folders"),
    ],
)
def test_endpoint_with_the_object_comes_before_a_function_without(
    catalogue: Catalogue, words: str, wanted: str
) -> None:
    """The object's own search comes first, and so does the object where another verb is asked."""
    first = catalogue.search(words)[0]
    assert f"{first.method} {first.path}" == wanted
