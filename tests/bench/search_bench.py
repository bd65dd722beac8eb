"""How well and how fast the catalogue is searched: the queries of `queries.json`, and each as it is
being typed.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from httptask.catalogue import _search

QUERIES = Path(__file__).with_name("queries.json")
FIRST = 3
"""The wanted endpoint is to be among so many hits."""
LIMIT = 20
HOSTILE = {
    "one letter": "a",
    "one CJK letter": "取",
    "two letters": "re",
    "16 frequent words": (
        "id get api for service microsoft the a data post namespace o graph odata beta list"
    ),
    "16 beginnings": "i g ap fo se mi th a da po na o gr od be li",
    "400 letters": "x" * 400,
    "400 letters in parts": "a-" * 200,
    "quotes": '"' * 400,
    "NUL": "get\0user\0" * 40,
    "only punctuation": "(*^-+:{}[]" * 40,
    "16 unknown words": " ".join(f"zq{letter}xwvk{letter}j" for letter in "abcdefghijklmnop"),
    "16 misspelt words": (
        "custmoer acount usre mesage projcet repositroy isue playlsit droplte paymnet invocie"
        " contanier clsuter instnace memebr organziation"
    ),
    "16 unrelated words": (
        "stripe slack kubernetes sendgrid twilio weather iban qr joke telegram spotify zoom nasa"
        " xkcd vat pdf"
    ),
}
"""What nobody means well by."""

Query = Mapping[str, Any]


def measure(catalogue_path: str | Path, *, once: bool = False) -> list[tuple[str, str]]:
    """Return (what, figure) lines for the catalogue at *catalogue_path*; the misses come last.

    *once* takes a few queries: to see that the figures can be taken.
    """
    queries: list[Query] = json.loads(QUERIES.read_text(encoding="utf-8"))
    queries = queries[:10] if once else queries
    connection = sqlite3.connect(f"file:{catalogue_path}?mode=ro", uri=True)
    try:
        for words, filters in _typed(queries):  # the file is warm from now on
            _search.search(connection, words, limit=LIMIT, **filters)
        whole = sorted(_seconds(connection, query["words"], _filters(query)) for query in queries)
        began = time.process_time()
        typed = sorted(_seconds(connection, words, filters) for words, filters in _typed(queries))
        work = (time.process_time() - began) / len(typed)
        hostile = {name: _seconds(connection, words, {}) for name, words in HOSTILE.items()}
        misses = [line for query in queries if (line := _miss(connection, query))]
    finally:
        connection.close()
    share = 1 - len(misses) / len(queries)
    worst = max(hostile, key=lambda name: hostile[name])
    return [
        ("search, whole queries, p50", f"{_at(whole, 0.5):.1f} ms"),
        ("search, whole queries, p99", f"{_at(whole, 0.99):.1f} ms"),
        (f"search, each of {len(typed)} prefixes while typing, p50", f"{_at(typed, 0.5):.1f} ms"),
        ("search, prefixes, p99", f"{_at(typed, 0.99):.1f} ms"),
        ("search, prefixes, worst", f"{typed[-1] * 1000:.1f} ms"),
        ("search, prefixes, mean CPU time, whatever else runs", f"{work * 1000:.1f} ms"),
        (f"search, hostile queries, worst ({worst})", f"{hostile[worst] * 1000:.1f} ms"),
        (f"wanted endpoint in the first {FIRST} of {len(queries)} queries", f"{share:.1%}"),
        *(("missed", line) for line in misses),
    ]


def _at(seconds: list[float], share: float) -> float:
    return seconds[min(int(len(seconds) * share), len(seconds) - 1)] * 1000


def _seconds(connection: sqlite3.Connection, words: str, filters: Mapping[str, Any]) -> float:
    began = time.perf_counter()
    _search.search(connection, words, limit=LIMIT, **filters)
    return time.perf_counter() - began


def _filters(query: Query) -> dict[str, Any]:
    return {name: query[name] for name in ("provider", "method") if name in query}


def _typed(queries: list[Query]) -> Iterator[tuple[str, dict[str, Any]]]:
    for query in queries:
        for length in range(1, len(query["words"]) + 1):
            yield query["words"][:length], _filters(query)


def _miss(connection: sqlite3.Connection, query: Query) -> str:
    """Return what is wrong with the hits for *query*; "" for nothing."""
    hits = _search.search(connection, query["words"], limit=LIMIT, **_filters(query))
    wanted = {(each["provider"], each["method"], each["path"]) for each in query["wanted"]}
    places = [
        at
        for at, hit in enumerate(hits, 1)
        if (hit.provider.split(".")[0], hit.method, hit.path) in wanted
    ]
    if places and places[0] <= FIRST:
        return ""
    first = (
        ", ".join(f"{hit.provider} {hit.method} {hit.path}" for hit in hits[:FIRST]) or "nothing"
    )
    return f"{query['words']!r} ({f'place {places[0]}' if places else 'not found'}): {first}"


if __name__ == "__main__":
    for what, figure in measure(sys.argv[1]):
        print(f"{what:<70} {figure}")
