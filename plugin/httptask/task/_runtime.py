"""The runtime: plugins, catalogue, connections, expression evaluator and masking for all tasks."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from httptask._core.environment import flag
from httptask._core.numbers import number_from_1
from httptask._core.redaction import Redactor
from httptask._core.shared_files import SharedFiles
from httptask._core.sync import run_sync
from httptask.building import Files
from httptask.credentials import (
    CredentialsAtHand,
    FileTokens,
    MemoryTokens,
    TokenKeeper,
    tokens_file,
)
from httptask.expressions import Evaluator
from httptask.model.authorisation import Clock
from httptask.model.policy import (
    MAX_DEPTH_VARIABLE,
    MAX_STEPS_VARIABLE,
    Limits,
    Network,
)
from httptask.model.rates import OriginLimits
from httptask.plugins import PluginManager, plugin_manager
from httptask.sending import BodyFile, Connections, Limiter, allowed_networks, parse_networks, ways
from httptask.settings import refine, settings_schema
from httptask.task._endpoints import Endpoints
from httptask.task._idempotency import without_required
from httptask.task._kept import Kept

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue
    from httptask.model.api import Endpoint
    from httptask.protocols import TokenStore
    from httptask.task._plan import Plan

_MOST_PLANS = 4096
"""The number of cached plans. More than the tasks of a long definition: an LRU cache with less room
would compile all its tasks again in each run.
"""

_MOST_CHARACTERS_OF_PLANS = 8 * 1024 * 1024
"""The characters of JSON of all cached plans. A character takes about ten bytes of memory, and each
plan another ten kilobytes.
"""

_MOST_DEFINITIONS = 1024
"""The number of cached compiled workflow definitions."""

_MOST_SCHEMAS = 256
"""The number of cached settings schemas."""

_MOST_CHARACTERS = 32 * 1024 * 1024
"""The characters of JSON of all cached definitions. A character takes about ten bytes of memory."""

HOST_HEADER_VARIABLE = "HTTPTASK_ALLOW_HOST_HEADER"
"""The environment variable by which an operator lets tasks set the header `Host`: `1`."""

CONNECTIONS_VARIABLE = "HTTPTASK_CONNECTIONS"
PER_ORIGIN_VARIABLE = "HTTPTASK_CONNECTIONS_PER_ORIGIN"
"""The environment variables for the number of simultaneous requests: in all, and to one origin."""

ORIGIN_LIMITS_VARIABLE = "HTTPTASK_ORIGIN_LIMITS"
"""The environment variable for the limits of every origin; see `OriginLimits.parsed`."""


def operator_limits(steps: int | None = None, depth: int | None = None) -> Limits:
    """Return the limits of the operator.

    *steps*, or `HTTPTASK_MAX_STEPS`, limits the tasks of a run; *depth*, or `HTTPTASK_MAX_DEPTH`,
    the nesting of runs. Raises `ValueError` if a variable is not a whole number from 1.
    """
    bounds = {
        "steps": _bound(steps, MAX_STEPS_VARIABLE),
        "depth": _bound(depth, MAX_DEPTH_VARIABLE),
    }
    return Limits(**{name: count for name, count in bounds.items() if count is not None})


def _bound(argument: int | None, variable: str) -> int | None:
    """Return *argument*, or the number in the environment *variable*; None if both are missing."""
    text = os.environ.get(variable)
    if argument is not None or not text:
        return argument
    count = number_from_1(text)
    if count is None:
        raise ValueError(f"{variable} is {text[:40]!r}; expected a whole number from 1")
    return count


class Runtime:
    """Everything that tasks share: connections, plugins, caches, limits. One event loop at a time.

    Use it as a context manager, `with` or `async with`. The arguments, and the environment variable
    of the operator that is used if the argument is None:

    - *plugins*: a plugin manager; None: a new one.
    - *catalogue*: where `endpoint` ids are looked up: an open catalogue or the path of its file;
      None: the user's catalogue file.
    - *allow_networks* (`HTTPTASK_ALLOW_NETWORKS`): networks and hosts that the egress rules allow,
      besides globally routable addresses.
    - *files* (`HTTPTASK_FILES`): the folder for files. Requests may send files from below this
      folder only, and responses that are neither JSON nor text are stored there; without a folder,
      in a new temporary folder.
    - *bucket* (`HTTPTASK_BUCKET`): the URL of an S3-compatible bucket through which other machines
      get the folder's files, `s3://BUCKET` or `s3://BUCKET/PREFIX`.
    - *allow_host_header* (`HTTPTASK_ALLOW_HOST_HEADER`, `1` for yes): whether tasks may set the
      header `Host`. Egress rules check the address of the URL in any case.
    - *connections* (`HTTPTASK_CONNECTIONS`) and *connections_per_origin*
      (`HTTPTASK_CONNECTIONS_PER_ORIGIN`): the number of simultaneous requests; others wait.
      Without both, *limits* decide.
    - *limits* (`HTTPTASK_MAX_STEPS`, `HTTPTASK_MAX_DEPTH`): what calls and runs may cost.
    - *tokens*: the store of tokens, a `httptask.protocols.TokenStore` or a file's path; None: the
      store of a plugin, else the file `HTTPTASK_TOKENS`, else the token file beside the
      credentials file if it exists or *keeps_tokens* is true, else memory.
    - *origin_limits* (`HTTPTASK_ORIGIN_LIMITS`): how long a server may delay requests, and when
      requests to a failing origin are refused.
    - *network* (`HTTPTASK_PROXY` and related variables): a proxy, and more certificates to trust.

    Raises `ValueError` for an invalid network, limit or variable.
    """

    def __init__(
        self,
        *,
        plugins: PluginManager | None = None,
        catalogue: Catalogue | os.PathLike[str] | str | None = None,
        limits: Limits | None = None,
        allow_networks: Iterable[str] | None = None,
        network: Network | None = None,
        files: os.PathLike[str] | str | None = None,
        bucket: str | None = None,
        allow_host_header: bool | None = None,
        connections: int | None = None,
        connections_per_origin: int | None = None,
        tokens: TokenStore | os.PathLike[str] | str | None = None,
        origin_limits: OriginLimits | None = None,
        keeps_tokens: bool = False,
    ) -> None:
        self.plugins = plugins or plugin_manager()
        self.limits = _with_connections(
            limits or operator_limits(), connections, connections_per_origin
        )
        text = os.environ.get(ORIGIN_LIMITS_VARIABLE, "")
        self.origin_limits = OriginLimits.parsed(text) if origin_limits is None else origin_limits
        """The limits of every origin."""
        words = allow_networks.split(",") if isinstance(allow_networks, str) else allow_networks
        self.allowed = parse_networks(words) if words is not None else allowed_networks()
        if allow_host_header is None:
            allow_host_header = flag(HOST_HEADER_VARIABLE)
        self.allow_host_header = allow_host_header
        """Whether tasks may set the header `Host`."""
        self.ways = ways(network)
        """How requests leave this machine: proxies, trusted certificates."""
        self.redactor = Redactor(self.ways.secrets)
        """Masks the secrets of proxies and of every credential resolved so far."""
        self.credentials = CredentialsAtHand(self.plugins)
        """The resolved credentials, cached while their stores are unchanged."""
        self.clock = Clock()
        """The clock of auth schemes and tokens."""
        self._token_store = tokens
        self._keeps_tokens = keeps_tokens
        self.tokens = TokenKeeper(self._opened_tokens, self.clock)
        """The tokens of all credentials."""
        self.catalogue = catalogue
        """The catalogue for the lookup of endpoints, as it was passed."""
        self.endpoints = Endpoints(catalogue)
        """The endpoints that tasks name."""
        self._schemas: Kept[tuple[object, dict[str, Any]]] = Kept(_MOST_SCHEMAS)
        self.plans: Kept[Plan] = Kept(_MOST_PLANS, _MOST_CHARACTERS_OF_PLANS)
        """The compiled tasks."""
        self.definitions: Kept[Any] = Kept(_MOST_DEFINITIONS, _MOST_CHARACTERS)
        """The compiled workflow definitions, by their `key`; the weight is the length of the key.
        """
        self.shared_files = SharedFiles.named(files, bucket)
        """The configured folder for files and its bucket, which other machines may share.
        None: no folder is configured.
        """
        self._temporary: SharedFiles | None = None
        self.uploads: Callable[[str], Path | None] | None = None
        """Returns the file of an upload by its id. Set by the designer; None: no uploads."""
        self._readable = Files(self.shared_files)
        self._limiter: Limiter | None = None
        self._lock = threading.Lock()
        # Connections belong to one event loop, and each thread may run another loop.
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections] = (
            WeakKeyDictionary()
        )

    @cached_property
    def evaluator(self) -> Evaluator:
        """The evaluator of expressions."""
        languages = self.plugins.named("httptask_expression_languages")
        return Evaluator(languages, self.limits, lambda: self.readable.folder)

    @property
    def limiter(self) -> Limiter:
        """The limiter of requests, shared by all tasks."""
        if self._limiter is None:
            with self._lock:  # several threads may send a first request at the same time
                if self._limiter is None:
                    buckets = self.plugins.hook.httptask_rate_limiter()
                    self._limiter = Limiter(self.origin_limits, buckets)
        return self._limiter

    @property
    def connections(self) -> Connections:
        """The connections of the running event loop."""
        loop = asyncio.get_running_loop()
        connections = self._connections.get(loop)
        if connections is None:
            connections = self._connections[loop] = Connections(
                self.check_egress, self.limits, self.ways
            )
        return connections

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint *endpoint_id*.

        Raises `UnknownEndpointError` with the nearest ids.
        """
        return self.endpoints.get(endpoint_id)

    def settings_schema(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return the settings schema of *endpoint*, refined by plugins. Do not change the schema.

        The schema and its validators are cached by object identity.
        """

        def derived() -> tuple[Endpoint, dict[str, Any]]:
            schema = settings_schema(endpoint)
            refine(schema, endpoint, self.plugins)
            return endpoint, schema

        # The cached value holds the endpoint, too, so that no other object can get its id.
        return self._schemas.get(id(endpoint), derived)[1]

    def without_required(self, schema: dict[str, Any], header: str) -> dict[str, Any]:
        """Return *schema*, a settings schema, with *header* optional. The result is cached."""
        return self._schemas.get(
            (id(schema), header), lambda: (schema, without_required(schema, header))
        )[1]

    def check_egress(self, host: str, address: str, port: int) -> str | None:
        """Return the reason why a plugin refuses *address* of *host*; None if no plugin refuses.

        An exception of a plugin counts as a refusal.
        """
        try:
            reasons = self.plugins.hook.httptask_check_egress(host=host, address=address, port=port)
        except Exception as error:  # noqa: BLE001 - a plugin's rule: whatever it raises, it refuses
            return f"an egress rule failed: {type(error).__name__}: {error}"
        return reasons[0] if reasons else None

    def body_file(self) -> BodyFile:
        """Return a new file for a response's body, below the folder for files."""
        return BodyFile(self.files_folder, self.shared_files)

    def files_folder(self) -> Path:
        """Return the folder for files; if none is configured, a temporary one, never deleted."""
        return self._files().folder

    def _files(self) -> SharedFiles:
        if self.shared_files is not None:
            return self.shared_files
        with self._lock:
            if self._temporary is None:
                self._temporary = SharedFiles(Path(tempfile.mkdtemp(prefix="httptask-")))
            return self._temporary

    @property
    def readable(self) -> Files:
        """The files that requests may send: those below the folder for files, and uploads."""
        files, shared = self._readable, self.shared_files or self._temporary
        if files.shared is not shared or files.upload is not self.uploads:
            files = self._readable = Files(shared, self.uploads)
        return files

    def _opened_tokens(self) -> TokenStore:
        """Open the store of tokens; see the argument *tokens* of the class."""
        configured = self._token_store
        if isinstance(configured, str | os.PathLike):
            return FileTokens(configured)
        if configured is not None:
            return configured
        store: TokenStore | None = self.plugins.hook.httptask_token_store()
        if store is None and self._keeps_tokens:
            return FileTokens(tokens_file())
        return MemoryTokens() if store is None else store

    async def aclose(self) -> None:
        """Close connections and helper processes, and clear the caches.

        Token refreshes get five seconds to finish; after that they are abandoned, and logged.
        """
        await self.tokens.aclose(self.aclose_connections)
        await self.aclose_connections()
        if "evaluator" in self.__dict__:
            self.evaluator.close()
            del self.evaluator
        self.endpoints.close()
        self._schemas.clear()
        self.plans.clear()
        self.definitions.clear()

    async def aclose_connections(self) -> None:
        """Close the connections of the running event loop."""
        connections = self._connections.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            await connections.aclose()

    def close(self) -> None:
        """Do what `aclose` does, in synchronous code outside an event loop."""
        run_sync(self.aclose, "aclose, or use `async with`,")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _with_connections(limits: Limits, count: int | None, per_origin: int | None) -> Limits:
    """Return *limits* with the numbers of connections that were passed or that an operator set."""
    return replace(
        limits,
        connections=_connection_count(count, CONNECTIONS_VARIABLE, limits.connections),
        connections_per_origin=_connection_count(
            per_origin, PER_ORIGIN_VARIABLE, limits.connections_per_origin
        ),
    )


def _connection_count(argument: int | None, variable: str, default: int) -> int:
    """Return *argument*, or the number in the environment *variable*, or *default*.

    Raises `ValueError` if the number is not a whole number from 1.
    """
    text = str(argument) if argument is not None else os.environ.get(variable, "").strip()
    if not text:
        return default
    count = number_from_1(text)
    if count is None:
        raise ValueError(
            f"{text!r} is no number of connections ({variable}): it is a whole number from 1"
        )
    return count
