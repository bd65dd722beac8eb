"""What tasks share while they run: plugins, catalogue, connections, the expression evaluator,
masking.
"""

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
"""Tasks that are kept compiled: those of a long definition, too. Run after run it would compile all
of them again if there was not room for each.
"""

_MOST_CHARACTERS_OF_PLANS = 8 * 1024 * 1024
"""Characters of their JSON: each takes about ten bytes, and each plan ten kilobytes besides."""

_MOST_DEFINITIONS = 1024
"""Workflow definitions that are kept compiled."""

_MOST_SCHEMAS = 256
"""Settings schemas that are kept for tasks of the same endpoint."""

_MOST_CHARACTERS = 32 * 1024 * 1024
"""Characters of the JSON of all definitions that are kept compiled: each character takes about ten
bytes.
"""

HOST_HEADER_VARIABLE = "HTTPTASK_ALLOW_HOST_HEADER"
"""The environment variable in which an operator lets tasks set the header `Host`: `1`."""

CONNECTIONS_VARIABLE = "HTTPTASK_CONNECTIONS"
PER_ORIGIN_VARIABLE = "HTTPTASK_CONNECTIONS_PER_ORIGIN"
"""The environment variables in which an operator says how many requests are under way at once, in
all and to one origin.
"""

ORIGIN_LIMITS_VARIABLE = "HTTPTASK_ORIGIN_LIMITS"
"""The environment variable in which an operator says what holds for every origin:
`OriginLimits.parsed`.
"""


def operator_limits(steps: int | None = None, depth: int | None = None) -> Limits:
    """Return the limits, where *steps* or the operator's `HTTPTASK_MAX_STEPS` bounds a run's tasks,
    and *depth* or `HTTPTASK_MAX_DEPTH` the runs that it may stand inside.

    Raises `ValueError` when a variable holds no whole number from 1.
    """
    given = {
        "steps": _bound(steps, MAX_STEPS_VARIABLE),
        "depth": _bound(depth, MAX_DEPTH_VARIABLE),
    }
    return Limits(**{name: count for name, count in given.items() if count is not None})


def _bound(given: int | None, variable: str) -> int | None:
    """Return *given*, or the number in the environment *variable*; None when there is neither."""
    text = os.environ.get(variable)
    if given is not None or not text:
        return given
    count = number_from_1(text)
    if count is None:
        raise ValueError(f"{variable} is {text[:40]!r}; expected a whole number from 1")
    return count


class Runtime:
    """Everything tasks share while they run. Use it as an (async) context manager; one event loop
    at a time.

    *plugins* is a plugin manager, made when absent; *catalogue* is where `endpoint` ids are looked
    up, open or a file's path, the user's own when absent. *allow_networks* names networks and hosts
    that egress rules let through beside globally routable addresses; None takes the operator's
    `HTTPTASK_ALLOW_NETWORKS`. *files* is the folder for files, None takes the operator's
    `HTTPTASK_FILES`: requests may send files from below it, and no others, and responses that are
    neither JSON nor text are kept there; when neither names one, in a new temporary folder.
    *bucket* is the URL of an S3-compatible bucket that has the folder's files for other machines,
    `s3://BUCKET` or `s3://BUCKET/PREFIX`; None takes the operator's `HTTPTASK_BUCKET`.
    *allow_host_header* lets tasks set the header `Host`, None takes the operator's
    `HTTPTASK_ALLOW_HOST_HEADER`, which is `1` for yes; egress rules look at the URL's address all
    the same. *connections* and *connections_per_origin* say how many requests are under way at
    once; more wait for their turn. None takes the operator's `HTTPTASK_CONNECTIONS` and
    `HTTPTASK_CONNECTIONS_PER_ORIGIN`, and when there are none what *limits* say. *limits* are what
    calls and runs may cost; None takes the defaults, with the operator's `HTTPTASK_MAX_STEPS`.
    *tokens* is where tokens of credentials are kept, a `httptask.protocols.TokenStore` or a file's
    path; None takes what a plugin brings, the operator's file `HTTPTASK_TOKENS`, the file in which
    connections are kept where there is one, or the memory. With *keeps_tokens* that file is made.
    *origin_limits* say how long a server may hold requests back, and when requests to an origin
    that fails are refused; None takes the operator's `HTTPTASK_ORIGIN_LIMITS`.
    *network* is how requests leave this machine: a proxy, further certificates to trust; None takes
    the operator's `HTTPTASK_PROXY` and its siblings. Raises `ValueError` for a network that is
    none, and for a limit that is none.
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
        limits = limits or operator_limits()
        self.limits = replace(
            limits,
            connections=_connection_count(connections, CONNECTIONS_VARIABLE, limits.connections),
            connections_per_origin=_connection_count(
                connections_per_origin, PER_ORIGIN_VARIABLE, limits.connections_per_origin
            ),
        )
        text = os.environ.get(ORIGIN_LIMITS_VARIABLE, "")
        self.origin_limits = OriginLimits.parsed(text) if origin_limits is None else origin_limits
        """What holds for every origin."""
        words = allow_networks.split(",") if isinstance(allow_networks, str) else allow_networks
        self.allowed = parse_networks(words) if words is not None else allowed_networks()
        if allow_host_header is None:
            allow_host_header = os.environ.get(HOST_HEADER_VARIABLE) == "1"
        self.allow_host_header = allow_host_header
        """Whether tasks may set the header `Host`."""
        self.ways = ways(network)
        """How requests leave this machine."""
        self.redactor = Redactor(self.ways.secrets)
        """Masks every credential value resolved so far, and those of proxies."""
        self.credentials = CredentialsAtHand(self.plugins)
        """The credentials that were resolved, while their stores hold the same."""
        self.clock = Clock()
        """The time that auth schemes and tokens go by."""
        self._token_store = tokens
        self._keeps_tokens = keeps_tokens
        self.tokens = TokenKeeper(self._opened_tokens, self.clock)
        """The tokens of its credentials."""
        self.catalogue = catalogue
        """Where endpoints are looked up."""
        self.endpoints = Endpoints(catalogue)
        """The endpoints that tasks name."""
        self._schemas: Kept[tuple[object, dict[str, Any]]] = Kept(_MOST_SCHEMAS)
        self.plans: Kept[Plan] = Kept(_MOST_PLANS, _MOST_CHARACTERS_OF_PLANS)
        """Tasks that were compiled."""
        self.definitions: Kept[Any] = Kept(_MOST_DEFINITIONS, _MOST_CHARACTERS)
        """Workflow definitions that an engine compiled, by their `key`, which weighs its length."""
        self.shared_files = SharedFiles.named(files, bucket)
        """The folder for files that was named, and its bucket: other machines may have them, too.
        None: no folder was named.
        """
        self._temporary: SharedFiles | None = None
        self.uploads: Callable[[str], Path | None] | None = None
        """The file of an upload by its id; where there is a designer, it says."""
        self._readable = Files(self.shared_files)
        self._limiter: Limiter | None = None
        self._lock = threading.Lock()
        # By event loop: connections belong to one, and threads may each run their own.
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections] = (
            WeakKeyDictionary()
        )

    @cached_property
    def evaluator(self) -> Evaluator:
        """Evaluates expressions."""
        languages = self.plugins.named("httptask_expression_languages")
        return Evaluator(languages, self.limits, lambda: self.readable.folder)

    @property
    def limiter(self) -> Limiter:
        """What tasks know together of the origins they send to."""
        if self._limiter is None:
            with self._lock:  # several threads may send the first request
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
        """Return the endpoint called *endpoint_id*.

        Raises `UnknownEndpointError` with the nearest ids.
        """
        return self.endpoints.get(endpoint_id)

    def settings_schema(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return the settings schema of *endpoint*, refined by plugins. It is one object as long as
        it is kept, and so are its validators: it must not be changed.
        """

        def derived() -> tuple[Endpoint, dict[str, Any]]:
            schema = settings_schema(endpoint)
            refine(schema, endpoint, self.plugins)
            return endpoint, schema

        # The endpoint is kept, too, so that its id stays its own.
        return self._schemas.get(id(endpoint), derived)[1]

    def without_required(self, schema: dict[str, Any], header: str) -> dict[str, Any]:
        """Return the settings schema *schema* such that *header* may be missing; kept, too."""
        return self._schemas.get(
            (id(schema), header), lambda: (schema, without_required(schema, header))
        )[1]

    def check_egress(self, host: str, address: str, port: int) -> str | None:
        """Return why a plugin refuses *address*, which *host* resolved to; None when none does.

        A plugin that fails refuses.
        """
        try:
            reasons = self.plugins.hook.httptask_check_egress(host=host, address=address, port=port)
        except Exception as error:  # noqa: BLE001 - a plugin's rule: whatever it raises, it refuses
            return f"an egress rule failed: {type(error).__name__}: {error}"
        return reasons[0] if reasons else None

    def body_file(self) -> BodyFile:
        """Return a file for a response's body, to be written below the folder for files."""
        return BodyFile(self.files_folder, self.shared_files)

    def files_folder(self) -> Path:
        """Return the folder for files; a new temporary one, which stays, when none was named."""
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
        kept, shared = self._readable, self.shared_files or self._temporary
        if kept.shared is not shared or kept.upload is not self.uploads:
            kept = self._readable = Files(shared, self.uploads)
        return kept

    def _opened_tokens(self) -> TokenStore:
        given = self._token_store
        if isinstance(given, str | os.PathLike):
            return FileTokens(given)
        if given is not None:
            return given
        store: TokenStore | None = self.plugins.hook.httptask_token_store()
        if store is None and self._keeps_tokens:
            return FileTokens(tokens_file())
        return MemoryTokens() if store is None else store

    async def aclose(self) -> None:
        """Close connections and helper processes. Refreshes of tokens have five seconds to come to
        their end first; what is still under way then is given up, with a line in the log.
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
        """Close the running event loop's connections; a sync caller's loop ends with its call."""
        connections = self._connections.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            await connections.aclose()

    def close(self) -> None:
        """`aclose`, for sync code outside an event loop."""
        run_sync(self.aclose, "aclose, or use `async with`,")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _connection_count(argument: int | None, variable: str, default: int) -> int:
    """Return *argument*, or the number in the environment *variable*, or *default*.

    Raises `ValueError` with a sentence.
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
