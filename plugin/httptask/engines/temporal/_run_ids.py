"""Find a run on the server by its id, or by the beginning of its id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from temporalio.service import RPCError, RPCStatusCode

from httptask.engines.temporal._connection import server_error
from httptask.engines.temporal._types import WORKFLOW
from httptask.errors import EngineError

if TYPE_CHECKING:
    from temporalio.client import Client

_QUOTABLE = re.compile(r"[A-Za-z0-9_.:/-]{1,200}", re.ASCII)
"""The beginnings of ids that may be part of a query."""
_MOST_READ = 20
"""The number of executions of which the ids are read."""
_MOST_SHOWN = 3
"""The number of ids in the error of a beginning that several have."""


async def run_id(client: Client, text: str) -> str:
    """Return the id of the run whose id is, or begins with, *text*.

    Raises `EngineError` if there is none, or several.
    """
    try:
        await client.get_workflow_handle(text).describe()
    except RPCError as error:
        ids = await _ids_from(client, text) if is_unknown_run(error) else []
        if not ids:
            raise no_run(client, text, error) from error
        if len(ids) > 1:
            shown = ", ".join(ids[:_MOST_SHOWN])
            raise EngineError(
                f"several runs begin with {text!r}: {shown}; write more of it"
            ) from error
        return ids[0]
    return text


async def _ids_from(client: Client, text: str) -> list[str]:
    """Return the ids of some runs that begin with *text*: of the latest `_MOST_READ` executions.

    A server lists a run only after a while, and an old one has no such query: then it is not found.
    """
    if not _QUOTABLE.fullmatch(text):
        return []
    query = (
        f'WorkflowType = "{WORKFLOW}" AND WorkflowId STARTS_WITH "{text}"'
        ' AND ExecutionStatus != "ContinuedAsNew"'
    )
    executions = client.list_workflows(query, limit=_MOST_READ)
    try:
        ids = [execution.id async for execution in executions]
    except RPCError:
        return []
    return list(dict.fromkeys(ids))  # an id can be used again after its run has ended


def is_unknown_run(error: RPCError) -> bool:
    """Say whether *error* is about a run that does not exist, not about its namespace."""
    return error.status == RPCStatusCode.NOT_FOUND and "amespace" not in error.message


def no_run(client: Client, workflow_id: str, error: RPCError) -> EngineError:
    """Return the error for a request about the run *workflow_id* that the server refused."""
    if is_unknown_run(error):
        return EngineError(f"there is no run {workflow_id!r} in the namespace {client.namespace!r}")
    return server_error(client, error)
