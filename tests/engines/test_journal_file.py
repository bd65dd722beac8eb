"""The file of a journal: another's stays as it is, and a full disk loses nothing."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from httptask.engines import Journal
from httptask.engines.journal._file import APPLICATION_ID, connect, translated
from httptask.errors import JournalError
from httptask.protocols import TaskCall
from worlds import World, do, workflow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE mine (a)")


def newer(path: Path) -> None:
    with Journal(path):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_a_power_cut_loses_nothing_that_was_written(file: Path) -> None:
    """SQLite promises that for a log (WAL) that is synchronised at each commit (FULL, 2)."""
    with closing(connect(file)) as connection:
        pragmas = ("journal_mode", "synchronous")
        values = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert values == ["wal", 2]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"hello" * 200), "it is not a SQLite file; name another"),
        (other_database, "it is a SQLite file of something else; name another"),
        (newer, "written by a newer httptask (format 99; this one knows 1): update httptask"),
        (lambda path: path.mkdir(), "it is no file; name another"),
    ],
)
def test_a_file_that_is_no_journal_stays_as_it_is(file: Path, make: Any, says: str) -> None:
    """One sentence says what it is, and what to do."""
    make(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(JournalError) as raised:
        Journal(file)
    assert says in str(raised.value)
    assert str(file) in str(raised.value)
    assert (file.read_bytes() if file.is_file() else None) == before


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EACCES, "it cannot be opened: Permission denied; check the permissions of the file"),
        (errno.ENOSPC, "the disk is full; make room"),
    ],
    ids=["read-only", "full"],
)
def test_a_file_that_cannot_be_made_is_one_sentence(
    file: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    """It says what to do."""

    def refuse(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JournalError) as raised:
        Journal(file)
    assert str(raised.value).startswith(f"the journal {file}: {says}")


def test_an_older_file_keeps_its_runs_and_gets_the_table_of_exchanges(file: Path) -> None:
    """Its tables are those of the first journals. An exchange goes with its run."""
    ended = workflow("A", {"A": do(end=True)})
    with Journal(file) as journal:
        World().run(ended, {}, journal=journal, workflow_id="old")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP TABLE exchange")
    with Journal(file) as journal:
        assert journal.exchange("old", ("A", 1)) is None
        journal.note_exchange("old", ("A", 1), {"outcome": "success"})
    with Journal(file) as journal:
        assert journal.exchange("old", ("A", 1)) == {"outcome": "success"}
        journal.keep_latest(0)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM exchange").fetchone() == (0,)


def test_the_latest_exchanges_of_each_run_are_kept(file: Path) -> None:
    """A workflow that goes in a circle does not fill the disk, nor push out another run's."""
    ended = workflow("A", {"A": do(end=True)})
    with Journal(file) as journal:
        for workflow_id in ("circle", "other"):
            World().run(ended, {}, journal=journal, workflow_id=workflow_id)
        journal.note_exchange("other", ("A", 1), 0)
        for visit in range(1, 203):
            journal.note_exchange("circle", ("A", visit), visit)
        kept = [journal.exchange("circle", ("A", visit)) for visit in (1, 2, 3, 202)]
        assert kept == [None, None, 3, 202]
        assert journal.exchange("other", ("A", 1)) == 0


def test_no_room_for_what_processes_share_is_a_full_disk(file: Path) -> None:
    """SQLite calls that an error of the disk (result code 4874)."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = 4874
    with pytest.raises(JournalError, match="the disk is full; make room"), translated(file):
        raise error


def test_a_full_disk_stops_the_run_and_loses_nothing(file: Path) -> None:
    """The error says what to do; what was written is there, and the run goes on later."""
    definition = workflow("A", {"A": do(give="${$.input}", nextTask="B"), "B": do(end=True)})

    def full(call: TaskCall) -> Any:
        store = journal._store
        pages = store._thread.submit(
            lambda: store._connection.execute("PRAGMA page_count").fetchone()[0]
        ).result()
        store._thread.submit(
            lambda: store._connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        ).result()
        return world.do.give(call)

    world = World(A=full)
    with Journal(file) as journal:
        with pytest.raises(JournalError, match="the disk is full; make room, and go on"):
            world.run(definition, "x" * 100_000, journal=journal)
        (kept,) = journal.runs()
    assert (kept.status, [task.name for task in kept.tasks]) == ("Interrupted", ["A"])
    assert world.left == set()
