"""One visit of a task: evaluate its settings once, then make one call, or the calls of a round."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from httptask._core.pointers import pointer as pointer_of
from httptask._http.syntax import split_url
from httptask.building import Builder, mentions_files, with_contents
from httptask.errors import ExpressionError, RedirectError
from httptask.expressions import Prepared
from httptask.model.exchange import Exchange, OutgoingRequest
from httptask.sending import (
    BodyFile,
    Delivery,
    EngineAttempt,
    LimitedWire,
    Ready,
    RetryRefusal,
    Send,
    Wire,
    allowing,
    deliver,
    is_repeatable,
    is_same_origin,
    masked,
    watched,
    without_body,
)
from httptask.task._evaluation import evaluated
from httptask.task._idempotency import KEY, key_of, may_be_repeated, names_the_item
from httptask.task._judge import Judge
from httptask.task._pinned import PinnedAnswers
from httptask.task._problems import waived_problems
from httptask.task._ready import ready
from httptask.task._round import FIRST, UNREPEATABLE, NextCall, go_round

if TYPE_CHECKING:
    from httptask.model.exchange import SentRequest
    from httptask.model.task import Inputs
    from httptask.task._http_task import HttpTask
    from httptask.task._round import Round


class Outgoing(NamedTuple):
    """The request of a call before plugins and credentials change it.

    A tuple, because each call makes one.
    """

    built: OutgoingRequest
    settings: Mapping[str, Any]
    """The evaluated settings that the request was built from."""
    is_elsewhere: bool = False
    """Whether the request goes to another origin than the settings' own."""
    is_judged: bool = True
    """Whether the task's conditions decide on its response."""


class Visit:
    """The visit *number* of *task*, started with *inputs*.

    *new_file* makes files for bodies that are neither JSON nor text. With *send_anyway* the
    settings need not satisfy the endpoint's schema; *is_test*: the visit is a test request. With
    *engine_attempt* a task of one call makes that attempt only. A round whose next call is due
    later than in *longest_wait_seconds* ends with `RoundWaits`, if its state can be handed on; with
    *page_by_page* a round also ends so after each page but the last, and with *hands_on_start*
    after the request that starts a job. *answered* requests of the visit were answered by pins
    before a crash.
    """

    def __init__(
        self,
        task: HttpTask,
        inputs: Inputs,
        new_file: Callable[[], BodyFile] = BodyFile,
        *,
        send_anyway: bool = False,
        is_test: bool = False,
        number: int = 1,
        engine_attempt: EngineAttempt | None = None,
        longest_wait_seconds: float = math.inf,
        page_by_page: bool = False,
        hands_on_start: bool = False,
        answered: int = 0,
    ) -> None:
        self.longest_wait_seconds = longest_wait_seconds
        self.page_by_page = page_by_page
        self.hands_on_start = hands_on_start
        self._engine_attempt = engine_attempt
        self._task = task
        self._plan = task.plan
        self.inputs = inputs
        self.new_file = new_file
        self.send_anyway = send_anyway
        self.is_test = is_test
        self._number = number
        self._builder: Builder | None = None
        self._constant: frozenset[str] = frozenset()
        self._mentions_files = True
        self.parameters: Any = None
        """The evaluated input parameters, after `begin`."""
        self.settings: Mapping[str, Any] = {}
        """The evaluated `httpRequest`, after `begin`."""
        self.environment = inputs.environment
        """The environment: it may replace servers and credentials."""
        self._pinned = None if inputs.pin is None else PinnedAnswers(task, inputs, answered)

    @property
    def task_name(self) -> str:
        """The name of the task."""
        return self._task.name

    @property
    def is_pinned(self) -> bool:
        """Whether a pin answers the requests, so that nothing is sent and there are no waits."""
        return self._pinned is not None

    def mask(self, text: str) -> str:
        """Return *text* with secrets masked."""
        return self._task.runtime.redactor.text(text)

    def may_travel(self, value: Any) -> bool:
        """Say whether the JSON *value* holds no secret, so that it may leave the process."""
        return bool(self._task.runtime.redactor.value(value) == value)

    async def begin(self) -> None:
        """Evaluate the task's settings. Raises a `TaskError` if they cannot be sent."""
        if not self._plan.is_loaded:
            await self._task.load()
        self.parameters, self.settings, self._mentions_files = await evaluated(
            self._plan, self.inputs, send_anyway=self.send_anyway
        )

    async def run(
        self,
        calls: Round | None = None,
        *,
        continues: bool = False,
        cut_off: str | None = None,
    ) -> Delivery:
        """Make the one call of the task, or the *calls* of its round; see `go_round`."""
        if calls is None:
            return await self.deliver(await self.request(FIRST))
        return await go_round(self, calls, continues=continues, cut_off=cut_off)

    async def deliver(self, call: Outgoing) -> Delivery:
        """Make *call*: attempts and redirects within one deadline."""
        task = self._task
        plan = self._plan
        runtime = task.runtime
        progress = watched.get()
        is_watched = progress is not None and progress.is_observed
        judge = None
        if plan.judges_responses and call.is_judged:
            judge = Judge(
                plan.definition, plan.endpoint, runtime.evaluator, self.inputs.run, task.pointer
            )
        wires, retry_refusal = self._wires()
        with allowing(runtime.allowed):
            delivery = await deliver(
                plan.terms,
                partial(self._ready, call),
                wires,
                new_file=self.new_file,
                judge=judge,
                is_observed=self.is_test or is_watched or runtime.plugins.has_observers,
                retry_refusal=retry_refusal,
                engine_attempt=self._engine_attempt if plan.is_one_call else None,
                is_pinned=self.is_pinned,
            )
        exchange = delivery.exchange
        if exchange is not None:
            if self.environment is not None:
                exchange = replace(exchange, environment=self.environment.name)
                delivery = _with_exchange(delivery, exchange)
            if self.send_anyway or plan.only_notes:
                exchange = replace(exchange, settings_problems=waived_problems(plan, call.settings))
                delivery = _with_exchange(delivery, exchange)
            if progress is not None and is_watched:
                progress.exchange = exchange
            # Last: observers see the exchange as it is shown, with its environment and waived
            # problems.
            runtime.plugins.tell_observers(exchange, task)
        return delivery

    async def request(self, call: NextCall = FIRST) -> Outgoing:
        """Build the request of *call*."""
        plan = self._plan
        if call.settings is None:
            settings = self.settings
            built = await self._built(settings, plan.builder, self._mentions_files)
        else:
            settings = call.settings
            built = await self._changed(settings)
        if call.is_judged:
            built = await self._with_key(built, call.number)
        if call.url is None and call.method is None:
            return Outgoing(built, settings)
        own_url = built.url
        built = built.copy()
        if call.url is not None:
            environment = self.environment
            url = call.url if environment is None else environment.followed(call.url)
            built.url = _without_secrets(url, self.mask)
        differs = call.method != built.method or bool(built.body)
        if call.method is not None and (differs or not call.is_judged):
            built = without_body(built, call.method)
        is_elsewhere = not is_same_origin(own_url, built.url)
        # A response chose this URL: the body of the task may be confidential to the first origin.
        if is_elsewhere and built.body:
            raise RedirectError(
                f"the next request goes to another origin, {_origin(built.url)}, and has a body; it"
                " is not sent there"
            )
        return Outgoing(built, settings, is_elsewhere, call.is_judged)

    async def shown(self, call: NextCall = FIRST) -> SentRequest:
        """Return the request of *call* that would be sent, secrets masked; nothing is sent."""
        outgoing = await self.request(call)
        ready_request = await self._ready(outgoing, None)
        return masked(ready_request.request, ready_request.plain, self._task.runtime.redactor)

    async def _ready(self, call: Outgoing, send: Send | None) -> Ready:
        """Return the request of an attempt of *call*, changed by plugins and authorised."""
        ready_request = await ready(
            self._task,
            call.built,
            send,
            is_elsewhere=call.is_elsewhere,
            environment=self.environment,
            is_pinned=self.is_pinned,
        )
        progress = watched.get()
        keeper = progress.keeper if progress is not None and not self.is_pinned else None
        # Recorded before the request is sent: after a crash it must not be sent a second time.
        if send is not None and keeper is not None and not is_repeatable(ready_request.request):
            await keeper.sends()
        return ready_request

    async def _changed(self, settings: Mapping[str, Any]) -> OutgoingRequest:
        """Build the request of *settings*, which differ from the task's in a few groups."""
        plan = self._plan
        changed = {name for name, value in settings.items() if value is not self.settings.get(name)}
        constant = plan.constant_groups - changed
        if self._builder is None or self._constant != constant:
            self._builder = Builder(plan.endpoint, plan.request_pointer, constant)
            self._constant = constant
        return await self._built(settings, self._builder, mentions_files(settings))

    async def _built(
        self,
        request: Mapping[str, Any],
        builder: Builder,
        mentions_files: bool,
    ) -> OutgoingRequest:
        """Build the request of *request*, evaluated settings.

        *mentions_files*: the changing groups may hold references to files. Files whose content
        becomes data of the request are read.
        """
        readable = self._task.runtime.readable
        # Even without a reference, a text may be the path of a file below the folder.
        may_hold_files = bool(builder.changing) and (mentions_files or readable.folder is not None)
        if may_hold_files:
            others = {name: request[name] for name in builder.changing if name in request}
            pointer = self._plan.request_pointer
            request = {**request, **await with_contents(others, readable, pointer)}
        built = builder.build(request, may_hold_files=may_hold_files)
        environment = self.environment
        if environment is not None and (address := environment.address(built.url)) != built.url:
            built = built.copy()  # the builder may return a cached request
            built.url = address
        return built

    async def _with_key(self, built: OutgoingRequest, call_number: int) -> OutgoingRequest:
        """Return *built* with an idempotency key, unless the author's settings have the header."""
        task, plan, run = self._task, self._plan, self.inputs.run
        header = plan.key_header
        if header is None or built.header(header) is not None:
            return built
        built = built.copy()  # the builder may return a cached request
        setting, item = plan.field("idempotencyKey"), self.inputs.item
        if not isinstance(setting, str):
            index = item.index if item is not None else None
            key = key_of(run.get("workflowId"), task.name, self._number, call_number, index)
            built.set_header(header, key)
            return built
        key_pointer = pointer_of(["idempotencyKey"], task.pointer)
        key = await task.runtime.evaluator.evaluate(
            Prepared.of(setting),
            self.parameters,
            pointer=key_pointer,
            run=run,
        )
        if isinstance(key, bool) or not isinstance(key, str | int) or not KEY.fullmatch(str(key)):
            raise ExpressionError.of(
                "idempotency-key",
                expression=setting,
                pointer=key_pointer,
                found=repr(key),
            )
        # With one key, the server would take the different requests of a round, or of items, for
        # repetitions of the first: make keys differ by suffixes.
        if item is not None and not names_the_item(
            setting, plan.field("inputParameters"), tuple(item.names())
        ):
            key = f"{key}-{item.index}"
        built.set_header(header, f"{key}-{call_number}" if call_number > 1 else str(key))
        return built

    def kept(self, state: Any, call: NextCall) -> Any:
        """Return the *state* of a round before *call*, for another process.

        Added are the number of requests that pins answered, or that *call* must not be sent twice.
        """
        if not isinstance(state, dict):
            return state
        if self._pinned is not None:
            return {**state, _ANSWERED: self._pinned.count}
        if self._may_be_repeated(call):
            return state
        return {**state, UNREPEATABLE: True}

    def _may_be_repeated(self, call: NextCall) -> bool:
        has_key = call.is_judged and self._plan.key_header is not None
        return may_be_repeated(call.settings or self.settings, has_key=has_key, method=call.method)

    def _wires(self) -> tuple[Callable[[bool], Wire], RetryRefusal | None]:
        """Return two functions: one returns the wire of the running event loop, the other may
        refuse retries.

        The wire applies the limits of origins. The task's own limit does not count token requests.
        """
        if self._pinned is not None:
            pinned = self._pinned.wire
            return lambda _: pinned, None
        plan, is_test = self._plan, self.is_test
        runtime = self._task.runtime
        limiter = runtime.limiter
        total = plan.timeouts.total
        if limiter.is_off and plan.rate is None and plan.field("credentials") is None:
            return lambda _: runtime.connections, None
        scope = ""
        if plan.rate is not None:  # tasks of two definitions may have the same name
            scope = f"{self.inputs.run.get('workflowDefinitionId', '')}/{self._task.name}"
        deadline = time.monotonic() + total

        def wires(is_token: bool) -> Wire:
            rate = None if is_token else plan.rate
            connections = runtime.connections
            return LimitedWire(connections, limiter, deadline, total, rate, scope, is_test)

        return wires, None if is_test else limiter.retry_refusal


_ANSWERED = "pinned"
"""The field of a round's state for the number of requests that pins have answered."""


def answered_before(state: Any) -> int:
    """Return the number of requests that pins had answered, from the *state* of a visit."""
    answered: int = state.get(_ANSWERED, 0) if isinstance(state, dict) else 0
    return answered


def _origin(url: str) -> str:
    parts = split_url(url)
    return f"{parts.scheme}://{parts.netloc}"


def _without_secrets(url: str, mask: Callable[[str], str]) -> str:
    """Return *url*, which a server named, without query values that are secrets.

    The credential adds its own value again, if the request may have it.
    """
    if mask(url) == url:
        return url
    address, question, query = url.partition("?")
    pairs = [pair for pair in query.split("&") if mask(pair) == pair]
    return address + (question if pairs else "") + "&".join(pairs)


def _with_exchange(delivery: Delivery, exchange: Exchange) -> Delivery:
    """Return *delivery* with *exchange*; its error, if any, also gets *exchange*."""
    if delivery.error is not None:
        delivery.error.exchange = exchange
    return replace(delivery, exchange=exchange)
