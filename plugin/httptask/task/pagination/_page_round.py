"""The round of calls that reads a list page by page, within its limits."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import Path
from httptask._core.strict_json import dump
from httptask.errors import ExpressionError, Pages, PaginationError, SettingsError
from httptask.expressions import ABSENT
from httptask.model.exchange import OutgoingRequest
from httptask.model.page_exchange import PageCall, PageCalls
from httptask.task._record import CallRecord
from httptask.task._round import PART, NextCall
from httptask.task.pagination._collection import collection_of
from httptask.task.pagination._doubts import doubt, total_doubt
from httptask.task.pagination._end import Answer, End, end_of
from httptask.task.pagination._identities import request_identity
from httptask.task.pagination._modes import BY_ITEMS, BY_URL, FOLLOWING, Queries
from httptask.task.pagination._outline import outline_of
from httptask.task.pagination._page import Page
from httptask.task.pagination._places import path_of, put
from httptask.task.pagination._so_far import SoFar
from httptask.task.pagination._start import Earlier, Start
from httptask.task.pagination._state import PageState
from httptask.task.pagination._statements import contradiction
from httptask.task.pagination._unread_links import unread_next_link
from httptask.task.pagination._until import Until

if TYPE_CHECKING:
    from httptask.errors import TaskError, TaskResult
    from httptask.model.exchange import Exchange, SentRequest
    from httptask.model.pagination import Pagination
    from httptask.sending import BodyFile, Delivery
    from httptask.task._conditions import Truth

_KNOWN = "known"
"""The field of the state that holds the knowledge about the list (`SoFar`), for another round."""

_TESTED = 2
"""The number of pages that a test request reads."""


class PageRound:
    """Requests one page after another, and collects their items.

    *until* evaluates the setting `until` over the JSON of a result; None: not set. *refusal*
    returns why settings are refused because of the value at a path, which a page put there.
    *new_file* makes the file for the items; *mask* masks secrets.

    *resumed* is the cursor to start from, from the setting `resume`. *state* is the `state` of an
    earlier round, to continue it; that round's items are not collected again. With *page_by_page*,
    another round can continue after each page: the state then holds everything that this round
    knows about the list. The setting is at *pointer*. With *is_test*, the round ends after two
    pages.
    """

    def __init__(
        self,
        pagination: Pagination,
        *,
        until: Callable[[Any], Awaitable[Truth]] | None,
        refusal: Callable[[Mapping[str, Any], Path], str | None] | None = None,
        new_file: Callable[[], BodyFile],
        mask: Callable[[str], str],
        resumed: Any = None,
        state: Mapping[str, Any] | None = None,
        is_test: bool = False,
        page_by_page: bool = False,
        pointer: str = "",
    ) -> None:
        self._pagination = pagination
        self._queries = Queries(pagination)
        known = state.get(_KNOWN) if state is not None else None
        self._so_far = SoFar() if known is None else SoFar.from_json(known)
        self._until = Until(until, had_value=self._so_far.has_until_value)
        self._refusal = refusal
        self._mask = mask
        self._pointer = pointer
        self._is_test = is_test
        self._page_by_page = page_by_page
        self._resumed = None if resumed == "" else resumed
        self._state = PageState(self._resumed) if state is None else PageState.from_json(state)
        self._collection = collection_of(pagination, None if page_by_page else new_file)
        self._start: Start | None = None
        self._settings: Mapping[str, Any] = {}
        self._request: OutgoingRequest | None = None
        self._record = CallRecord(PageCall)
        self._attempts = 0
        """The attempts of the last page's call."""
        self._began = time.perf_counter()
        self._part: dict[str, Any] = {}
        self._pages: Pages | None = None
        """The summary, after the end."""
        self._error: TaskError | None = None
        self.preview: NextCall | None = None
        """The call that would follow the last call of a test request."""

    @property
    def is_slow(self) -> bool:
        """Whether the items are in a file that is also uploaded."""
        return self._collection.is_slow

    @property
    def state(self) -> dict[str, Any]:
        """The state of the round, as JSON."""
        state = self._state.to_json()
        if self._page_by_page:
            return {**state, _KNOWN: self._known()}
        return state

    def _known(self) -> dict[str, Any]:
        so_far = self._so_far
        so_far.has_until_value = self._until.had_value
        known = {**so_far.to_json(), "seconds": self._elapsed}
        if self._pagination.counts:  # the numbers grow, so that no request can repeat
            known["requests"] = ""
        return known

    @property
    def _elapsed(self) -> float:
        return self._so_far.seconds + time.perf_counter() - self._began

    @property
    def part(self) -> dict[str, Any]:
        """The items and the size of the last page, as JSON; its body, if pages are collected."""
        return self._part

    def handed_on(self, wait_seconds: float, longest_wait_seconds: float) -> Any:
        """Return the state after each page of a round that is read *page_by_page*; else None.

        `part` holds what was collected in this round, `stopped` the fields of the error in case the
        run is stopped before another round continues.
        """
        if not self._page_by_page or self._request is None:
            return None
        state = self.state
        state[_KNOWN]["seconds"] += wait_seconds
        return {
            **state,
            PART: self._collection.value(),
            "stopped": self._stopped_here(),
        }

    def _stopped_here(self) -> dict[str, Any]:
        return {"attempts": self._attempts, **self.stopped()}

    async def restore(self, parts: Sequence[Mapping[str, Any]]) -> None:
        """Collect *parts* again, the `part` of an earlier round after each of its pages."""
        query = self._queries.identity
        count = self._so_far.count
        for part in parts:
            items = part["items"]
            self._so_far.read(items)
            if query is not None:
                for item in items:
                    identity_json = dump(query.value(item), compact=True).encode("utf-8")
                    self._so_far.identities.add(identity_json)
            await self._collection.add(items, part["body"], part["size"])
        self._so_far.count = count

    # From page to page

    def first(self, settings: Mapping[str, Any]) -> NextCall:
        """Return the call of the first page, or of the page to continue from."""
        self._settings = settings
        self._start = Start(self._pagination, settings, self._resumed, self._pointer, self._mask)
        cursor = self._state.cursor
        self._state = replace(self._state, cursor=self._start.cursor(cursor))
        if cursor is None:
            return NextCall(number=self._state.number)
        return self._call()

    def asks(self, request: OutgoingRequest, settings: Mapping[str, Any]) -> None:
        """Record the next call: *request*, built from *settings*.

        Raises `PaginationError` if the same request was made before, or if the endpoint's schema
        refuses the value from the last page.
        """
        number = self._state.number
        parameter = self._pagination.parameter
        header = (
            parameter.name if parameter is not None and parameter.location == "header" else None
        )
        if not self._so_far.requests.add(request_identity(request, header)):
            raise self._error_of_next(
                f"the request for it was made before, {request.method} {request.url}: the pages go"
                " round"
            )
        if number > 1 and self._refusal is not None and parameter is not None:
            reason = self._refusal(settings, path_of(parameter))
            if reason is not None:
                raise self._misfit(reason)
        self._request = request

    def _misfit(self, reason: str) -> PaginationError:
        """Return the error of a value by which the last page asks for the next one."""
        before = self._state.number - 1
        return self._error_of_next(f"what page {before} says does not fit: {reason}")

    def _error_of_next(self, message: str) -> PaginationError:
        number = self._state.number
        message = f"page {number}: {message}"
        return PaginationError(message, page=number, maybe_delivered=True)

    async def following(self, delivery: Delivery) -> NextCall | None:
        """Process the page in *delivery*, and return the call of the next page."""
        state = self._state
        if delivery.error is not None or delivery.result is None:
            self._add_call(delivery)
            self._pages = state.pages("error", state.cursor)
            return None
        self._attempts = delivery.result.attempts
        self._so_far.attempts += self._attempts
        page = Page(state.number, state.cursor, delivery.result, delivery.url, delivery.size)
        try:
            answer = await self._read(page)
            deduplicated = await self._items_to_keep(page, answer.items)
        except (PaginationError, ExpressionError) as error:
            self._add_call(delivery)
            self._fail(error, "error", state.cursor)
            return None
        if deduplicated is None:
            self._add_call(delivery)
            return None
        new_items, examined_count = deduplicated
        await self._collection.add(new_items, page.result.body, page.size)
        body = page.result.body if self._pagination.collect == "pages" else None
        self._part = {
            "items": list(new_items),
            "body": body,
            "size": page.size,
        }
        return self._after(page, answer, delivery, new_items, examined_count)

    async def _read(self, page: Page) -> Answer:
        """Return the information in *page*. Raises `PaginationError` if it is not understood."""
        pagination = self._pagination
        so_far = self._so_far
        is_last = await self._until.holds(page)
        items = self._items(page, is_last=is_last)
        if pagination.counts and so_far.has_them_again(items):
            parameter = pagination.parameter
            name = repr(parameter.name) if parameter is not None else "its number"
            raise page.error(
                f"its items are those of page {page.number - 1} again: the server ignores {name},"
                " or repeats its last page"
            )
        if so_far.earlier is None and self._start is not None:
            so_far.earlier = self._start.earlier(page.count)
        total = page.total(self._queries.total)
        more = page.more(self._queries.more)
        if more is None and so_far.unread_more is None:
            so_far.unread_more = page.unread_more(self._queries.more)
        if so_far.note is None:
            so_far.note = doubt(pagination, so_far, page.number, total, page.count)
        is_changed = None not in (total, so_far.total) and total != so_far.total
        if total is not None:
            so_far.total = total
            so_far.is_at_least = page.is_total_at_least(self._queries.total)
        so_far.more = more if page.has_content else so_far.more
        following = FOLLOWING[pagination.mode](self._queries, page, items)
        so_far.left_out += page.count - len(items)
        total = so_far.total
        is_bound = so_far.is_at_least
        return Answer(
            items,
            page.count,
            following,
            so_far.more,
            total,
            is_bound,
            is_changed,
            is_last,
        )

    def _items(self, page: Page, *, is_last: bool) -> Sequence[Any]:
        """Return the items of *page*; *is_last*: the author's `until` holds.

        Raises `PaginationError` if the page has no items, and is neither an empty page nor the end.
        """
        if not is_last and not self._are_all_read():
            is_by_items = self._pagination.mode in BY_ITEMS
            page.check_end(is_named=not is_by_items and page.cursor is not None)
        so_far = self._so_far
        query = self._queries.items or so_far.items_query or page.items_query()
        items = page.items(query, None if is_last else so_far.outline)
        page.count = len(items) + page.left_out(query, items)
        if not page.count and not is_last:
            page.check_no_error(query)
        if page.has_content:
            so_far.items_query = query
            if so_far.outline is None:
                so_far.outline = outline_of(page.result.body, query)
        return items

    def _are_all_read(self) -> bool:
        """Say whether as many items were read as the total of the pages before."""
        so_far = self._so_far
        state = self._state
        if so_far.total is None or so_far.is_at_least or so_far.earlier is None:
            return False
        read_count = state.items + state.duplicates + so_far.left_out
        return so_far.earlier.at_least + read_count >= so_far.total

    def _contradicted(self, end: End, page: Page, read_count: int) -> End:
        """Return *end* as incomplete if *page*, the last page, says that the list goes on.

        *read_count* is the number of items of the pages so far.
        """
        so_far = self._so_far
        at_most = (so_far.earlier or Earlier()).at_most
        came_count = None if at_most is None else at_most + read_count
        reason = None
        if end.stopped_by != "until":  # there the author says that the list ends
            known_count = None if so_far.left_out else came_count
            reason = contradiction(self._pagination, page.result.body, known_count)
            if reason is None and self._pagination.mode in BY_ITEMS:
                reason = self._unread_link(page)
        total = so_far.total if so_far.is_at_least else None
        if not end.is_complete and total is not None and came_count is not None:
            if came_count > total:
                return end
            reason = f"the list has at least {total:,} items, and {came_count:,} came"
        elif not end.is_complete or reason is None:
            return end
        so_far.note = so_far.note or f"page {page.number}: {reason}"
        return End(end.stopped_by, is_complete=False)

    def _unread_link(self, page: Page) -> str | None:
        """Return that *page*, the last page, links to a next one, which this mode does not read."""
        where = unread_next_link(page)
        if where is None:
            return None
        mode = self._pagination.mode
        return f"{where} of the last page links to a next page, which the mode {mode} does not read"

    def _total_doubt(self, page: Page, came_count: int) -> str | None:
        """Return why the total that ends the list with *page* may not be the number of its items;
        None: no doubt. *came_count* items came.
        """
        query = self._queries.total
        if query is None or self._queries.total_name.is_number_of_items:
            return None
        return total_doubt(self._pagination, self._so_far, page, came_count, query)

    async def _items_to_keep(
        self,
        page: Page,
        items: Sequence[Any],
    ) -> tuple[Sequence[Any], int] | None:
        """Return the items of *page* to keep, and how many of *items* were examined.

        Duplicates are left out. If the page exceeds `maxItems`, fewer than all items are examined.
        None: the page exceeds `maxBytes`, and the round has ended.
        """
        pagination = self._pagination
        state = self._state
        if state.bytes + page.size > pagination.max_bytes:
            over = f"its body takes the list over maxBytes, {pagination.max_bytes:,}"
            self._reach("maxBytes", state.cursor, over, state.number)
            return None
        most = pagination.max_items - state.items
        query = self._queries.identity
        if query is None:
            if len(items) <= most:
                return (items, len(items))
            return (items[:most], most)
        new_items: list[Any] = []
        for count, item in enumerate(items):
            identity = query.value(item)
            if identity is ABSENT:
                raise page.error(f"its item {count + 1} has no identity: nothing at {query.text}")
            identity_json = dump(identity, compact=True).encode("utf-8")
            if identity_json in self._so_far.identities:
                continue
            if len(new_items) == most:
                return new_items, count
            self._so_far.identities.add(identity_json)
            new_items.append(item)
        return new_items, len(items)

    def _after(
        self,
        page: Page,
        answer: Answer,
        delivery: Delivery,
        kept_items: Sequence[Any],
        examined_count: int,
    ) -> NextCall | None:
        """Return the call after *page*, of which *kept_items* were collected.

        If not all items of the page were examined, the list has more items than `maxItems`. None:
        the round ends.
        """
        pagination = self._pagination
        state = self._state
        items = answer.items
        duplicates = examined_count - len(kept_items)
        self._add_call(delivery, (len(kept_items), duplicates, page.size))
        is_whole = examined_count == len(items)
        self._state = state = PageState(
            answer.cursor if is_whole else page.cursor,
            page.number + is_whole,
            state.items + len(kept_items),
            state.duplicates + duplicates,
            state.bytes + page.size,
        )
        if not is_whole:
            cursor = page.cursor
            if pagination.mode == "offset" and pagination.step is None and page.count == len(items):
                cursor += examined_count
            over = f"the list has more items than maxItems, {pagination.max_items:,}"
            self._reach("maxItems", cursor, over, page.number)
            return None
        so_far = self._so_far
        earlier = so_far.earlier or Earlier()
        kept_count = state.items + so_far.left_out
        read_count = kept_count + state.duplicates
        total_name = self._queries.total_name
        end = end_of(pagination, answer, kept_count, read_count, earlier, total_name)
        if end is not None:
            end = self._contradicted(end, page, read_count)
            if so_far.note is None and end.stopped_by == "total":
                so_far.note = self._total_doubt(page, earlier.at_least + kept_count)
            cursor = None if end.is_complete else answer.cursor
            self._pages = state.pages(end.stopped_by, cursor, is_complete=end.is_complete)
            return None
        so_far.read(items, page.count - len(items))
        if self._is_test and page.number >= _TESTED:
            self.preview = self._call()
            self._pages = state.pages("testRequest", state.cursor)
            return None
        if page.number >= pagination.max_pages:
            over = f"there may be more behind maxPages, {pagination.max_pages:,}"
            self._reach("maxPages", state.cursor, over, page.number)
            return None
        return self._call(pagination.delay_seconds)

    def _call(self, wait_seconds: float = 0.0) -> NextCall:
        """Return the call of the page that the state's cursor asks for."""
        cursor = self._state.cursor
        number = self._state.number
        parameter = self._pagination.parameter
        if self._pagination.mode in BY_URL or parameter is None:
            method = self._pagination.next_method
            return NextCall(
                url=str(cursor),
                method=method,
                wait_seconds=wait_seconds,
                number=number,
            )
        settings = put(self._settings, parameter, cursor)
        return NextCall(settings, wait_seconds=wait_seconds, number=number)

    # The end

    def _add_call(self, delivery: Delivery, pages: tuple[int, int, int] = (0, 0, 0)) -> None:
        if self._request is not None:
            url = self._mask(self._request.url)
            self._record.add(self._state.number, self._request, url, delivery, *pages)

    def _reach(
        self,
        bound: str,
        cursor: Any,
        over: str,
        page: int,
    ) -> None:
        """End the round at the limit *bound*; *cursor* allows to resume there.

        It is an error, unless `atLimit` is `keep`, or in a test request.
        """
        self._pages = self._state.pages(bound, cursor)
        if self._pagination.at_limit == "fail" and not self._is_test:
            advice = f'raise {bound}, or take what there is with "atLimit": "keep"'
            message = f"page {page}: {over}; {advice}"
            self._fail(PaginationError(message, page=page, maybe_delivered=True), bound, cursor)

    def _fail(self, error: TaskError, stopped_by: str, cursor: Any) -> None:
        """Record *error* as the end of the round."""
        if isinstance(error, PaginationError) and self._until.note is not None:
            error.message += f"; {self._until.note}"
        error.mask(self._mask)
        self._error = error
        self._pages = self._state.pages(stopped_by, cursor)

    def ended(self, delivery: Delivery, shown: SentRequest | None = None) -> Delivery:
        """Return *delivery*, the delivery of the last call, as the delivery of the whole round.

        *shown* is the request of `preview`.
        """
        pages = self._noted()
        error = delivery.error or self._error
        exchange = delivery.exchange
        result = delivery.result
        if result is not None:
            result = replace(result, pages=pages)
        if exchange is None and error is not None and delivery.make_exchange is not None:
            exchange = delivery.make_exchange()
        if pages is not None and exchange is not None:
            calls = PageCalls(self._masked(pages), *self._record.listed(), shown)
            exchange = replace(exchange, pages=calls)
            if error is not None:
                exchange = replace(exchange, outcome=error.kind, error=self._mask(str(error)))
        if error is not None:
            self._carry(error, result, exchange)
        elif result is not None:
            result = replace(
                result,
                body=self._collection.value(),
                attempts=self._so_far.attempts,
                elapsed_seconds=self._elapsed,
            )
        return replace(
            delivery,
            exchange=exchange,
            error=error,
            result=result,
        )

    def failed(self, error: TaskError, delivery: Delivery | None) -> Delivery:
        """Return the delivery of a round whose next call could not be made because of *error*.

        *delivery* is that of the last call; raise *error* if no call was made.
        """
        if isinstance(error, SettingsError) and delivery is not None:
            error = self._misfit("; ".join(map(str, error.problems)))
        self._fail(error, "error", self._state.cursor)
        if delivery is None:
            self._carry(error, None, None)
            raise error
        return self.ended(delivery)

    def _carry(
        self,
        error: TaskError,
        result: TaskResult | None,
        exchange: Exchange | None,
    ) -> None:
        """Add the summary and the collected items to *error*."""
        error.pages = self._noted()
        error.collected = self._collection.value()
        error.exchange = exchange
        error.result = result
        if result is not None and error is self._error:
            error.attempts = result.attempts
            error.elapsed_seconds = result.elapsed_seconds

    def _noted(self) -> Pages | None:
        """Return the summary, with the notes."""
        pages = self._pages
        so_far = self._so_far
        notes = [*filter(None, (self._until.note, so_far.unread_more, so_far.note))]
        if pages is None or not notes:
            return pages
        return replace(pages, note=self._mask("; ".join(notes)))

    def _masked(self, pages: Pages) -> Pages:
        """Return *pages* with the cursor masked; an object with a secret becomes text."""
        cursor = pages.cursor
        text = cursor if isinstance(cursor, str) else dump(cursor, compact=True)
        masked = self._mask(text)
        if masked == text:
            return pages
        return replace(pages, cursor=masked)

    def cancellation(self) -> None:
        """Return None: there is no job to cancel."""

    def stopped(self) -> dict[str, Any]:
        """Return the summary so far, as a field for the error of a run that is stopped."""
        return {"pages": self._state.pages("error", self._state.cursor).to_json()}

    def close(self) -> None:
        """Discard the file, unless it was returned."""
        self._collection.close()
