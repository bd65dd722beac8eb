"""The catalogue: what is kept, what is found first, and what happens to files that are not
catalogues.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import platformdirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask._core import packaged
from httptask.catalogue import Catalogue, Hit, ImportCounts, _file
from httptask.errors import CatalogueError, UnknownEndpointError
from httptask.importers import read_api
from httptask.model.api import Endpoint, MediaType, Parameter, RequestBody, Server
from places import DATA
from servers import HANG_SECONDS

PAGES = sorted((DATA / "pages").glob("*.txt"))
WORKFLOW = "procore-rest-v2-0-companies-company_id-projects-project_id-workflows-instances-post-741"
SEED = "procore-rest-v1-0-project-project_id-email_communications-post-176"

# Any text, lone surrogates included: JSON can bring them.
ANY_TEXT = st.text(st.characters(codec=None))


def endpoint(
    provider: str, method: str, path: str, title: str = "", description: str = "", **fields: object
) -> Endpoint:
    slug = path.strip("/").translate(str.maketrans("/.", "--", "{}")).lower()
    digits = hashlib.sha224(path.encode("utf-8", "surrogatepass")).hexdigest()[:3]
    values = {"id": f"{provider}-{slug}-{method.lower()}-{digits}", "source": "made.txt", **fields}
    return Endpoint(
        method=method, path=path, provider=provider, title=title, description=description, **values
    )  # type: ignore[arg-type]


def ids(hits: list[Hit]) -> list[str]:
    return [hit.id for hit in hits]


def calls(hits: list[Hit]) -> list[str]:
    return [f"{hit.method} {hit.path}" for hit in hits]


def in_memory(*endpoints: Endpoint) -> Catalogue:
    catalogue = Catalogue.open(":memory:")
    catalogue.put(endpoints, source="made.txt")
    return catalogue


def run(script: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """Start another Python with *script*; its stdin and stdout are pipes."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )  # type: ignore[call-overload,no-any-return]


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as opened:
        yield opened


@pytest.fixture(scope="module")
def twelve() -> Iterator[Catalogue]:
    """The twelve real pages."""
    with Catalogue.open(":memory:") as opened:
        for page in PAGES:
            opened.put(read_api(page).endpoints, source=page.name)
        yield opened


# --- a new catalogue ----------------------------------------------------------------------------


def test_first_search_on_a_new_machine_finds_the_seed(tmp_path: Path) -> None:
    """A catalogue that did not exist is made, folders included, and holds what httptask ships."""
    with Catalogue.open(tmp_path / "not" / "there yet" / "c?a#t.sqlite3") as catalogue:
        assert ids(catalogue.search("procore send email")) == [SEED]
    assert (tmp_path / "not" / "there yet" / "c?a#t.sqlite3").is_file()


def test_shipped_endpoint_is_what_the_reader_makes_of_the_packaged_page() -> None:
    """The shipped endpoints are the packaged pages read by `read_api`, not something kept up by
    hand.
    """
    shipped = json.loads((Path(_file.__file__).parent / "shipped.json").read_text(encoding="utf-8"))
    read = [
        each
        for page in packaged.pages()
        for each in read_api(page.name, data=page.read_bytes()).endpoints
    ]
    assert shipped == [each.to_json() for each in read]
    with Catalogue.open(":memory:") as catalogue:
        assert list(catalogue.endpoints()) == read


def test_shipped_endpoint_says_what_its_page_says() -> None:
    """The seed, field by field, as a person reads it from the page."""
    with Catalogue.open(":memory:") as catalogue:
        seed = catalogue.get(SEED)
    assert (seed.method, seed.path, seed.provider, seed.servers) == (
        "POST", "/rest/v1.0/project/{project_id}/email_communications", "procore", (),
    )  # fmt: skip
    assert [
        (each.name, each.location, each.required, each.schema.get("type"))
        for each in seed.parameters
    ] == [
        ("project_id", "path", True, "integer"),
        ("Content-Type", "header", True, "string"),
        ("Procore-Company-Id", "header", True, "integer"),
        ("topic_id", "query", True, "integer"),
        ("topic_type", "query", True, "string"),
    ]
    assert len(seed.parameters[4].schema["enum"]) == 20
    assert seed.request_body is not None
    body = seed.request_body.content["application/json"].schema
    assert body["required"] == ["communication", "email"]
    assert len(body["properties"]["email"]["properties"]) == 10


def test_location_is_the_argument_then_the_environment_then_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`open` looks where it says, in that order."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HTTPTASK_CATALOGUE", str(tmp_path / "environment.sqlite3"))
    with Catalogue.open(tmp_path / "argument.sqlite3") as catalogue:
        assert catalogue.name == str(tmp_path / "argument.sqlite3")
    with Catalogue.open() as catalogue:
        assert catalogue.name == str(tmp_path / "environment.sqlite3")
    monkeypatch.delenv("HTTPTASK_CATALOGUE")
    expected = Path(platformdirs.user_data_dir("httptask", appauthor=False)) / "catalogue.sqlite3"
    assert _file.file_of(None) == str(expected)
    with pytest.raises(CatalogueError, match="name a file"):
        Catalogue.open("")


def test_empty_file_becomes_a_catalogue(tmp_path: Path) -> None:
    """A file of no bytes is taken for a catalogue not made yet, as SQLite does."""
    path = tmp_path / "empty.sqlite3"
    path.touch()
    with Catalogue.open(path) as catalogue:
        assert ids(catalogue.search("email")) == [SEED]


def test_several_processes_may_make_it_at_once(tmp_path: Path) -> None:
    """Whoever comes first makes the catalogue; everybody finds it whole, with one seed."""
    script = """if True:
        import sys
        from httptask.catalogue import Catalogue
        print("ready", flush=True)
        sys.stdin.readline()
        with Catalogue.open(sys.argv[1]) as catalogue:
            print(len(catalogue))
    """
    processes = [run(script, tmp_path / "shared.sqlite3") for _ in range(4)]
    assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n"] * 4
    for process in processes:  # all are loaded: now go together
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=HANG_SECONDS)[0] for process in processes] == ["1\n"] * 4


def test_file_is_marked_as_ours(tmp_path: Path) -> None:
    """Another program can tell by `application_id` and `user_version` what the file is, and readers
    never block (WAL).
    """
    path = tmp_path / "catalogue.sqlite3"
    Catalogue.open(path).close()
    connection = sqlite3.connect(path)
    marks = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "journal_mode")
    ]
    connection.close()
    assert marks == [int.from_bytes(b"htsk", "big"), 3, "wal"]


# --- put, get, remove ---------------------------------------------------------------------------


def test_import_again_never_doubles(catalogue: Catalogue) -> None:
    """The same endpoint from the same source, another file name or another spelling of the provider
    replaces itself.
    """
    one = endpoint("acme", "GET", "/v1/rockets", description="Lists rockets")
    two = endpoint("acme", "POST", "/v1/rockets")
    before = len(catalogue)
    assert catalogue.put([one, two], source="a.txt") == ImportCounts(
        "a.txt", added=2, ids=(one.id, two.id)
    )
    assert catalogue.put([one, two], source="a.txt") == ImportCounts(
        "a.txt", unchanged=2, ids=(one.id, two.id)
    )
    newer = replace(one, description="Lists missiles", source="stdin")
    assert catalogue.put([newer], source="stdin") == ImportCounts(
        "stdin", replaced=1, ids=(one.id,)
    )
    catalogue.put([replace(newer, provider="Acme")], source="stdin")
    assert len(catalogue) == before + 2
    assert catalogue.get(one.id) == replace(newer, provider="Acme")
    assert ids(catalogue.search("missiles")) == [one.id]
    assert one.id not in ids(catalogue.search("lists rockets", method="GET", provider="nobody"))
    assert ids(catalogue.search("acme rockets get")).count(one.id) == 1


def test_text_of_a_replaced_endpoint_is_no_longer_found(catalogue: Catalogue) -> None:
    """The index forgets what is no longer there."""
    old = endpoint("acme", "GET", "/v1/x", description="zyzzyva")
    catalogue.put([old], source="a")
    catalogue.put([replace(old, description="quetzal")], source="a")
    assert ids(catalogue.search("quetzal")) == [old.id]
    assert catalogue.search("zyzzyva") == []


def test_everything_about_an_endpoint_comes_back(catalogue: Catalogue) -> None:
    """`get` returns what `put` was given, field by field."""
    full = endpoint(
        "acme", "PUT", "/v1/{a}", "Title", "Description \U0001f680",
        servers=(Server("https://{host}.example/v1", "one"),),
        parameters=(
            Parameter("a", "path", required=True, schema={"type": "integer", "default": 1}),
            Parameter("f[x][]", "query", schema={}, description="d", style="deepObject", explode=True),
        ),
        request_body=RequestBody({"application/json": MediaType({"type": "object"}), "*/*": MediaType()}, True, "b"),
        incomplete=("query", "body"),
        source="x.json",
    )  # fmt: skip
    catalogue.put([full], source="ignored, because the endpoint names its own")
    assert catalogue.get(full.id) == full


def test_source_is_noted_where_an_endpoint_names_none(catalogue: Catalogue) -> None:
    """A person can see later what an endpoint was read from."""
    catalogue.put([endpoint("acme", "GET", "/a", source="")], source="api.yaml")
    assert catalogue.get(catalogue.search("acme")[0].id).source == "api.yaml"


def test_two_endpoints_of_one_id_get_longer_hashes(catalogue: Catalogue) -> None:
    """The later one's id has more digits of its own path's SHA-224; both are there, and keep their
    ids from then on.
    """
    # The slug drops braces and letter case, so these differ only in their hash; here they get the
    # same one by force.
    first, second, third = (
        endpoint("acme", "GET", path, id="acme-a-b-get-" + hashlib.sha224(b"/a/b").hexdigest()[:3])
        for path in ("/a/b", "/a/{b}", "/A/b")
    )
    again = replace(first, path="/a-b")
    digest = {path: hashlib.sha224(path.encode()).hexdigest() for path in ("/a/{b}", "/A/b")}
    counts = catalogue.put([first, second, third], source="a")
    assert counts.added == 3
    assert counts.ids[0] == first.id
    assert len(set(counts.ids)) == 3
    for path, found in zip(("/a/{b}", "/A/b"), counts.ids[1:], strict=True):
        assert found.startswith("acme-a-b-get-")
        assert catalogue.get(found).path == path
        assert digest[path].startswith(found.rpartition("-")[2])
    assert catalogue.put([third, second, first], source="a").ids == counts.ids[::-1]
    catalogue.remove(first.id)
    assert catalogue.put([second], source="a").ids == counts.ids[1:2], (
        "a definition may name it by now"
    )
    assert catalogue.put([again], source="a").ids == (first.id,)


def test_clash_of_hashes_adds_one_digit(catalogue: Catalogue) -> None:
    """Two paths of one slug whose hashes start alike: four digits tell them apart, then five."""
    by_start: dict[str, list[str]] = {}
    for number in range(200_000):  # paths of one slug: braces vary
        path = "/a" + "".join("/{x}" if bit == "1" else "/x" for bit in f"{number:018b}")
        alike = by_start.setdefault(hashlib.sha224(path.encode()).hexdigest()[:4], [])
        alike.append(path)
        if len(alike) == 3:
            break
    hashes = [hashlib.sha224(path.encode()).hexdigest() for path in alike]
    found = catalogue.put([endpoint("acme", "GET", path) for path in alike], source="a").ids
    assert [each.rpartition("-")[2] for each in found] == [
        hashes[0][:3],
        hashes[1][:4],
        hashes[2][:5],
    ]


def test_remove(catalogue: Catalogue) -> None:
    """What is removed is neither got nor found, and removing it again says that it is not there."""
    catalogue.remove(SEED)
    assert len(catalogue) == 0
    assert catalogue.search("procore email") == []
    with pytest.raises(UnknownEndpointError):
        catalogue.remove(SEED)


def test_removed_seed_stays_away(tmp_path: Path) -> None:
    """Shipped endpoints are put into a new catalogue once, not at every start."""
    for expected in (1, 0):
        with Catalogue.open(tmp_path / "c") as catalogue:
            assert len(catalogue) == expected
            if expected:
                catalogue.remove(SEED)


def test_endpoints_come_in_order_and_may_be_removed_on_the_way(catalogue: Catalogue) -> None:
    """`endpoints` lists by provider, path and method, and a loop may change the catalogue."""
    made = [
        endpoint("b", "GET", "/x"),
        endpoint("a", "POST", "/y"),
        endpoint("a", "GET", "/y"),
        endpoint("a", "GET", "/x"),
    ]
    catalogue.put(made, source="s")
    seen = []
    for each in catalogue.endpoints():
        seen.append((each.provider, each.path, each.method))
        if len(seen) == 1:
            catalogue.remove(made[1].id)
    assert seen == [
        ("a", "/x", "GET"),
        ("a", "/y", "GET"),
        ("b", "/x", "GET"),
        ("procore", made and seen[-1][1], "POST"),
    ]


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("procore-rest-v1-0-project-project_id-email_communications-post-177", SEED),
        ("procore-rest-v1-0-project-project_id-email_comunications-post-176", SEED),
        ("procore-project-project_id-email_communications-post-176", SEED),
        ("email_communications", SEED),
        (SEED.upper(), SEED),
        ("stripe-v1-customers-post", "stripe-v1-customers-post-694"),
    ],
    ids=["wrong-hash", "misspelt", "part-missing", "only-the-words", "upper-case", "hash-missing"],
)
def test_unknown_id_gets_the_nearest_ones(twelve: Catalogue, wrong: str, nearest: str) -> None:
    """An id that is nearly right is answered with the right one, best first and at most five."""
    with pytest.raises(UnknownEndpointError) as caught:
        twelve.get(wrong)
    assert caught.value.nearest[0] == nearest
    assert len(caught.value.nearest) <= 5
    assert nearest in str(caught.value)


def test_unknown_id_far_from_all_says_how_to_find_one(twelve: Catalogue) -> None:
    """No far-fetched suggestion."""
    with pytest.raises(UnknownEndpointError, match="httptask search WORDS") as caught:
        twelve.get("qqqqqqqq")
    assert caught.value.nearest == ()


# --- an import that fails -----------------------------------------------------------------------


def test_failing_import_leaves_everything_as_it_was(catalogue: Catalogue) -> None:
    """The error of whoever brings the endpoints arrives unchanged, and nothing of that import is
    kept.
    """
    before = list(catalogue.endpoints())

    def broken() -> Iterator[Endpoint]:
        yield endpoint("acme", "GET", "/a")
        yield replace(before[0], description="changed")
        raise LookupError("the description ends here")

    with pytest.raises(LookupError, match="ends here"):
        catalogue.put(broken(), source="s")
    assert list(catalogue.endpoints()) == before
    assert catalogue.search("acme") == []
    assert catalogue.put([endpoint("acme", "GET", "/a")], source="s").added == 1


@pytest.mark.parametrize(
    "value", [float("nan"), object(), {"nested": []}], ids=["nan", "no-json", "too-deep"]
)
def test_endpoint_that_is_not_json_is_refused(catalogue: Catalogue, value: object) -> None:
    """What JSON cannot hold is one clear error that names the endpoint, and nothing is stored."""
    if isinstance(value, dict):
        for _ in range(100_000):
            value = {"nested": value}
    bad = endpoint(
        "acme", "GET", "/a", parameters=(Parameter("x", "query", schema={"default": value}),)
    )
    with pytest.raises(CatalogueError, match=bad.id):
        catalogue.put([endpoint("acme", "GET", "/b"), bad], source="s")
    assert len(catalogue) == 1
    while isinstance(value, dict) and value:  # taken apart by hand: Python's own way is recursive
        value = value.get("nested")


def _endless_import(path: Path, count: int) -> subprocess.Popen[str]:
    """Start a process that imports *count* endpoints, says so, and waits for a line before it
    commits.
    """
    script = """if True:
        import sys
        from httptask.catalogue import Catalogue, _changes, _file
        from httptask.model.api import Endpoint
        _file.CACHE_KIB = 100
        finish = _changes.Changes.finish
        def finish_when_told(changes):
            changes._index()
            print("ready", flush=True)
            sys.stdin.readline()
            finish(changes)
        _changes.Changes.finish = finish_when_told
        def endpoints():
            for number in range(int(sys.argv[2])):
                yield Endpoint(f"acme-{number}", "GET", f"/{number}", "acme", description="word " * 200)
            yield Endpoint(sys.argv[3], "POST", "/rest/v1.0/project/{project_id}/email_communications", "procore")
        with Catalogue.open(sys.argv[1]) as catalogue:
            catalogue.put(endpoints(), source="s")
            print("done", flush=True)
    """
    process = run(script, path, count, SEED)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_killed_import_leaves_the_previous_state_whole(tmp_path: Path) -> None:
    """kill -9 in the middle of an import, with more written than SQLite keeps in memory: the
    catalogue is as before.
    """
    path = tmp_path / "catalogue.sqlite3"
    with Catalogue.open(path) as catalogue:
        before = list(catalogue.endpoints())
    process = _endless_import(path, 3000)
    assert (tmp_path / "catalogue.sqlite3-wal").stat().st_size > 400_000, (
        "the import had already written"
    )
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with Catalogue.open(path) as catalogue:
        assert list(catalogue.endpoints()) == before
        assert ids(catalogue.search("procore email")) == [SEED]
        assert catalogue.search("acme") == []
        assert catalogue.put([endpoint("acme", "GET", "/a")], source="s").added == 1
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for table in ("name", "everything"):
        connection.execute(f"INSERT INTO {table}({table}) VALUES ('integrity-check')")
    connection.close()


def test_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    """While another process imports, searches answer from before the import; when it is done, from
    after it.
    """
    path = tmp_path / "catalogue.sqlite3"
    with Catalogue.open(path) as catalogue:
        process = _endless_import(path, 50)
        assert len(catalogue) == 1
        assert catalogue.search("acme") == []
        assert catalogue.get(SEED).parameters
        assert process.communicate("\n", timeout=HANG_SECONDS)[0] == "done\n"
        assert len(catalogue) == 51
        assert len(catalogue.search("acme", limit=100)) == 50
        assert catalogue.get(SEED).parameters == ()


def test_second_writer_waits_and_then_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is not given up within the time is a clear error, and the catalogue works on
    afterwards.
    """
    assert _file.BUSY_SECONDS == 5
    monkeypatch.setattr(_file, "BUSY_SECONDS", 0.05)
    path = tmp_path / "catalogue.sqlite3"
    with Catalogue.open(path) as catalogue:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            CatalogueError, match="another program is writing to it; try again"
        ) as caught:
            catalogue.remove(SEED)
        assert str(path) in str(caught.value)
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        assert ids(catalogue.search("email")) == [SEED]
        other.execute("ROLLBACK")
        other.close()
        catalogue.remove(SEED)


# --- files that cannot be used ------------------------------------------------------------------


def _ours(path: Path, *, endpoints: int = 200) -> bytes:
    with Catalogue.open(path) as catalogue:
        catalogue.put(
            [
                endpoint("acme", "GET", f"/{number}", description="w " * 50)
                for number in range(endpoints)
            ],
            source="s",
        )
    return path.read_bytes()


def _text(path: Path) -> None:
    path.write_text("POST /v1/customers\n\nA page, not a catalogue.\n")


def _bytes(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def _cut_header(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0\x10\0")


def _other_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()


def _other_program_running(path: Path) -> None:
    """As it lies there when another program was killed: with a write-ahead log that SQLite would
    play back.
    """
    at_work = path.with_name("at-work")
    connection = sqlite3.connect(at_work)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    for end in ("", "-wal", "-shm"):
        shutil.copy(f"{at_work}{end}", f"{path}{end}")
    connection.close()
    at_work.unlink()


def _newer(path: Path) -> None:
    _ours(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 4")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _never_was(path: Path) -> None:
    _newer(path)
    content = bytearray(path.read_bytes())
    content[60:64] = bytes(4)
    path.write_bytes(content)


def _cut(path: Path) -> None:
    content = _ours(path)
    path.write_bytes(content[: len(content) // 2])


def _cut_to_one_page(path: Path) -> None:
    path.write_bytes(_ours(path)[:4096])


def _schema_overwritten(path: Path) -> None:
    content = _ours(path)
    path.write_bytes(content[:100] + b"\xa5" * (4096 - 100) + content[4096:])


def _without_table(path: Path) -> None:
    _ours(path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE block")
    connection.commit()
    connection.close()


REFUSED = [
    pytest.param(_text, "not a SQLite file", id="text"),
    pytest.param(_bytes, "not a SQLite file", id="bytes"),
    pytest.param(_cut_header, "damaged", id="header-cut"),
    pytest.param(_other_program, "a SQLite file of another program", id="another-program"),
    pytest.param(
        _other_program_running, "a SQLite file of another program", id="another-program-with-log"
    ),
    pytest.param(
        _newer, r"newer httptask \(format 4; this one knows 3\): update httptask", id="newer"
    ),
    pytest.param(_never_was, "format 0 never was", id="version-0"),
    pytest.param(_cut, "damaged", id="cut-in-half"),
    pytest.param(_cut_to_one_page, "damaged", id="one-page-left"),
    pytest.param(_schema_overwritten, "damaged", id="schema-overwritten"),
    pytest.param(_without_table, "without the table block", id="table-missing"),
]


@pytest.mark.parametrize(("make", "expected"), REFUSED)
def test_unusable_file_is_refused_and_not_touched(
    tmp_path: Path, make: object, expected: str
) -> None:
    """The error says which file, what is wrong and what to do; not a byte, not a time, not a file
    beside it changes.
    """
    path = tmp_path / "some.sqlite3"
    make(path)  # type: ignore[operator]
    os.utime(path, ns=(1_000_000_000, 1_000_000_000))
    before = state_of(tmp_path)
    with pytest.raises(CatalogueError, match=expected) as caught:
        Catalogue.open(path)
    assert state_of(tmp_path) == before
    for said in (
        str(path),
        "--catalogue FILE",
        "move this file away and import again",
        "not changed",
    ):
        assert said in str(caught.value)
    assert not isinstance(caught.value, sqlite3.Error)


def test_damage_further_in_is_an_error_when_it_is_met(tmp_path: Path) -> None:
    """A catalogue whose inner pages are overwritten opens; whatever then meets them says so, and
    changes nothing.
    """
    path = tmp_path / "some.sqlite3"
    content = _ours(path)
    pages = len(content) // 4096
    path.write_bytes(content[:4096] + b"\xa5" * 4096 * (pages - 1))
    before = path.read_bytes()
    with Catalogue.open(path) as catalogue:
        for work in (
            lambda: catalogue.search("acme"),
            lambda: catalogue.search(""),
            lambda: catalogue.search("akme"),
            lambda: catalogue.get("acme-1"),
            lambda: catalogue.remove("acme-1"),
            lambda: catalogue.put([endpoint("new", "GET", "/new")], source="s"),
            lambda: list(catalogue.endpoints()),
            lambda: len(catalogue),
        ):
            with pytest.raises(CatalogueError, match="it is damaged; name another"):
                work()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "data",
    [b"", b"not compressed", None, "text", zlib.compress(b"a line"), zlib.compress(b"\t\t{\t")],
    ids=["empty", "bytes", "number", "text", "other-text", "no-json"],
)
def test_damaged_endpoint_is_an_error_and_can_be_imported_again(
    tmp_path: Path, data: object
) -> None:
    """One endpoint that cannot be read is a `CatalogueError`; importing it again mends it."""
    path = tmp_path / "some.sqlite3"
    with Catalogue.open(path) as catalogue:
        seed = catalogue.get(SEED)
        connection = sqlite3.connect(path)
        connection.execute("UPDATE block SET data = ?", (data if data is not None else 0,))
        connection.commit()
        connection.close()
        with pytest.raises(CatalogueError, match="an endpoint in it is damaged"):
            catalogue.get(SEED)
        catalogue.put([seed], source="s")
        assert catalogue.get(SEED) == seed


def test_place_that_is_no_file(tmp_path: Path) -> None:
    """A folder, a pipe, a name under a file and a name with NUL are errors that say what to do."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("")
    for path, expected in {
        str(tmp_path): "it is a folder",
        str(tmp_path / "pipe"): "not a regular file",
        str(tmp_path / "file" / "below"): "Not a directory",
        str(tmp_path / "a\0b"): "null",
        str(tmp_path / ("x" * 300)): "too long",
    }.items():
        with pytest.raises(CatalogueError, match=expected) as caught:
            Catalogue.open(path)
        assert "--catalogue FILE" in str(caught.value)


AS_NOBODY = """if True:
    import os, pathlib, sys
    from httptask.catalogue import Catalogue
    # Load now what is loaded late: the other user may not be allowed to read where Python lies.
    pathlib.Path("/").as_uri()
    with Catalogue.open(":memory:") as catalogue:
        catalogue.search("whatever")
    if os.geteuid() == 0:  # root may do everything
        os.seteuid(65534)
    try:
        with Catalogue.open(sys.argv[1]) as catalogue:
            print([hit.id for hit in catalogue.search("email")])
            catalogue.remove(sys.argv[2])
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder another user may look into; pytest's own are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_catalogue_that_cannot_be_written_is_searched(public_folder: Path) -> None:
    """Read-only file and folder: searches work, a change is refused with what to check, and nothing
    is left behind.
    """
    path = public_folder / "catalogue.sqlite3"
    Catalogue.open(path).close()
    path.chmod(0o444)
    public_folder.chmod(0o555)
    before = state_of(public_folder)
    searched, refused = (
        run(AS_NOBODY, path, SEED).communicate(timeout=HANG_SECONDS)[0]
    ).splitlines()
    assert searched == f"['{SEED}']"
    assert refused.startswith(
        f"CatalogueError: the catalogue {path}: it cannot be written to; check the permissions"
    )
    assert state_of(public_folder) == before


@pytest.mark.parametrize(
    "place",
    ["secret.sqlite3", "new.sqlite3", "new/new.sqlite3"],
    ids=["unreadable", "new", "new-folder"],
)
def test_no_permission(public_folder: Path, place: str) -> None:
    """A file that may not be read and one that may not be made are errors that name the file and
    what to check.
    """
    Catalogue.open(public_folder / "secret.sqlite3").close()
    (public_folder / "secret.sqlite3").chmod(0)
    public_folder.chmod(0o555)
    answer = run(AS_NOBODY, public_folder / place, SEED).communicate(timeout=HANG_SECONDS)[0]
    assert answer.startswith(
        f"CatalogueError: the catalogue {public_folder / place}: it cannot be opened"
    )
    assert "check the permissions" in answer


def test_closed_catalogue_and_other_threads(tmp_path: Path) -> None:
    """Both are errors of ours, closing twice is none."""
    catalogue = Catalogue.open(tmp_path / "c")
    caught: list[BaseException] = []

    def search() -> None:
        try:
            catalogue.search("email")
        except CatalogueError as error:
            caught.append(error)

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert "thread" in str(caught[0])
    catalogue.close()
    catalogue.close()
    with pytest.raises(CatalogueError, match="closed"):
        catalogue.search("email")


# --- search -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("procore send email", SEED),
        ("email send procore", SEED),
        ("PROCORE Émail", SEED),
        ("proc em", SEED),
        ("procore emial", SEED),
        ("porcore email communications", SEED),
        ("rpocore email", SEED),
        ("email communication", SEED),
        ("emailCommunications", SEED),
        ("how do I send an email in Procore?", SEED),
        ("procore email please quickly", SEED),
        (SEED, SEED),
        ("POST /rest/v1.0/project/{project_id}/email_communications", SEED),
        ("create customer", "stripe-v1-customers-post-694"),
        ("stripe customers", "stripe-v1-customers-post-694"),
        ("stripe customer sources", "stripe-v1-customers-customer-sources-post-6a0"),
        ("new ticket zendesk", "zendesk-api-v2-tickets-post-09b"),
        ("list users", "smartsheet-users-get-424"),
        ("get droplets", "digitalocean-v2-droplets-get-f6d"),
        ("update project", "procore-rest-v1-0-projects-id-patch-0ad"),
        ("project submittals", "procore-rest-v1-0-projects-project_id-submittals-get-e31"),
        ("sandbox write file", "vercel-v1-sandboxes-sandboxid-fs-write-post-cfe"),
        ("sandbox id", "vercel-v1-sandboxes-sandboxid-fs-write-post-cfe"),
        ("sandboxId", "vercel-v1-sandboxes-sandboxid-fs-write-post-cfe"),
        ("start workflow instance", WORKFLOW),
        ("ready-to-pay", "rebilly-ready-to-pay-post-a34"),
        ("ready to pay", "rebilly-ready-to-pay-post-a34"),
        ("brevo contact", "brevo-contacts-post-240"),
        ("tarball", "vercel-v1-sandboxes-sandboxid-fs-write-post-cfe"),
    ],
)  # fmt: skip
def test_words_find_the_page_a_person_means(twelve: Catalogue, words: str, first: str) -> None:
    """Among the twelve real pages, the one that is meant comes first."""
    assert ids(twelve.search(words))[:1] == [first]


def test_seed_is_found_in_a_crowd() -> None:
    """Hundreds of endpoints about projects and mail, of the same and other vendors: the seed is
    still the first.
    """
    vendors = ("procore", "acme", "mailco")
    things = ("emails", "projects", "users", "messages", "drawings", "email_templates")
    crowd = [
        endpoint(
            vendor,
            method,
            f"/rest/v1.0/{first}/{{id}}/{second}",
            description=f"Sends or creates {first} by email in Procore",
        )
        for vendor in vendors
        for first in things
        for second in things
        for method in ("GET", "POST", "DELETE")
        if (vendor, first, second) != ("procore", "projects", "emails")
    ]
    with in_memory(*crowd) as catalogue:
        assert SEED in ids(
            catalogue.search("procore send email", limit=30, provider="procore", method="POST")
        )
        assert ids(catalogue.search("procore send email communications"))[0] == SEED


def test_names_come_before_descriptions() -> None:
    """A word in the path, the provider or the title counts more than any number of them in a
    description.
    """
    wordy = endpoint("acme", "GET", "/v1/zebra", description="invoice " * 50)
    for by_name in (
        endpoint(
            "acme",
            "GET",
            "/v1/aaa/invoices/{id}/lines/{line}/parts",
            description="A long text. " * 100,
        ),
        endpoint("invoice", "GET", "/v1/aaa", description="A long text. " * 100),
        endpoint("acme", "GET", "/v1/aaa", "Show an invoice", description="A long text. " * 100),
    ):
        with in_memory(wordy, by_name) as catalogue:
            assert ids(catalogue.search("invoice")) == [by_name.id, wordy.id]


def test_what_a_path_is_about_comes_first() -> None:
    """The last segment counts most, a short path before a long one, a whole word before a longer
    one.
    """
    with in_memory(
        endpoint("acme", "GET", "/v1/cards/{card_id}/holders/{id}"),
        endpoint("acme", "GET", "/v1/accounts/{id}/cards"),
        endpoint("acme", "GET", "/v1/cards"),
        endpoint("acme", "GET", "/v1/cardinals"),
        endpoint(
            "acme",
            "GET",
            "/v1/regions/{region}/branches/{branch}/accounts/{account}/wallets/{wallet}/cards",
        ),
    ) as catalogue:
        best_first = [
            "GET /v1/cards",
            "GET /v1/accounts/{id}/cards",
            "GET /v1/regions/{region}/branches/{branch}/accounts/{account}/wallets/{wallet}/cards",
            "GET /v1/cards/{card_id}/holders/{id}",
            "GET /v1/cardinals",
        ]
        assert calls(catalogue.search("card")) == best_first
        assert calls(catalogue.search("card", limit=1)) == best_first[:1]


@pytest.mark.parametrize(
    "words",
    ["account holder", "accountHolder", "account-holders", "ACCOUNT_HOLDER", "accountholder"],
)
def test_names_are_searched_in_one_piece_and_in_parts(words: str) -> None:
    """However a name is joined in a path, and however in the query, they meet."""
    paths = [
        "/v1/{accountHolderId}",
        "/v1/account_holders",
        "/v1/account-holders",
        "/v1/accountHolders",
    ]
    with in_memory(
        endpoint("acme", "GET", "/v1/others"), *(endpoint("acme", "GET", path) for path in paths)
    ) as catalogue:
        assert sorted(hit.path for hit in catalogue.search(words)) == sorted(paths)


@pytest.mark.parametrize(
    ("one", "many"),
    [("company", "companies"), ("box", "boxes"), ("batch", "batches"), ("cache", "caches"), ("release", "releases"),
     ("address", "addresses"), ("status", "statuses"), ("id", "ids"), ("api", "apis"), ("movie", "movies"), ("key", "keys")],
)  # fmt: skip
def test_one_finds_many_and_many_find_one(one: str, many: str) -> None:
    """English plurals are the same word, in names and in descriptions."""
    for asked, written in ((one, many), (many, one)):
        meant = endpoint("acme", "GET", f"/v1/{written}")
        described = endpoint("acme", "GET", "/v1/other", description=f"Shows the {written}.")
        with in_memory(meant, described) as catalogue:
            catalogue.remove(SEED)
            hits = catalogue.search(asked)
            assert (ids(hits), {hit.match for hit in hits}) == ([meant.id, described.id], {"all"})


@pytest.mark.parametrize(
    ("verb", "method"),
    [("send", "POST"), ("create", "POST"), ("add", "POST"), ("list", "GET"), ("find", "GET"), ("update", "PATCH"),
     ("replace", "PUT"), ("delete", "DELETE"), ("remove", "DELETE"), ("PATCH", "PATCH")],
)  # fmt: skip
def test_verb_prefers_its_method_and_hides_nothing(verb: str, method: str) -> None:
    """A verb that stands on no page puts the method it means first; the other methods follow."""
    methods = ("DELETE", "GET", "PATCH", "POST", "PUT")
    with in_memory(*(endpoint("acme", each, "/v1/rockets") for each in methods)) as catalogue:
        hits = catalogue.search(f"{verb} rocket")
        assert hits[0].method == method
        assert sorted(hit.method for hit in hits) == sorted(methods)
        assert {hit.match for hit in hits} == {"all"}


def test_verb_that_is_written_somewhere_is_a_word() -> None:
    """`cancel` means DELETE, but not before an endpoint that says cancel; alone it lists those it
    stands on.
    """
    with in_memory(
        endpoint("acme", "DELETE", "/v1/orders/{id}"),
        endpoint("acme", "POST", "/v1/orders/{id}/cancel"),
    ) as catalogue:
        assert calls(catalogue.search("cancel order"))[0] == "POST /v1/orders/{id}/cancel"
        assert calls(catalogue.search("cancel")) == ["POST /v1/orders/{id}/cancel"]
        assert calls(catalogue.search("destroy")) == ["DELETE /v1/orders/{id}"]


def test_match_says_how_well_the_words_were_met(twelve: Catalogue) -> None:
    """`all`, `near` for a corrected word, `some` when words had to be left out; nothing when none
    is found.
    """
    found = {words: [hit.match for hit in twelve.search(words)][:1] for words in (
        "procore email", "procore emial", "rpocore email", "email xylophone", "stripe tickets", "xylophone", "??",
    )}  # fmt: skip
    assert found == {
        "procore email": ["all"],
        "procore emial": ["near"],
        "rpocore email": ["near"],
        "email xylophone": ["some"],
        "stripe tickets": ["some"],
        "xylophone": [],
        "??": ["all"],
    }


def test_hit_shows_as_json(twelve: Catalogue) -> None:
    """What a command line or a page prints."""
    hit = twelve.search("procore send email")[0]
    assert hit.to_json() == {
        "id": SEED,
        "method": "POST",
        "path": "/rest/v1.0/project/{project_id}/email_communications",
        "provider": "procore",
        "api": "",
        "title": twelve.get(SEED).title,
        "match": "all",
    }
    assert json.loads(json.dumps(hit.to_json())) == hit.to_json()


@pytest.mark.parametrize("nothing", ["", "   ", "\n", "()", '"', "***", "\0", "—…", "- - -"])
def test_no_words_list_everything(twelve: Catalogue, nothing: str) -> None:
    """A query without a word lists by provider and path, as many as asked for."""
    expected = sorted((each.provider, each.path) for each in twelve.endpoints())
    assert [(hit.provider, hit.path) for hit in twelve.search(nothing)] == expected
    assert len(twelve.search(nothing, limit=3)) == 3


def test_limit(twelve: Catalogue) -> None:
    """At most *limit*, none for nothing, and no number is too large."""
    assert len(twelve.search("procore", limit=2)) == 2
    assert len(twelve.search("procore", limit=10**30)) == 4
    assert twelve.search("procore", limit=0) == twelve.search("procore", limit=-1) == []


def test_filters(twelve: Catalogue) -> None:
    """*provider* and *method* keep only hits of theirs, whatever their case, with words and
    without.
    """
    for words in ("", "project", "v1"):
        hits = twelve.search(words, provider="Procore", method="post")
        assert {(hit.provider, hit.method) for hit in hits} == {("procore", "POST")}
    assert twelve.search("email", provider="stripe", method="GET") == []
    with in_memory(
        endpoint("acme", "GET", "/cards"), endpoint("acme-labs", "GET", "/cards")
    ) as catalogue:
        assert [hit.provider for hit in catalogue.search("card", provider="acme")] == ["acme"]
    assert twelve.search("email", provider='"*', method="NEAR(") == []
    assert ids(twelve.search(SEED, method="GET"))[:1] != [SEED]


@pytest.mark.parametrize(
    ("text", "words"),
    [("Überweisung ausführen", "uberweisung AUSFUHREN"), ("发送电子邮件", "邮件"), ("メールを送信する", "送信"),
     ("Отправить письмо", "ПИСЬМО"), ("إرسال بريد", "بريد"), ("ईमेल भेजें", "ईमेल"), ("ส่งอีเมล", "อีเมล"),
     ("이메일을 보내기", "이메일"), ("\uff25\uff4d\uff41\uff49\uff4c", "email"),
     ("Straße", "strasse"), ("İstanbul", "istanbul")],
)  # fmt: skip
@pytest.mark.parametrize("where", ["title", "description"])
def test_any_script_is_searched(text: str, words: str, where: str) -> None:
    """Case, accents and width do not matter, and a word is found in scripts without spaces."""
    meant = replace(endpoint("acme", "POST", "/v1/a"), **{where: text})  # type: ignore[arg-type]
    other = replace(endpoint("acme", "POST", "/v1/b"), **{where: "something else"})  # type: ignore[arg-type]
    with in_memory(meant, other) as catalogue:
        catalogue.remove(SEED)
        assert ids(catalogue.search(words)) == [meant.id]


@pytest.mark.parametrize(
    "query",
    ["email AND", "email OR", "NOT email", "NEAR(email procore)", "NEAR/2", 'email "', '"email', "email*", "^email",
     "email:", "title:email", "{title} : email", "(email", "email)", "- email", "+", "email + procore",
     "em\0ail procore", "\ud800 email", "'; DROP TABLE endpoint; --", "email AND NOT procore",
     "email " * 5000, "(" * 5000, "a-" * 5000, "x" * 100_000, "\U0010ffff"],
)  # fmt: skip
def test_operators_are_only_words(twelve: Catalogue, query: str) -> None:
    """No query is a syntax error, and what looks like an operator does none of its work."""
    hits = twelve.search(query)
    if "email" in query:
        assert SEED in ids(hits)
    assert len(twelve) == len(PAGES)


@settings(max_examples=300, deadline=None)
@given(words=ANY_TEXT, provider=st.none() | ANY_TEXT, method=st.none() | ANY_TEXT)
def test_no_query_ever_raises(
    twelve: Catalogue, words: str, provider: str | None, method: str | None
) -> None:
    """Any text at all is a query, a provider or a method."""
    for hit in twelve.search(words, provider=provider, method=method) + twelve.search(words):
        assert twelve.get(hit.id).path == hit.path


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "email",
                '"',
                "*",
                "(",
                ")",
                "AND",
                "OR",
                "NOT",
                "NEAR",
                ":",
                "^",
                "-",
                "_",
                "send",
                "id",
                "é",
                "\0",
            ]
        )
    )
)
def test_no_mixture_of_operators_ever_raises(twelve: Catalogue, pieces: list[str]) -> None:
    """Pieces of FTS5's own grammar in any order are words."""
    for glue in ("", " "):
        twelve.search(glue.join(pieces))


@settings(max_examples=100, deadline=None)
@given(text=ANY_TEXT)
def test_no_id_ever_raises_anything_else(twelve: Catalogue, text: str) -> None:
    """Any text that is no id is an unknown endpoint."""
    with pytest.raises(UnknownEndpointError):
        twelve.get(text)


@settings(max_examples=150, deadline=None)
@given(
    fields=st.fixed_dictionaries(
        dict.fromkeys(("id", "method", "path", "provider", "title", "description"), ANY_TEXT)
    )
)
def test_any_text_is_stored_and_comes_back(fields: dict[str, str]) -> None:
    """Lone surrogates, NUL, any script: an endpoint is returned as it was given, listed, found, and
    removed.
    """
    strange = Endpoint(**fields, source="s")  # type: ignore[arg-type]
    with in_memory(strange) as catalogue:
        catalogue.remove(SEED)
        assert list(catalogue.endpoints()) == [strange]
        assert catalogue.get(strange.id) == strange
        assert len(catalogue.search("")) == 1
        catalogue.search(strange.title)
        assert catalogue.put([strange], source="s").unchanged == 1
        catalogue.remove(strange.id)
        assert catalogue.search(strange.path) == []


# --- the schema of an endpoint ------------------------------------------------------------------


def test_every_endpoint_fits_the_shipped_schema(twelve: Catalogue) -> None:
    """What `Endpoint.to_json` writes is what `schemas/endpoint.schema.json` says, for every page
    and a full endpoint.
    """
    schema = packaged.schema("endpoint")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    full = endpoint(
        "acme", "GET", "/{a}", "t", "d",
        servers=(Server("https://a.example", "d"),),
        parameters=(Parameter("a", "path", True, {"type": "string"}, "d", "simple", False),),
        request_body=RequestBody({"*/*": MediaType()}, required=True, description="d"),
        incomplete=("body",),
    )  # fmt: skip
    for each in [*twelve.endpoints(), full, Endpoint("i", "GET", "/", "p")]:
        assert [error.message for error in validator.iter_errors(each.to_json())] == []


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1}, {"id": ""}, {"method": "get"}, {"path": 1}, {"title": ""}, {"servers": [{"url": "https://a.example/"}]},
        {"parameters": [{"name": "a", "in": "body", "schema": {}}]}, {"parameters": [{"name": "a", "in": "query"}]},
        {"parameters": [{"name": "a", "in": "query", "schema": {"type": "int"}}]},
        {"parameters": [{"name": "a", "in": "query", "required": False, "schema": {}}]},
        {"requestBody": {"content": {}}}, {"requestBody": {"content": {"a/b": {"schema": {"required": "x"}}}}},
        {"incomplete": ["header"]}, {"incomplete": []},
    ],
    ids=str,
)  # fmt: skip
def test_schema_is_strict(change: dict[str, object]) -> None:
    """Anything `to_json` never writes is refused."""
    value = endpoint("acme", "GET", "/a").to_json()
    validator = jsonschema.Draft202012Validator(packaged.schema("endpoint"))
    assert validator.is_valid(value)
    assert not validator.is_valid(value | change)
