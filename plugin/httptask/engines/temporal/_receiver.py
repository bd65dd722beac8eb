"""The receiver of callbacks: passes calls on to the workflows that wait for them.

The calls are judged here, not in the workflow, so that histories contain only signals and notes:
no refused calls, and no secrets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from httptask.credentials import named_credentials, resolve
from httptask.engines._task import TaskRunner
from httptask.engines.callbacks import (
    GONE,
    LATER,
    REPEATED,
    UNKNOWN,
    Secret,
    SignedUrls,
    serving,
)
from httptask.engines.temporal._arguments import (
    CallbackState,
    CallbackVisit,
    HttpTaskArguments,
    ReceivedCall,
)
from httptask.engines.temporal._called import CALLED, WAITING
from httptask.engines.temporal._connection import namespace_error
from httptask.engines.temporal._masking import masking
from httptask.engines.temporal._task_inputs import compiled_task, inputs_of, step_of
from httptask.errors import CredentialError, EngineError
from httptask.model.callback import Answer, Received
from httptask.model.workflow import Signal

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHandle

    from httptask.task import Runtime

_PATIENCE = 10.0
"""How long a call waits for a worker, in seconds; then the caller is asked to call again."""
_AT_ONCE = 5
"""The number of calls passed on to one run at once. A server allows ten updates of a workflow at
once, and delays further ones more and more.
"""
_PAUSE = 0.2
"""The seconds before a run is asked again that ended, or began a new history, during the update."""

Judge = Callable[[HttpTaskArguments, Received], Awaitable[Answer]]
"""Returns the answer to a call, with the arguments of the waiting task."""

_log = logging.getLogger("httptask.engines")


@dataclass(frozen=True, slots=True)
class CallbackServer:
    """The address and the secret of a worker's callback URLs."""

    secret: Secret
    address: str | None
    """The URL by which APIs reach a receiver; None: made of *host* and *port*."""
    host: str | None = None
    """The host on which this process listens; None: other processes receive the calls."""
    port: int = 0
    """The port on which this process listens; 0: a free port."""


@contextlib.asynccontextmanager
async def receiving(
    server: CallbackServer,
    client: Client,
    runtime: Runtime,
) -> AsyncIterator[SignedUrls]:
    """Receive calls while the block lasts, and yield the callback URLs of tasks.

    The calls are judged with *runtime*, and passed on to the runs by *client*. Raises `EngineError`
    if the process cannot listen there.
    """
    receiver = CallReceiver(client, runtime, server.secret)
    if server.host is None:
        yield SignedUrls(server.address or "", server.secret)
        return
    listening = serving(server.host, server.port, receiver.receive)
    async with contextlib.AsyncExitStack() as stack:
        try:
            bound_address = await stack.enter_async_context(listening)
        except OSError as error:
            raise EngineError(
                f"no call can be received at {server.host}, port {server.port}: {error.strerror}"
            ) from error
        yield SignedUrls(server.address or bound_address, server.secret)


class CallReceiver:
    """Passes calls of URLs that were made with *secret* on to the runs, by *client*."""

    def __init__(self, client: Client, runtime: Runtime, secret: Secret) -> None:
        self._client = client
        self._runtime = runtime
        self._urls = SignedUrls("", secret)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """The semaphores of runs with open calls, by workflow id."""

    async def receive(self, path: str, received: Received) -> Answer:
        """Return the answer to *received*, a call of *path*.

        A path with a wrong signature is refused without asking the server.
        """
        visit = self._urls.visit_of(self._client.namespace, path)
        if visit is None:
            return UNKNOWN
        workflow_id, callback_visit = str(visit[0]), CallbackVisit(*visit[1:])  # type: ignore[arg-type]
        call = _Call(self._client.get_workflow_handle(workflow_id), callback_visit, received)
        turn = self._turns.setdefault(workflow_id, asyncio.Semaphore(_AT_ONCE))
        names = self._urls.names(self._client.namespace, visit)
        try:
            async with asyncio.timeout(_PATIENCE), turn:
                return await call.answer(partial(self._judged, names))
        except RPCError as error:
            is_unknown = error.status == RPCStatusCode.NOT_FOUND
            if is_unknown and namespace_error(self._client, error.message) is None:
                return GONE  # the server has deleted the history of the ended run
            reason: Any = error.message
        except (
            TimeoutError,
            WorkflowQueryFailedError,
            WorkflowQueryRejectedError,
            WorkflowUpdateRPCTimeoutOrCancelledError,
        ) as error:
            reason = str(error) or f"no worker answered within {_PATIENCE:g} s"
        except ApplicationError as error:  # from our converter: the call is too large for a history
            return Answer(413, error.message)
        except Exception:  # noqa: BLE001 - the caller is asked to call again, and the log has why
            _log.exception("a callback of the run %s could not be taken", workflow_id)
            return LATER
        _log.warning("a callback of the run %s could not be taken: %s", workflow_id, reason)
        return LATER

    async def _judged(
        self,
        names: dict[str, str],
        task: HttpTaskArguments,
        received: Received,
    ) -> Answer:
        """Return the answer to *received*, a call for the waiting *task*; *names* are of its URL.

        Signal and note, which go into the history, are masked.
        """
        runtime = self._runtime
        endpoint = task.definition.get("endpoint")
        if isinstance(endpoint, str):
            await runtime.endpoints.load(endpoint)
        with masking(names, runtime) as mask:
            await self._know_secrets(task)
            runner = TaskRunner(compiled_task(task, runtime), runtime, can_wait=True)
            inputs = inputs_of(task, names)
            answer = await runner.answer_callback(step_of(task), inputs, received)
            signal = None
            if answer.signal is not None:
                signal = Signal.from_json(mask(answer.signal.to_json()))
            return replace(answer, signal=signal, note=mask(answer.note))

    async def _know_secrets(self, task: HttpTaskArguments) -> None:
        """Mask the secrets of the task's credentials, because the caller may echo them."""
        names = task.definition.get("credentials")
        environment = inputs_of(task).environment
        if environment is not None:
            names = environment.credential_names(names)
        for _, name in named_credentials(names):
            with contextlib.suppress(CredentialError):
                credential = await resolve(name, self._runtime.plugins)
                for secret in credential.secrets():
                    self._runtime.redactor.add(secret)


class _Call:
    """The call *received* for the visit *which* of the run of *handle*."""

    def __init__(
        self,
        handle: WorkflowHandle[Any, Any],
        which: CallbackVisit,
        received: Received,
    ) -> None:
        self._handle = handle
        self._which = which
        self._received = received

    async def answer(self, judge: Judge) -> Answer:
        """Return the answer to the call: by *judge* while the visit waits.

        The signal is in the history before the answer is returned.
        """
        while True:
            state = await self._handle.query("callback", self._which, result_type=CallbackState)
            if state.state != WAITING or state.task is None:
                return _late(state)
            answer = await judge(HttpTaskArguments.from_json(state.task), self._received)
            if answer.signal is None:
                if answer.note and state.takes_notes:
                    with contextlib.suppress(RPCError, WorkflowUpdateFailedError):
                        await self._give(answer)
                return answer
            try:
                before = await self._give(answer)
            except WorkflowUpdateFailedError:
                pass
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
            else:
                return answer if before.state == WAITING else _late(before)
            await asyncio.sleep(_PAUSE)

    async def _give(self, answer: Answer) -> CallbackState:
        """Pass signal and note of *answer* on to the run; return the visit's state before."""
        signal = answer.signal
        visit = self._which
        call = ReceivedCall(
            visit.task,
            visit.visit,
            visit.item,
            signal.to_json() if signal is not None else None,
            answer.note or None,
        )
        state: CallbackState = await self._handle.execute_update(
            "receive_callback",
            call,
            result_type=CallbackState,
        )
        return state


def _late(state: CallbackState) -> Answer:
    return REPEATED if state.state == CALLED else GONE
