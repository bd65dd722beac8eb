"""Tokens: kept in memory, in a file or by a plugin; refreshed by one, for all, and never lost."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import servers
from httptask import hookimpl
from httptask._core.file_lock import locked, try_lock, unlock
from httptask.credentials import FileTokens, MemoryTokens, TokenKeeper, _token_stores, key_of
from httptask.errors import CredentialError
from httptask.model.authorisation import Clock, Token
from httptask.protocols import TokenStore
from httptask.task import HttpTask
from places import ROOT
from tasks import failure, http, runtime
from token_server import TokenServer, token_server

VARIABLE = "HTTPTASK_CREDENTIAL_CRM"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    with token_server() as running:
        written = running.credential("refreshToken", refreshToken="refresh-0")
        monkeypatch.setenv(VARIABLE, written)
        yield running


def me(server: TokenServer, **fields: Any) -> dict[str, Any]:
    return http(server.url + "/me", credentials="crm", **fields)


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.wall, self.even = 1_000_000.0, 50.0
        self.clock = Clock(lambda: self.wall, lambda: self.even)

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.even += seconds


def keeper(store: TokenStore, clock: Clock | None = None) -> TokenKeeper:
    return TokenKeeper(lambda: store, clock or Clock())


# For whoever connects, shows and ends


@pytest.mark.parametrize("in_file", [False, True])
def test_a_store_takes_a_token_only_in_place_of_the_one_that_was_seen(
    tmp_path: Path, in_file: bool
) -> None:
    """By its version, and says whether it did; so two who renew at once do not overwrite."""
    store: TokenStore = FileTokens(tmp_path / "tokens.json") if in_file else MemoryTokens()
    first, second = Token("a", version="1"), Token("b", version="2")

    async def run() -> None:
        assert await store.swap("k", "0", first) is False
        assert await store.get("k") is None
        assert await store.swap("k", None, first) is True
        assert await store.swap("k", None, second) is False
        assert await store.swap("k", "2", None) is False
        assert await store.get("k") == first
        assert await store.swap("k", "1", second) is True
        assert await store.get("k") == second
        assert await store.swap("other", None, first) is True
        assert await store.swap("k", "2", None) is True
        assert await store.get("k") is None
        assert await store.swap("k", None, None) is True
        assert await store.get("other") == first

    asyncio.run(run())


@pytest.mark.parametrize("in_file", [False, True])
def test_a_lease_is_one_holders_until_it_is_released(tmp_path: Path, in_file: bool) -> None:
    """Its holder may take it again; one that is over is anybody's, and who holds none releases
    none.
    """
    store: TokenStore = FileTokens(tmp_path / "tokens.json") if in_file else MemoryTokens()

    async def run() -> None:
        assert await store.lease("k", "ann", 60) is True
        if in_file:
            assert await store.lease("k", "bob", 60) is False
            await store.release("k", "bob")
            assert await store.lease("k", "bob", 60) is False
        assert await store.lease("other", "bob", 60) is True
        await store.release("k", "ann")
        assert await store.lease("k", "bob", -1) is True
        assert await store.lease("k", "ann", 60) is True

    asyncio.run(run())


@pytest.mark.parametrize("in_file", [False, True])
def test_a_token_can_be_put_looked_at_and_removed(tmp_path: Path, in_file: bool) -> None:
    """What is put is what everybody gets, whatever was there before; its age begins anew."""
    store: TokenStore = FileTokens(tmp_path / "tokens.json") if in_file else MemoryTokens()
    time = Time()
    tokens = keeper(store, time.clock)

    async def obtain(stored: Token | None) -> Token:
        return Token("obtained" if stored is None else f"after {stored.access_token}", "Bearer", 90)

    async def run() -> None:
        assert await tokens.peek("k:1") is None
        assert (await tokens.get("k:1", obtain)).access_token == "obtained"
        await tokens.put("k:1", Token("put", expires_in=900, refresh_token="r"))
        seen = await tokens.peek("k:1")
        assert seen is not None
        assert (seen.access_token, seen.refresh_token) == ("put", "r")
        await tokens.put("k:1", seen)
        again = await tokens.peek("k:1")
        assert again is not None
        assert again.version not in ("", seen.version)
        assert seen.obtained_at == time.wall
        assert (await tokens.get("k:1", obtain)).access_token == "put"
        time.pass_(800)
        assert (await tokens.get("k:1", obtain)).access_token == "put"
        time.pass_(50)
        assert (await tokens.get("k:1", obtain)).access_token == "after put"
        await tokens.put("k:1", None)
        await tokens.put("k:1", None)  # nothing is nothing
        assert await tokens.peek("k:1") is None
        assert (await tokens.get("k:1", obtain)).access_token == "obtained"

    asyncio.run(run())


def test_a_token_that_is_put_stays_whatever_was_to_be_stored_before() -> None:
    """One that a broken store did not take meanwhile is gone with the one it was for."""
    store = MemoryTokens()
    tokens = keeper(store)
    works, given = store.swap, ["old"]

    async def broken(key: str, before: str | None, token: Token | None) -> bool:
        raise OSError("disk full")

    async def obtain(stored: Token | None) -> Token:
        return Token(given[-1])

    async def run() -> None:
        store.swap = broken  # type: ignore[method-assign]
        with pytest.raises(CredentialError, match="disk full"):
            await tokens.get("k:1", obtain)
        with pytest.raises(OSError, match="disk full"):
            await tokens.put("k:1", Token("new"))
        store.swap = works  # type: ignore[method-assign]
        await tokens.put("k:1", Token("new"))
        await tokens.put("k:1", None)
        given.append("anew")
        assert (await tokens.get("k:1", obtain)).access_token == "anew"

    asyncio.run(run())


@pytest.mark.parametrize("is_first", [True, False], ids=["first token", "refresh"])
@pytest.mark.parametrize("is_shared", [False, True], ids=["one process", "two"])
def test_a_removed_token_stays_removed(is_first: bool, is_shared: bool, tmp_path: Path) -> None:
    """One that is being asked for meanwhile, here or in another process, is not stored later."""
    path = tmp_path / "tokens.json"
    tokens = keeper(FileTokens(path) if is_shared else MemoryTokens())
    remover = keeper(FileTokens(path)) if is_shared else tokens
    asked, answer = threading.Event(), threading.Event()

    async def obtain(stored: Token | None) -> Token:
        asked.set()
        assert await asyncio.to_thread(answer.wait, servers.HANG_SECONDS)
        return Token("too late", refresh_token="r2")

    async def run() -> None:
        if not is_first:
            await tokens.put("k:1", Token("old", expires_in=0.0, refresh_token="r1"))
        refresh = asyncio.create_task(tokens.get("k:1", obtain))
        assert await asyncio.to_thread(asked.wait, servers.HANG_SECONDS)
        removal = asyncio.create_task(remover.put("k:1", None))
        await asyncio.wait([removal], timeout=0.2)
        answer.set()
        assert (await refresh).access_token == "too late"  # whoever asked before has it
        await removal
        assert await tokens.peek("k:1") is None

    asyncio.run(run())


def test_a_token_that_somebody_always_overwrites_is_an_error() -> None:
    """A store whose token is another at each look is not written without end."""
    store = MemoryTokens()

    async def busy(key: str, before: str | None, token: Token | None) -> bool:
        return False

    store.swap = busy  # type: ignore[method-assign]
    for token in (Token("new"), None):
        with pytest.raises(CredentialError, match="credential 'k': the token store is busy") as got:
            asyncio.run(keeper(store).put("k:1", token))
        assert got.value.code == "credential-token-busy"


# One refresh for all


def test_many_tasks_share_one_refresh(server: TokenServer) -> None:
    """On one event loop."""
    server.pause = 0.2
    with runtime() as shared:

        async def run() -> list[int]:
            tasks = [HttpTask(me(server), runtime=shared).acall() for _ in range(50)]
            results = await asyncio.gather(*tasks)
            await shared.aclose_connections()
            return [result.status_code for result in results]

        assert asyncio.run(run()) == [200] * 50
    assert server.granted == 1


def test_threads_with_event_loops_of_their_own_share_one_refresh(server: TokenServer) -> None:
    """As workers of an engine have them."""
    server.pause = 0.2
    with runtime() as shared, ThreadPoolExecutor(8) as pool:
        task = HttpTask(me(server), runtime=shared)
        results = list(pool.map(lambda _: task.call().status_code, range(24)))
    assert results == [200] * 24
    assert server.granted == 1


def test_a_failed_refresh_is_an_error_of_each_that_waits(server: TokenServer) -> None:
    """Each has an error of its own, which says where its credential is named."""
    server.pause, server.refresh = 0.2, "another"
    with runtime() as shared:

        async def run() -> list[BaseException | Any]:
            tasks = [
                HttpTask(me(server), pointer=f"/tasks/{n}", runtime=shared).acall()
                for n in range(5)
            ]
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await shared.aclose_connections()
            return ended

        errors = asyncio.run(run())
    assert len(server.requests) == 1
    assert len({id(error) for error in errors}) == 5
    for number, error in enumerate(errors):
        assert isinstance(error, CredentialError)
        assert str(error).startswith(f"/tasks/{number}/credentials: credential 'crm'")
        assert str(error).count("/credentials") == 1
        assert error.status_code == 400


def test_a_cancelled_attempt_does_not_cancel_the_refresh(
    server: TokenServer, tmp_path: Path
) -> None:
    """The token that was rotated meanwhile is stored, and the next run goes on with it: closing the
    runtime waits for it.
    """
    server.pause = 0.5
    path = tmp_path / "tokens.json"
    with runtime(tokens=path) as shared:

        async def run() -> None:
            task = asyncio.create_task(HttpTask(me(server), runtime=shared).acall())
            assert await asyncio.to_thread(server.asked.wait, servers.HANG_SECONDS)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(run())  # and its event loop is gone, too
    assert server.granted == 1
    with runtime(tokens=path) as shared:
        assert HttpTask(me(server), runtime=shared).call().status_code == 200
    assert server.granted == 1
    assert server.sent == ["GET /me HTTP/1.1"]


def test_a_refresh_that_hangs_does_not_hold_up_the_end(
    server: TokenServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After its grace it is given up, which the log says, and nobody else waits for its lease."""
    monkeypatch.setattr("httptask.credentials._refresher.GRACE_SECONDS", 0.1)
    server.held = threading.Event()
    path = tmp_path / "tokens.json"

    async def run() -> CredentialError:
        async with runtime(tokens=path) as shared:
            task = asyncio.create_task(HttpTask(me(server), runtime=shared).acall())
            assert await asyncio.to_thread(server.asked.wait, servers.HANG_SECONDS)
        with pytest.raises(CredentialError) as caught:
            await task
        return caught.value

    error = asyncio.run(run())
    assert "the runtime was closed before a token was given" in str(error)
    assert error.retryable
    assert "credential 'crm': the runtime was closed while a token was asked for" in caplog.text
    server.held.set()
    server.held = None
    with runtime(tokens=path) as shared:
        assert HttpTask(me(server), runtime=shared).call().status_code == 200


def test_a_deadline_of_a_task_does_not_end_the_refresh(server: TokenServer) -> None:
    """The task ends in time; the next one has the token."""
    server.pause = 2.0
    with runtime() as shared:
        with pytest.raises(CredentialError):
            HttpTask(me(server, totalTimeoutSeconds=1), runtime=shared).call()
        assert HttpTask(me(server), runtime=shared).call().status_code == 200
    assert server.granted == 1


def test_a_deadline_says_what_held_the_token_up(server: TokenServer) -> None:
    """The token endpoint is asked when the limit of its origin is over, and then takes too long."""
    limit = ("X-RateLimit-Limit", "1"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1")
    server.answer = lambda _: servers.response(b'{"error": "slow_down"}', servers.JSON, *limit)
    with runtime() as shared:
        with pytest.raises(CredentialError, match="slow_down"):
            HttpTask(me(server), runtime=shared).call()
        server.pause = 3.0
        late = r"no token came from 127\.0\.0\.1:\d+ \(limited until 2"
        with pytest.raises(CredentialError, match=late) as raised:
            HttpTask(me(server, totalTimeoutSeconds=2), runtime=shared).call()
        (token,) = raised.value.exchange.attempts[0].sub_exchanges
        assert token.hop.phases.keys() >= {"queue", "wait"}
        assert token.hop.queue_reason.startswith("limited until 2")


# Ages


def token(lives: float | None = 3600.0, **fields: Any) -> Token:
    return Token("access", expires_in=lives, refresh_token="refresh", **fields)


async def counted(
    tokens: TokenKeeper, lives: float | None, refused: str | None = None, *, key: str = "k:1"
) -> int:
    """Return how many tokens are obtained by asking once."""
    count = 0

    async def obtain(_: Token | None) -> Token:
        nonlocal count
        count += 1
        return token(lives)

    await tokens.get(key, obtain, refused)
    return count


@pytest.mark.parametrize(
    ("lives", "fresh", "stale"),
    [(3600, 3539, 3541), (100, 89, 91), (10, 8.9, 9.1), (None, 1e9, None)],
)
def test_a_token_is_refreshed_before_it_expires(
    lives: float | None, fresh: float, stale: float | None
) -> None:
    """By the smaller of 60 seconds and a tenth of its life."""
    time_ = Time()
    tokens = keeper(MemoryTokens(), time_.clock)

    async def run() -> None:
        assert await counted(tokens, lives) == 1
        time_.pass_(fresh)
        assert await counted(tokens, lives) == 0
        if stale is not None:
            time_.pass_(stale - fresh)
            assert await counted(tokens, lives) == 1

    asyncio.run(run())


def test_the_age_of_a_token_goes_by_the_even_clock() -> None:
    """A wall clock that jumps by hours makes no token older or younger, whosever tokens are asked
    for meanwhile.
    """
    time_ = Time()
    tokens = keeper(MemoryTokens(), time_.clock)

    async def run() -> None:
        assert await counted(tokens, 3600) == 1
        time_.wall += 7200
        assert await counted(tokens, 3600, key="k:2") == 1
        assert await counted(tokens, 3600) == 0
        time_.wall -= 14_400
        time_.even += 3600
        assert await counted(tokens, 3600) == 1

    asyncio.run(run())


@pytest.mark.parametrize("off", [-3600.0, 3600.0])
def test_a_clock_an_hour_off_is_no_reason_to_refresh_for_ever(off: float) -> None:
    """A token of a process whose clock differs is refreshed at most once; then this one's own age
    counts. One that is refused is refreshed whatever the clocks say.
    """
    store = MemoryTokens()
    there, here = Time(), Time()
    here.wall += off

    async def run() -> None:
        await counted(keeper(store, there.clock), 3600)
        tokens = keeper(store, here.clock)
        first = await counted(tokens, 3600)
        assert first == (1 if off > 0 else 0)
        assert await counted(tokens, 3600) == 0
        here.pass_(3000)
        assert await counted(tokens, 3600) == 0
        stored = await store.get("k:1")
        assert stored is not None
        assert await counted(tokens, 3600, stored.version) == 1

    asyncio.run(run())


def test_a_token_that_lives_a_little_longer_will_do_while_nobody_answers() -> None:
    """A refresh before the end that fails for now is no failure of the task."""
    time_ = Time()
    tokens = keeper(MemoryTokens(), time_.clock)

    async def fail(_: Token | None) -> Token:
        raise CredentialError("down", retryable=True)

    async def run() -> None:
        await counted(tokens, 100)
        time_.pass_(95)
        assert (await tokens.get("k:1", fail)).access_token == "access"
        time_.pass_(6)
        with pytest.raises(CredentialError):
            await tokens.get("k:1", fail)

    asyncio.run(run())


# Stores


def test_a_lost_race_is_no_end() -> None:
    """A refresh token that is not valid any more has been used by another, whose token is in the
    store.
    """
    store = MemoryTokens()
    tokens = keeper(store)

    async def lose(before: Token | None) -> Token:
        assert before is None
        assert await store.swap("k:1", None, token(version="theirs"))
        raise CredentialError("invalid_grant", status_code=400)

    async def run() -> None:
        assert (await tokens.get("k:1", lose)).version == "theirs"

    asyncio.run(run())


class Failing(MemoryTokens):
    """A store that cannot write the first time."""

    failures = 1

    async def swap(self, key: str, before: str | None, token: Token | None) -> bool:
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")
        return await super().swap(key, before, token)


def test_a_token_that_cannot_be_stored_is_not_lost() -> None:
    """The attempt does not go on with it; the next one stores it first."""
    store = Failing()
    tokens = keeper(store)

    async def run() -> None:
        with pytest.raises(CredentialError, match="the disk is full") as raised:
            await counted(tokens, 3600)
        assert raised.value.retryable
        assert await counted(tokens, 3600) == 0
        assert (await store.get("k:1")) is not None

    asyncio.run(run())


class ConnectionLostError(Exception):
    """What Redis's library raises is no `OSError`."""


@pytest.mark.parametrize("error", [ConnectionLostError("gone"), TimeoutError("gone")])
@pytest.mark.parametrize("method", ["get", "swap", "lease"])
def test_a_store_that_is_down_may_be_there_again(
    method: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it raises: the task may be tried again, and a token given meanwhile is kept."""
    store = MemoryTokens()
    tokens = keeper(store)

    async def fail(*_: Any) -> Any:
        raise error

    async def run() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(store, method, fail)
            with pytest.raises(CredentialError, match="the token store failed: gone") as raised:
                await counted(tokens, 3600)
        assert raised.value.retryable
        assert await counted(tokens, 3600) == (0 if method == "swap" else 1)

    asyncio.run(run())


def test_a_lease_that_cannot_be_released_costs_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """The store is gone once it has the token: the task goes on, and the log says it."""
    store = MemoryTokens()

    async def fail(*_: Any) -> None:
        raise ConnectionLostError("gone")

    store.release = fail  # type: ignore[method-assign]
    assert asyncio.run(counted(keeper(store), 3600)) == 1
    assert "a lease of the token store stays until its end: gone" in caplog.text


def test_an_answer_that_comes_while_the_process_ends_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.12 starts no thread any more by then; in it, nothing else is done without one."""
    store = FileTokens(tmp_path / "tokens.json")
    tokens = keeper(store)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    async def obtain(_: Token | None) -> Token:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        return token()

    assert asyncio.run(tokens.get("k:1", obtain)).access_token == "access"
    monkeypatch.undo()
    stored = asyncio.run(store.get("k:1"))
    assert stored is not None
    assert stored.refresh_token == "refresh"


def test_a_file_keeps_tokens_for_its_owner_alone(tmp_path: Path) -> None:
    """It is made with mode 600, refused with another, and replaced as a whole."""
    path = tmp_path / "deep" / "tokens.json"
    store = FileTokens(path)
    assert isinstance(store, TokenStore)

    async def run() -> None:
        assert await store.get("k:1") is None
        assert await store.swap("k:1", None, token(version="1", extra={"url": "u"}))
        assert not await store.swap("k:1", None, token(version="2"))
        assert await store.swap("k:1", "1", token(version="2", extra={"url": "u"}))
        read = await FileTokens(path).get("k:1")
        assert read == token(version="2", extra={"url": "u"})
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o640)
        with pytest.raises(ValueError, match="chmod 600"):
            await store.get("k:1")
        path.chmod(0o600)
        assert await store.swap("k:1", "2", None)
        assert await store.get("k:1") is None
        path.write_text("{ c4n4ry")
        with pytest.raises(ValueError, match="holds no tokens") as raised:
            await store.get("k:1")
        assert "c4n4ry" not in str(raised.value)

    asyncio.run(run())


def test_tokens_that_nobody_can_use_any_more_do_not_pile_up(tmp_path: Path) -> None:
    """A week after its end one goes that cannot be refreshed; locks go with their leases."""
    store, long_ago = FileTokens(tmp_path / "t"), time.time() - 8 * 86_400

    async def run() -> None:
        for number, old in enumerate(
            (
                Token("ended", expires_in=3600, obtained_at=long_ago, version="1"),
                token(obtained_at=long_ago, version="1"),
                Token("for ever", obtained_at=long_ago, version="1"),
                Token("lives", expires_in=9 * 86_400, obtained_at=long_ago, version="1"),
            )
        ):
            assert await store.lease(f"k:{number}", "a", 60)
            assert await store.swap(f"k:{number}", None, old)
            await store.release(f"k:{number}", "a")
        kept = [await store.get(f"k:{number}") for number in range(4)]
        assert [each is not None for each in kept] == [False, True, True, True]

    asyncio.run(run())
    assert sorted(file.name for file in tmp_path.iterdir()) == [".t.lock", "t"]


def test_a_process_knows_a_bounded_number_of_tokens() -> None:
    """The others are asked of the store."""
    store = MemoryTokens()
    tokens = keeper(store)
    asked = 0

    async def obtain(_: Token | None) -> Token:
        nonlocal asked
        asked += 1
        return token()

    async def run() -> None:
        for number in range(1100):
            await tokens.get(f"k:{number}", obtain)
        assert len(tokens._seen) <= 1024
        await tokens.get("k:0", obtain)
        assert asked == 1100

    asyncio.run(run())


def test_a_lease_is_one_holders(tmp_path: Path) -> None:
    """Until it is released, or has lasted too long: a holder that hangs does not lock all out. The
    file is one, whatever links lead to it.
    """
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link").symlink_to(tmp_path / "t")
    first, second = FileTokens(tmp_path / "t"), FileTokens(tmp_path / "elsewhere" / "link")

    async def run() -> None:
        assert await first.lease("k:1", "a", 60)
        assert not await second.lease("k:1", "b", 60)
        assert await second.lease("k:2", "b", 60)
        await first.release("k:1", "a")
        assert await second.lease("k:1", "b", 0)
        assert await first.lease("k:1", "c", 60)
        await second.release("k:1", "b")
        assert not await second.lease("k:1", "d", 60)

    asyncio.run(run())


def test_a_lease_that_is_being_taken_is_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the lease before still stands in its file at that moment."""
    first, second = FileTokens(tmp_path / "t"), FileTokens(tmp_path / "t")
    monkeypatch.setattr("httptask._core.owner_file.locked", partial(locked, seconds=0))
    taken: list[bool] = []

    def meanwhile(descriptor: int, seconds: float) -> None:
        monkeypatch.setattr(_token_stores, "_write_end", write_end)
        with contextlib.suppress(OSError):
            taken.append(second._lease("k:1", "b", 60))
        write_end(descriptor, seconds)

    write_end = _token_stores._write_end
    assert first._lease("k:1", "before", 0)
    asyncio.run(first.release("k:1", "before"))
    monkeypatch.setattr(_token_stores, "_write_end", meanwhile)
    assert first._lease("k:1", "a", 60)
    assert True not in taken
    assert not second._lease("k:1", "b", 60)


def test_a_file_that_others_can_read_is_an_error_of_the_credential(
    server: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`HTTPTASK_TOKENS` names it."""
    path = tmp_path / "tokens.json"
    path.write_text("{}")
    path.chmod(0o644)
    monkeypatch.setenv("HTTPTASK_TOKENS", str(path))
    error = failure(me(server))
    assert isinstance(error, CredentialError)
    assert "chmod 600" in str(error)
    assert not server.requests


class Vault(MemoryTokens):
    """A plugin with a store of its own."""

    @hookimpl
    def httptask_token_store(self) -> TokenStore:
        return self


def test_a_plugin_keeps_tokens(server: TokenServer) -> None:
    """Two runtimes that share its store share the token; the key holds no secret."""
    vault = Vault()
    for _ in range(2):
        with runtime(vault) as shared:
            assert HttpTask(me(server), runtime=shared).call().status_code == 200
    assert server.granted == 1
    [key] = vault._tokens
    assert key.startswith("crm:")
    assert "refresh-0" not in key


def test_a_token_does_not_print() -> None:
    """Neither in a repr nor in a pickle."""
    shown = token()
    assert "access" not in repr(shown) + str(shown) + f"{shown}"
    with pytest.raises(TypeError):
        pickle.dumps(shown)
    assert key_of("a", {"b": 1}) == key_of("a", {"b": 1}) != key_of("a", {"b": 2})


# Several processes

WORKER = """
import asyncio, sys
from httptask import HttpTask, Runtime

async def main(url, count):
    async with Runtime(allow_networks=["127.0.0.0/8"], catalogue=":memory:") as shared:
        definition = {"type": "Http", "credentials": "crm", "httpRequest": {"url": url}, "end": True}
        calls = [HttpTask(definition, runtime=shared).acall() for _ in range(count)]
        results = await asyncio.gather(*calls)
        print([result.status_code for result in results].count(200))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def worker(server: TokenServer, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, server.url + "/me", str(count)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


@pytest.mark.slow
def test_four_processes_share_one_rotating_refresh_token(
    server: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty tasks in four processes: one refresh, and no failure."""
    monkeypatch.setenv("HTTPTASK_TOKENS", str(tmp_path / "tokens.json"))
    server.pause = 0.5
    running = [worker(server, count) for count in (13, 13, 12, 12)]
    ended = [process.communicate(timeout=servers.HANG_SECONDS) for process in running]
    assert [output for output, _ in ended] == ["13\n", "13\n", "12\n", "12\n"], ended
    assert server.granted == 1
    assert len(server.requests) == 1


@pytest.mark.slow
def test_a_process_that_is_killed_in_a_refresh_does_not_lock_others_out(
    server: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 while the token endpoint is asked: its lease ends with it, and the next start
    works.
    """
    monkeypatch.setenv("HTTPTASK_TOKENS", str(tmp_path / "tokens.json"))
    server.held = threading.Event()
    killed = worker(server, 1)
    assert server.asked.wait(servers.HANG_SECONDS)
    [lease] = [file for file in tmp_path.iterdir() if file.suffix != ".lock"]
    assert try_lock(lease) is None
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    descriptor = try_lock(lease)
    assert descriptor is not None
    unlock(descriptor)
    server.held.set()
    server.held = None
    output, errors = worker(server, 1).communicate(timeout=servers.HANG_SECONDS)
    assert output == "1\n", errors
    assert server.granted == 1
