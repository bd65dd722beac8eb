"""The catalogue's file: definitions kept once, imports that replace imports, older files, and a
process that is killed.
"""

from __future__ import annotations

import json
import pickle
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.catalogue import Catalogue, ImportCounts, _file, _pack, _reader, prepare
from httptask.catalogue._index import number_bucket
from httptask.errors import CatalogueError, UnknownEndpointError
from httptask.model.api import Api, Endpoint, MediaType, Parameter, RequestBody, Response

SHOP = Api("shop", "Shop API", "1.2")
REFERENCE = "#/$defs/"


def ref(name: str) -> dict[str, str]:
    return {"$ref": REFERENCE + name}


def operation(
    path: str, takes: str = "", gives: str = "", method: str = "GET", **fields: Any
) -> Endpoint:
    """An endpoint of acme's shop whose body is the definition *takes* and whose answer is
    *gives*.
    """
    slug = path.strip("/").replace("/", "-")
    values: dict[str, Any] = {
        "id": f"acme-{slug}-{method.lower()}",
        "provider": "acme",
        "api": SHOP,
        "source": "shop.json",
    }
    if takes:
        values["request_body"] = RequestBody({"application/json": MediaType(ref(takes))})
    if gives:
        values["responses"] = {
            "200": Response("Fine", {}, {"application/json": MediaType(ref(gives))})
        }
    return Endpoint(method=method, path=path, **(values | fields))


def references(value: Any) -> set[str]:
    """The names of all definitions that *value* refers to: a walk over everything, unlike the one
    that is tested.
    """
    if isinstance(value, Mapping):
        own = (
            {value["$ref"].removeprefix(REFERENCE)} if isinstance(value.get("$ref"), str) else set()
        )
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def assert_sound(path: Path) -> None:
    """SQLite finds nothing wrong, the counts are right, no block is left over, and the index holds
    what a fresh one holds.
    """
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for table in ("name", "everything"):
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
    counted = connection.execute(
        "SELECT number, endpoints, (SELECT count(*) FROM endpoint WHERE description = d.number)"
        " FROM description AS d"
    ).fetchall()
    assert [said for _, said, _ in counted] == [found for _, _, found in counted]
    assert all(said > 0 for _, said, _ in counted)
    owners = {number >> 32 for (number,) in connection.execute("SELECT number FROM block")}
    assert owners == {number for number, _, _ in counted}
    words = connection.execute("SELECT term, names, everywhere FROM word ORDER BY term").fetchall()
    connection.close()
    with Catalogue.open(path) as catalogue, Catalogue.open(":memory:") as fresh:
        for each in list(fresh.endpoints()):
            fresh.remove(each.id)
        fresh.put(list(catalogue.endpoints()), source="s")
        assert (
            words
            == fresh._connection.execute(
                "SELECT term, names, everywhere FROM word ORDER BY term"
            ).fetchall()
        )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.sqlite3"


@pytest.fixture
def catalogue(path: Path) -> Iterator[Catalogue]:
    """A catalogue without the shipped endpoints."""
    with Catalogue.open(path) as opened:
        for each in list(opened.endpoints()):
            opened.remove(each.id)
        yield opened


# --- definitions --------------------------------------------------------------------------------

TREE = {
    "Order": {"type": "object", "properties": {"item": ref("Item"), "parent": ref("Order")}},
    "Item": {"allOf": [ref("Priced"), {"type": "object"}]},
    "Priced": {"properties": {"price": {"type": "number"}, "of": ref("Item")}},
    "Error": {"type": "object", "properties": {"code": {"type": "string"}}},
    "Unused": {"type": "string"},
}


def test_an_endpoint_comes_back_with_just_the_definitions_it_needs(catalogue: Catalogue) -> None:
    """However many the description has: those its schemas refer to, directly or not, in circles or
    not; also when closed.
    """
    orders = operation("/orders", "Order", "Error", "POST", definitions=TREE)
    errors = operation("/errors", gives="Error", definitions=TREE)
    plain = operation("/plain", definitions=TREE)
    catalogue.put([orders, errors, plain], source="shop.json")
    found = [catalogue.get(each.id) for each in (orders, errors, plain)]
    catalogue.close()
    assert [set(each.definitions) for each in found] == [
        {"Order", "Item", "Priced", "Error"},
        {"Error"},
        set(),
    ]
    assert found[0] == replace(
        orders, definitions={name: TREE[name] for name in ("Order", "Item", "Priced", "Error")}
    )
    assert found[1].to_json()["$defs"] == {"Error": TREE["Error"]}
    assert found[2] == replace(plain, definitions={})
    assert pickle.loads(pickle.dumps(found[0])) == found[0]


def test_definitions_are_kept_once(catalogue: Catalogue, path: Path) -> None:
    """A definition of 100 KB that a thousand endpoints need is not there a thousand times."""
    large = {"enum": [f"{number * 7919 % 1_000_003:x}" for number in range(15_000)]}
    text = json.dumps(large)
    made = [
        operation(f"/things/{number}", gives="Large", definitions={"Large": large})
        for number in range(3)
    ]
    shared = {"Large": large}
    catalogue.put(
        [
            replace(made[0], path=f"/{number}", id=f"a-{number}", definitions=shared)
            for number in range(1000)
        ],
        source="a",
    )
    (stored,) = rows(path, "SELECT sum(length(data)) FROM block")[0]
    assert len(text) > 100_000
    assert stored < len(text)


def test_only_definitions_that_are_needed_are_made(catalogue: Catalogue) -> None:
    """An importer may convert a definition when it is asked for it; nobody asks for others, or
    twice.
    """
    asked: list[str] = []

    class Lazy(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            asked.append(name)
            return TREE[name]

        def __contains__(self, name: object) -> bool:
            return name in TREE

        def __iter__(self) -> Iterator[str]:
            raise AssertionError("all were asked for")

        def __len__(self) -> int:
            raise AssertionError("all were asked for")

    lazy = Lazy()

    def endpoints() -> Iterator[Endpoint]:
        yield operation("/items", gives="Item", definitions=lazy)
        assert sorted(asked) == [
            "Item",
            "Priced",
        ], "before the next endpoint is asked for: their notes come in time"
        yield operation("/orders", gives="Order", definitions=lazy)

    catalogue.put(endpoints(), source="shop.json")
    assert sorted(asked) == ["Item", "Order", "Priced"]


def test_one_name_may_mean_two_things_in_two_mappings(catalogue: Catalogue) -> None:
    """Endpoints that do not share a mapping do not share definitions."""
    texts, numbers = (
        operation(
            f"/{kind}s", gives="Thing", definitions={"Thing": ref("Part"), "Part": {"type": kind}}
        )
        for kind in ("string", "number")
    )
    catalogue.put(
        [texts, numbers, replace(texts, path="/more", id="acme-more")], source="shop.json"
    )
    assert catalogue.get(texts.id) == texts
    assert catalogue.get(numbers.id) == numbers
    assert catalogue.get("acme-more").definitions == texts.definitions


NAMES = [
    "a b",
    "a/b",
    "a~b",
    "50%",
    'say "hi"',
    "\\",
    "Straße",
    "邮件",
    "tab\there",
    "line\nfeed",
    "\u2028",
    "$ref",
    "__proto__",
    "\ud800",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_of_a_definition_works(catalogue: Catalogue, name: str) -> None:
    """Names hold letters and digits; if others slip through, they are found in a reference as RFC
    6901 writes them, too.
    """
    definitions = {name: {"type": "string", "description": "meant"}}
    pointer = name.replace("~", "~0").replace("/", "~1").replace("%", "%25").replace(" ", "%20")
    made = operation("/a", gives=pointer, definitions=definitions)
    catalogue.put([made], source="s")
    assert catalogue.get(made.id) == made


def test_a_reference_to_nothing_is_any_value(catalogue: Catalogue) -> None:
    """No schema that comes out of the catalogue refers to something that is not there."""
    catalogue.put([operation("/a", gives="Lost", definitions={})], source="s")
    assert set(catalogue.get("acme-a-get").definitions["Lost"]) == {"$comment"}


@pytest.mark.parametrize(
    ("most", "room"),
    [(3, 10**6), (10**6, 400), (1, 1), (0, 0), (10, 900)],
    ids=["count", "bytes", "one", "none", "both"],
)
def test_what_is_too_much_is_left_out_and_said(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, most: int, room: int
) -> None:
    """Within the bounds, the request's definitions first; beyond, each is any value, and none is
    missing.
    """
    chain = {f"{kind}{number}": {"properties": {"next": ref(f"{kind}{number + 1}")}, "description": "x" * 100}
             for kind in ("In", "Out") for number in range(20)}  # fmt: skip
    chain |= {"In20": {"type": "string"}, "Out20": {"type": "string"}, "Far": {"type": "number"}}
    made = operation(
        "/a",
        "In0",
        "Out0",
        definitions=chain,
        parameters=(Parameter("x", "query", schema=ref("Far")),),
    )
    catalogue.put([made], source="s")
    assert catalogue.get(made.id) == made
    monkeypatch.setattr(_reader, "MOST_DEFINITIONS", most)
    monkeypatch.setattr(_reader, "MOST_DEFINED", room)
    found = catalogue.get(made.id)
    kept = {name: schema for name, schema in found.definitions.items() if schema == chain[name]}
    assert len(kept) <= most
    assert sum(len(json.dumps(schema, separators=(",", ":"))) for schema in kept.values()) <= room
    assert not any(name.startswith("Out") for name in kept) or all(
        f"In{number}" in kept for number in range(20)
    )
    assert references(found.to_json()) <= set(found.definitions)
    for name in found.definitions.keys() - kept.keys():
        assert list(found.definitions[name]) == ["$comment"]
        assert found.definitions[name]["$comment"].startswith("left out: ")


def test_a_large_definition_does_not_keep_out_small_ones(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is left out by itself."""
    definitions = {"Large": {"description": "x" * 1000}, "Small": {"type": "string"}}
    made = operation("/a", "Large", "Small", definitions=definitions)
    catalogue.put([made], source="s")
    monkeypatch.setattr(_reader, "MOST_DEFINED", 500)
    found = catalogue.get(made.id).definitions
    assert found["Small"] == {"type": "string"}
    assert list(found["Large"]) == ["$comment"]


def test_deep_chains_of_definitions_are_no_recursion(catalogue: Catalogue) -> None:
    """Each refers to the next, the last to the first: 20,000 of them are stored, compared and
    bounded.
    """
    count = 20_000
    ring = {f"D{number}": {"not": ref(f"D{(number + 1) % count}")} for number in range(count)}
    made = operation("/a", "D0", definitions=ring)
    assert catalogue.put([made], source="s").added == 1
    assert catalogue.put([made], source="s").unchanged == 1
    assert (
        catalogue.put(
            [replace(made, definitions=ring | {"D7": {"type": "null"}})], source="s"
        ).replaced
        == 1
    )
    assert len(catalogue.get(made.id).definitions) <= _reader.MOST_DEFINITIONS + 1


# --- what an import changes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "replaced"),
    [
        ("Order", {"/orders"}),
        ("Priced", {"/orders", "/items"}),
        ("Error", {"/orders", "/errors"}),
        ("Unused", set()),
    ],
)
def test_a_changed_definition_replaces_just_the_endpoints_that_reach_it(
    catalogue: Catalogue, changed: str, replaced: set[str]
) -> None:
    """Also through a circle; and what is stored is the new one, for all of them."""

    def described(definitions: Mapping[str, Any]) -> list[Endpoint]:
        return [
            operation("/orders", "Order", "Error", definitions=definitions),
            operation("/items", gives="Item", definitions=definitions),
            operation("/errors", gives="Error", definitions=definitions),
        ]

    catalogue.put(described(TREE), source="shop.json", whole=True)
    newer = TREE | {changed: TREE[changed] | {"description": "changed"}}
    counts = [
        prepare([each], source="shop.json").apis[0].entries[0].fingerprint
        == prepare([other], source="shop.json").apis[0].entries[0].fingerprint
        for each, other in zip(described(TREE), described(newer), strict=True)
    ]
    assert [
        each.path for each, same in zip(described(TREE), counts, strict=True) if not same
    ] == sorted(replaced, key=[each.path for each in described(TREE)].index)
    done = catalogue.put(described(newer), source="shop.json", whole=True)
    assert (done.replaced, done.unchanged) == (len(replaced), 3 - len(replaced))
    for each in described(newer):
        assert catalogue.get(each.id).definitions == {
            name: newer[name] for name in catalogue.get(each.id).definitions
        }


def test_order_of_definitions_and_endpoints_is_no_change(catalogue: Catalogue) -> None:
    """A description that was only rearranged changes nothing."""
    made = [
        operation(f"/{name}", gives=name, definitions=TREE) for name in ("Order", "Item", "Error")
    ]
    catalogue.put(made, source="shop.json", whole=True)
    turned = dict(reversed(TREE.items()))
    done = catalogue.put(
        [replace(each, definitions=turned) for each in reversed(made)],
        source="shop.json",
        whole=True,
    )
    assert (done.added, done.replaced, done.unchanged, done.removed) == (0, 0, 3, 0)


def test_a_whole_description_takes_away_what_it_no_longer_says(
    catalogue: Catalogue, path: Path
) -> None:
    """Of the same source and API only, and never from a description that is not whole."""
    one, two, three = (operation(f"/{name}") for name in ("one", "two", "three"))
    other = replace(operation("/other"), id="acme-other-api", api=Api("stock"))
    page = replace(operation("/page"), source="page.txt")
    catalogue.put([one, two], source="shop.json", whole=True)
    catalogue.put([other], source="shop.json")
    catalogue.put([page], source="page.txt")
    done = catalogue.put([two, three], source="shop.json", whole=True)
    assert (done.added, done.unchanged, done.removed) == (1, 1, 1)
    assert {each.path for each in catalogue.endpoints()} == {"/two", "/three", "/other", "/page"}
    assert catalogue.search("one") == []
    assert catalogue.put([one], source="shop.json").removed == 0
    assert len(catalogue) == 5
    assert_sound(path)


def test_a_description_of_another_source_takes_an_endpoint_over(
    catalogue: Catalogue, path: Path
) -> None:
    """Then the former source's next whole import leaves it alone unless it describes it, and
    importing that is worth it.
    """
    one, two = operation("/one"), operation("/two")
    catalogue.put([one, two], source="old.json", digest=b"old", whole=True)
    newer = replace(one, title="Newer")
    done = catalogue.put([newer], source="new.json", digest=b"new", whole=True)
    assert (done.replaced, done.removed, done.ids) == (1, 0, (one.id,))
    assert catalogue.known(b"old") is None
    assert catalogue.known(b"new") == ImportCounts("new.json", unchanged=1, ids=(one.id,))
    assert catalogue.put([two], source="old.json", digest=b"old 2", whole=True).removed == 0
    assert catalogue.get(one.id) == newer
    catalogue.put([one, two], source="old.json", digest=b"old", whole=True)
    assert catalogue.get(one.id) == one
    assert catalogue.known(b"new") is None
    assert_sound(path)


def test_the_same_path_of_two_apis_is_two_endpoints(catalogue: Catalogue) -> None:
    """Provider, API's name, path and method say which endpoint it is."""
    shop, stock = (
        operation("/things"),
        replace(operation("/things"), api=Api("stock"), title="In stock"),
    )
    done = catalogue.put(
        [shop, stock, replace(shop, provider="ACME")], source="both.json", whole=True
    )
    assert (done.added, done.replaced) == (2, 1)
    assert done.ids[0] == done.ids[2] == shop.id != done.ids[1]
    assert catalogue.get(done.ids[1]) == replace(stock, id=done.ids[1])
    assert len(catalogue) == 2


def test_known_is_what_was_imported_and_is_all_there(catalogue: Catalogue) -> None:
    """A digest is known until an endpoint is removed or replaced from elsewhere; no digest is never
    known.
    """
    made = [operation("/one"), operation("/two")]
    done = catalogue.put(made, source="shop.json", digest=b"1", whole=True)
    assert catalogue.known(b"1") == ImportCounts("shop.json", unchanged=2, ids=done.ids)
    assert catalogue.known(b"2") is None
    catalogue.put(made, source="shop.json", digest=b"2", whole=True)
    assert (catalogue.known(b"1"), catalogue.known(b"2")) == (
        None,
        ImportCounts("shop.json", unchanged=2, ids=done.ids),
    )
    catalogue.put(made, source="again.json", digest=b"2", whole=True)
    assert catalogue.known(b"2") == ImportCounts("again.json", unchanged=2, ids=done.ids)
    catalogue.remove(made[0].id)
    assert catalogue.known(b"2") is None
    catalogue.put(made, source="shop.json", whole=True)
    assert catalogue.known(b"") is None


def test_one_endpoint_twice_in_a_description_is_there_once(
    catalogue: Catalogue, path: Path
) -> None:
    """The last counts, and the digest stays known."""
    first, last = operation("/one", title="First"), operation("/one", title="Last")
    done = catalogue.put(
        [first, operation("/two"), last], source="shop.json", digest=b"1", whole=True
    )
    assert (done.added, done.replaced, done.ids) == (2, 1, (first.id, "acme-two-get", first.id))
    assert catalogue.get(first.id) == last
    known = catalogue.known(b"1")
    assert known is not None
    assert known.unchanged == len(catalogue) == 2
    assert_sound(path)


def test_an_endpoint_that_is_now_deprecated_is_numbered_anew(
    catalogue: Catalogue, path: Path
) -> None:
    """Its number says how plain it is: a search for frequent words looks at the lowest numbers."""
    made = operation("/one")
    for each in (made, replace(made, deprecated=True)):
        catalogue.put([each], source="shop.json")
        assert [number >> 40 for (number,) in rows(path, "SELECT number FROM endpoint")] == [
            number_bucket(each)
        ]
    assert [hit.id for hit in catalogue.search("one")] == [made.id]
    assert_sound(path)


def test_endpoints_of_one_hash_are_told_apart(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers under which endpoints are looked up only narrow the search."""
    monkeypatch.setattr(_pack, "_identity", lambda endpoint: 7)
    made = [operation(f"/{number}") for number in range(20)]
    assert catalogue.put(made, source="s").added == 20
    assert catalogue.put(made, source="s").unchanged == 20
    assert [catalogue.get(each.id) for each in made] == made


# --- prepared elsewhere -------------------------------------------------------------------------


def test_prepared_sources_are_written_together_or_not_at_all(
    catalogue: Catalogue, path: Path
) -> None:
    """What another process prepared is written in one transaction, and counted for each source."""
    first = prepare([operation("/one", gives="Item", definitions=TREE)], source="a", digest=b"a")
    second = prepare([operation("/one"), operation("/two")], source="b", digest=b"b")
    done = catalogue.put_prepared(pickle.loads(pickle.dumps([first, second])))
    assert done == [
        ImportCounts("a", added=1, ids=("acme-one-get",)),
        ImportCounts("b", added=1, replaced=1, ids=("acme-one-get", "acme-two-get")),
    ]
    assert (first.count, second.count) == (1, 2)
    assert (catalogue.known(b"a"), catalogue.put_prepared([])) == (None, [])
    before = list(catalogue.endpoints())
    broken = replace(second, apis=(replace(second.apis[0], blocks=((0, 0, object()),)),))  # type: ignore[arg-type]
    with pytest.raises((CatalogueError, AttributeError)):
        catalogue.put_prepared([prepare([operation("/three")], source="c"), broken])
    assert list(catalogue.endpoints()) == before
    assert_sound(path)


def test_preparing_keeps_little_in_memory() -> None:
    """A description is packed while it is read: 20 MB of endpoints never are in memory."""

    def endpoints() -> Iterator[Endpoint]:
        for number in range(200):
            yield operation(f"/{number}", description=f"{number} says much. " * 6_000)

    tracemalloc.start()
    try:
        prepared = prepare(endpoints(), source="s")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert prepared.count == 200
    assert peak < 10_000_000
    assert len(pickle.dumps(prepared)) < 2_000_000


def test_a_catalogue_is_far_smaller_than_what_it_was_read_from(path: Path) -> None:
    """At most half of the description, index included, when its endpoints are alike as real ones
    are.
    """
    definitions = {
        f"Thing{number}": {
            "type": "object",
            "description": f"A thing of kind {number * 7919 % 1000}, as it is kept.",
            "properties": (
                {
                    f"field_{field}_{number % 7}": {"type": "string", "maxLength": field * number}
                    for field in range(20)
                }
                | {"next": ref(f"Thing{(number + 1) % 300}")}
            ),
        }
        for number in range(300)
    }
    made = [
        operation(
            f"/tenants/{{tenant}}/things{number}", f"Thing{number % 300}", f"Thing{number % 300}", "POST",
            title=f"Create thing {number}", description=f"Creates the thing {number}. " + "It is kept until it is removed. " * 5,
            parameters=tuple(Parameter(name, "query", description=f"The {name} to use.") for name in ("filter", "top", "skip")),
            definitions=definitions,
        )
        for number in range(1500)
    ]  # fmt: skip
    described = json.dumps([replace(each, definitions={}).to_json() for each in made]) + json.dumps(
        definitions
    )
    with Catalogue.open(path) as catalogue:
        catalogue.put(made, source="shop.json", whole=True)
    assert path.stat().st_size < len(described) / 2


# --- the file over time -------------------------------------------------------------------------


def test_the_file_does_not_grow_with_the_number_of_imports(
    catalogue: Catalogue, path: Path
) -> None:
    """What an import frees is used by the next one, and the log is played back on the way."""

    def described(turn: int) -> list[Endpoint]:
        return [
            operation(f"/{number}", description=f"{number * 7919 % 65521:x} {turn}" * 40)
            for number in range(300)
        ]

    sizes = []
    for turn in range(30):
        catalogue.put(described(turn), source="shop.json", whole=True)
        sizes.append(rows(path, "PRAGMA page_count")[0][0])
    assert max(sizes) < 5 * sizes[0], "the index is merged now and then"
    assert max(sizes[20:]) < 1.2 * max(sizes[:20])
    assert path.with_name(path.name + "-wal").stat().st_size < 12_000_000
    catalogue.put([], source="shop.json", whole=True)
    assert len(catalogue) == 300, "no API is described: there is nothing to replace"
    for each in described(0):
        catalogue.remove(each.id)
    assert rows(
        path, "SELECT (SELECT count(*) FROM block), (SELECT count(*) FROM description)"
    ) == [(0, 0)]


PATHS = st.sampled_from(["/a", "/b", "/c", "/d"])
SOURCES = st.sampled_from(["one.json", "two.json"])
ENDPOINTS = st.builds(
    lambda path, api, title, needs, deprecated: operation(
        path, gives=needs, api=Api(api), title=title, deprecated=deprecated, id=f"acme-{path[1:]}-get", source="",
    ),
    PATHS, st.sampled_from(["", "shop"]), st.sampled_from(["", "Alpha", "Beta"]), st.sampled_from(["", "A", "B"]), st.booleans(),
)  # fmt: skip
DEFINITIONS = st.sampled_from(
    [
        {"A": {"type": "string"}, "B": ref("A")},
        {"A": {"type": "null"}, "B": ref("A")},
        {"A": ref("B"), "B": {"not": ref("A")}},
    ]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"), st.lists(ENDPOINTS, max_size=4), DEFINITIONS, SOURCES, st.booleans()
        ),
        st.tuples(st.just("remove"), PATHS),
    ),
    max_size=8,
)


def needed(made: Endpoint) -> Endpoint:
    """*made* with just the definitions that a walk over everything reaches."""
    names: set[str] = set()
    waiting = references(replace(made, definitions={}).to_json())
    while waiting:
        names |= waiting
        waiting = set().union(*(references(made.definitions[name]) for name in waiting)) - names
    return replace(made, definitions={name: made.definitions[name] for name in names})


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_any_series_of_imports_leaves_what_a_plain_dictionary_holds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    """Endpoints, sources and counts are those of a model that keeps a dictionary; the file is sound
    after each series.
    """
    folder = tmp_path_factory.mktemp("series")
    model: dict[tuple[str, str], tuple[str, Endpoint]] = {}
    with Catalogue.open(folder / "c") as catalogue:
        for each in list(catalogue.endpoints()):
            catalogue.remove(each.id)
        for step in steps:
            if step[0] == "remove":
                taken = [key for key in model if model[key][1].path == step[1]][:1]
                for key in taken:
                    catalogue.remove(model.pop(key)[1].id)
                continue
            _, made, definitions, source, whole = step
            done = catalogue.put(
                [replace(each, definitions=definitions) for each in made],
                source=source,
                whole=whole,
            )
            expected = dict.fromkeys(("added", "replaced", "unchanged", "removed"), 0)
            for each, given_id in zip(made, done.ids, strict=True):
                key = each.api.name, each.path
                now = needed(replace(each, id=given_id, definitions=definitions, source=source))
                was = model.get(key)
                expected[
                    "added" if was is None else "unchanged" if was[1] == now else "replaced"
                ] += 1
                model[key] = source, now
            for key, (origin, each) in list(model.items()):
                apis = {other.api.name for other in made}
                if (
                    whole
                    and origin == source
                    and each.api.name in apis
                    and key not in {(e.api.name, e.path) for e in made}
                ):
                    expected["removed"] += 1
                    del model[key]
            assert {name: getattr(done, name) for name in expected} == expected
        stored = {(each.api.name, each.path): each for each in catalogue.endpoints()}
        assert stored == {key: each for key, (_, each) in model.items()}
        assert len(catalogue) == len(model)
        assert {hit.id for hit in catalogue.search("acme", limit=50)} == {
            each.id for each in stored.values()
        }
    assert_sound(folder / "c")
    shutil.rmtree(folder)


# --- an older file ------------------------------------------------------------------------------

VERSION_1 = """
CREATE TABLE endpoint (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL COLLATE NOCASE,
  path TEXT NOT NULL,
  method TEXT NOT NULL,
  title TEXT NOT NULL,
  document BLOB NOT NULL,
  UNIQUE (provider, path, method)
);
CREATE VIRTUAL TABLE names USING fts5(
  tail, path, provider, title, method, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3');
CREATE VIRTUAL TABLE everything USING fts5(
  tail, path, provider, title, method, description, tokenize = "unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE term USING fts5vocab(names, row);
"""
"""As the first version made it."""

OLD = [
    {
        "id": "acme-v1-rockets-post-0123", "method": "POST", "path": "/v1/rockets", "provider": "acme", "title": "Launch",
        "description": "Launches a rocket \ud83d", "servers": [{"url": "https://acme.example"}],
        "parameters": [{"name": "x", "in": "query", "schema": {"type": "integer"}}],
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}, "incomplete": ["body"],
        "source": "page.txt",
    },
    {"id": "acme-v1-rockets-get-012", "method": "GET", "path": "/v1/rockets", "provider": "acme", "servers": [], "parameters": [],
     "source": "other.txt"},
]  # fmt: skip


def version_1(path: Path, *, documents: list[Any] = OLD) -> bytes:
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    connection.execute(f"PRAGMA application_id = {int.from_bytes(b'htsk', 'big')}")
    connection.execute("PRAGMA user_version = 1")
    for value in documents:
        texts = (
            value["id"],
            value["provider"],
            value["path"],
            value["method"],
            value.get("title", ""),
        )
        document = (
            value["document"] if "document" in value else zlib.compress(json.dumps(value).encode())
        )
        sql = (
            "INSERT INTO endpoint (id, provider, path, method, title, document) VALUES (?, ?, ?, ?,"
            " ?, ?)"
        )
        connection.execute(sql, (*texts, document))
    connection.commit()
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return path.read_bytes()


def test_a_catalogue_of_the_first_version_is_converted(path: Path) -> None:
    """Everything a user imported is there under its id, is found, and nothing else comes to it;
    once.
    """
    version_1(path)
    for _ in range(2):
        with Catalogue.open(path) as catalogue:
            assert {each.id: each for each in catalogue.endpoints()} == {
                value["id"]: Endpoint.from_json(value) for value in OLD
            }
            assert [hit.id for hit in catalogue.search("launch rocket")][:1] == [OLD[0]["id"]]
        assert rows(path, "PRAGMA user_version") == [(3,)]
    assert_sound(path)


def test_converting_waits_for_others_and_is_done_once(path: Path) -> None:
    """Several open an old file at once: each finds it converted."""
    version_1(path)

    def count(_: int) -> int:
        with Catalogue.open(path) as catalogue:
            return len(list(catalogue.endpoints()))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(4))) == [2] * 4
    assert_sound(path)


def test_a_file_that_is_converted_while_it_is_checked_is_sound(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the tables sees one version, though another program converts between its reads."""
    version_1(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # a writer goes on while others read
    tables = _file._tables

    def convert_after_reading(connection: sqlite3.Connection) -> set[str]:
        names = tables(connection)
        monkeypatch.undo()
        Catalogue.open(path).close()
        return names

    monkeypatch.setattr(_file, "_tables", convert_after_reading)
    with Catalogue.open(path) as catalogue:
        assert len(catalogue) == 2
    assert rows(path, "PRAGMA user_version") == [(_file.VERSION,)]


def test_an_old_file_that_is_damaged_stays_as_it_is(path: Path) -> None:
    """An endpoint that cannot be read would be lost: the file is refused, and says why."""
    version_1(path, documents=[OLD[0], OLD[1] | {"document": b"not compressed"}])
    with pytest.raises(
        CatalogueError,
        match=r"damaged.*an older httptask wrote it, and it has to be converted once",
    ):
        Catalogue.open(path)
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert rows(path, "SELECT count(*) FROM endpoint") == [(2,)]


def test_an_old_file_that_cannot_be_written_says_why(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading it would need what only writing can do."""
    before = version_1(path)
    connected = _file._connected
    monkeypatch.setattr(
        _file, "_connected", lambda uri: connected(uri.replace("mode=rw", "immutable=1"))
    )
    with pytest.raises(
        CatalogueError,
        match=r"cannot be written to; check the permissions.*has to be converted once",
    ):
        Catalogue.open(path)
    assert path.read_bytes() == before


def test_an_old_file_on_a_full_disk_stays_as_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error halfway is undone."""
    version_1(path)
    monkeypatch.setattr("httptask.catalogue._changes.Changes.finish", lambda changes: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Catalogue.open(path)
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert rows(path, "SELECT count(*) FROM names") == [(0,)]
    monkeypatch.undo()
    with Catalogue.open(path) as catalogue:
        assert len(catalogue) == 2


def test_an_import_that_leaves_no_room_is_kept(path: Path) -> None:
    """Making searches faster is no part of an import: where the disk is full after it, what was
    written is found.
    """
    made = [
        Endpoint(f"acme-{number}", "GET", f"/{number}", "acme", source="shop.json")
        for number in range(300)
    ]
    with Catalogue.open(path) as catalogue:
        for start in range(0, 300, 50):
            catalogue.put(made[start : start + 50], source=f"shop-{start}.json")
        connection = catalogue._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(
            CatalogueError, match=r"the disk is full; .* what was written before is still there"
        ):
            catalogue.put(
                [replace(made[0], description=random.Random(7).randbytes(400_000).hex())],
                source="more.json",
            )
        catalogue.optimise()
        assert catalogue.get("acme-299").path == "/299"


def test_merging_what_was_imported_waits_for_room(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk and another program's import end it without an error; a damaged file does not."""

    def failing(code: int) -> None:
        error = sqlite3.OperationalError("no")
        error.sqlite_errorcode = code
        raise error

    with Catalogue.open(path) as catalogue:
        for code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            monkeypatch.setattr(
                "httptask.catalogue._index.optimise", lambda _, code=code: failing(code)
            )
            catalogue.optimise()
        monkeypatch.setattr(
            "httptask.catalogue._index.optimise", lambda _: failing(sqlite3.SQLITE_CORRUPT)
        )
        with pytest.raises(CatalogueError, match="damaged"):
            catalogue.optimise()


# --- killed -------------------------------------------------------------------------------------

KILLED = """if True:
    import os, signal, sys
    from httptask.catalogue import Catalogue, _file
    from httptask.model.api import Api, Endpoint, MediaType, Response
    _file.CACHE_KIB = 50
    definitions = {"A": {"description": "new " * 20}}
    responses = {"200": Response("", {}, {"a/b": MediaType({"$ref": "#/$defs/A"})})}
    made = [
        Endpoint(f"acme-{number}", "GET", f"/{number}", "acme", Api("shop"), description=f"word{number} " * 40,
                 responses=responses, definitions=definitions, source="shop.json")
        for number in range(50, 350)
    ]
    left = int(sys.argv[2])
    def step():
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    with Catalogue.open(sys.argv[1]) as catalogue:
        catalogue._connection.set_progress_handler(step, 500)
        catalogue.put(made, source="shop.json", digest=b"new", whole=True)
        print(int(sys.argv[2]) - left)
"""


def _killed_after(path: Path, steps: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(steps)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_source_is_wholly_there_or_as_before_whenever_its_import_is_killed(
    tmp_path: Path,
) -> None:
    """kill -9 at several moments of an import that adds, replaces, removes and leaves endpoints."""
    ready = tmp_path / "ready"
    with Catalogue.open(ready) as catalogue:
        old = [
            operation(f"/{number}", id=f"acme-{number}", gives="A", definitions={"A": {}})
            for number in range(200)
        ]
        catalogue.put(old, source="shop.json", digest=b"old", whole=True)
        before = {each.id: each for each in catalogue.endpoints()}
    shutil.copy(ready, tmp_path / "all")
    done = _killed_after(tmp_path / "all", 10**9)
    steps = int(done.stdout)
    assert steps > 50
    for moment in range(1, steps, steps // 6):
        path = tmp_path / f"killed-{moment}"
        shutil.copy(ready, path)
        killed = _killed_after(path, moment)
        assert killed.returncode == -signal.SIGKILL
        with Catalogue.open(path) as catalogue:
            assert {each.id: each for each in catalogue.endpoints()} == before
            assert (catalogue.known(b"new"), catalogue.known(b"old") is not None) == (None, True)
        assert_sound(path)
    with Catalogue.open(tmp_path / "all") as catalogue:
        assert {each.id for each in catalogue.endpoints()} == {
            each for each in before if not re.match("acme-", each)
        } | {f"acme-{number}" for number in range(50, 350)}


def test_readers_see_one_state_while_another_process_writes(path: Path) -> None:
    """An endpoint and its definitions are of one import, whatever is written between two looks."""
    with Catalogue.open(path) as catalogue:
        made = operation("/a", gives="A", definitions={"A": {"enum": [0]}})
        catalogue.put([made], source="shop.json", whole=True)
        script = """if True:
            import sys
            from dataclasses import replace
            from httptask.catalogue import Catalogue
            with Catalogue.open(sys.argv[1]) as catalogue:
                made = catalogue.get("acme-a-get")
                for number in range(1, 60):
                    changed = replace(made, title=str(number), definitions={"A": {"enum": [number]}})
                    catalogue.put([changed], source="shop.json", whole=True)
        """
        with subprocess.Popen([sys.executable, "-c", script, str(path)]) as writer:
            seen = []
            while writer.poll() is None:
                found = catalogue.get(made.id)
                assert found.definitions["A"] == {"enum": [int(found.title or 0)]}
                assert [hit.id for hit in catalogue.search("acme")] == [made.id]
                seen.append(found.title)
        assert writer.returncode == 0
        assert catalogue.get(made.id).title == "59"
        with pytest.raises(UnknownEndpointError):
            catalogue.get("acme-b-get")
