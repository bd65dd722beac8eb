"""Connect to a Temporal server, and translate its errors into advice.

The address comes from Temporal's own configuration: its environment variables and TOML profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from httptask.engines.temporal._converter import exact
from httptask.engines.temporal._exit import settle_at_exit
from httptask.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from httptask.task import Runtime


async def connect(runtime: Runtime | None = None, plugins: Sequence[Any] = ()) -> Client:
    """Connect as Temporal's configuration says.

    Large values are stored in the folder for files of *runtime*, or, without *runtime*, of the
    operator. Raises `EngineError` if no server answers.
    """
    try:
        config = ClientConfig.load_client_connect_config()
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineError(f"Temporal's configuration cannot be read: {error}") from error
    settle_at_exit()
    address = config.setdefault("target_host", "localhost:7233")
    converter = exact(None, runtime.shared_files if runtime is not None else None)
    try:
        return await Client.connect(
            **config,
            data_converter=converter,
            plugins=list(plugins),
        )
    except ValueError as error:
        raise EngineError(
            f"the address {address!r} of the Temporal server, or what else its configuration says,"
            f" cannot be used: {error}; an address is HOST:PORT"
        ) from error
    except RuntimeError as error:
        raise _no_answer(address, _reason(error)) from error


def _no_answer(address: str, reason: str) -> EngineError:
    return EngineError(
        f"no Temporal server answers at {address} ({reason}); start one, or name another with"
        " TEMPORAL_ADDRESS or in a profile of Temporal's configuration"
    )


def _reason(error: Exception) -> str:
    """Return the innermost reason in *error*: the SDK's text lists reasons from the outside in."""
    text = str(error)
    for start in ('message: "', "Os { code: "):
        if start in text:
            text = text.rsplit(start, 1)[1]
    return text.partition('"')[0][:120].strip() or "no reason given"


def namespace_error(client: Client, message: str) -> EngineError | None:
    """Return an error if *message* says that the server does not know the namespace; else None."""
    if "amespace" not in message or "not found" not in message.lower():
        return None
    namespace = client.namespace
    return EngineError(
        f"the Temporal server has no namespace {namespace!r}; create it with `temporal operator"
        f" namespace create -n {namespace}`, or name another with TEMPORAL_NAMESPACE"
    )


def server_error(client: Client, error: RPCError) -> EngineError:
    """Return the server's *error* as an `EngineError` that says what to do."""
    namespace = client.namespace
    unknown = namespace_error(client, error.message)
    if unknown is not None:
        return unknown
    if error.status == RPCStatusCode.PERMISSION_DENIED:
        return EngineError(
            f"the Temporal server does not let you use the namespace {namespace!r}: {error.message}"
        )
    if error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED):
        return _no_answer(client.service_client.config.target_host, error.message)
    return EngineError(f"the Temporal server refused: {error.message}")


async def see_namespace(client: Client) -> None:
    """Raise `EngineError` if the namespace of *client* does not exist."""
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace)
        )
    except RPCError as error:
        # Without the permission to describe the namespace, a worker may still work in it.
        if error.status == RPCStatusCode.PERMISSION_DENIED:
            return
        raise server_error(client, error) from error
