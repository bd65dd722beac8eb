"""Fetching one description at a URL, and the files in the same folder that it refers to.

The requests are sent by an `HttpTask`, with the egress rules of every task.
"""

from __future__ import annotations

import asyncio
import contextvars
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from httptask._core.redaction import MASK
from httptask._core.sync import run_sync
from httptask._http.secret_names import is_secret_name, is_secret_text
from httptask.errors import DescriptionError, HttpTaskError, SettingsError, TooLargeError
from httptask.importers import MAX_BYTES, TOO_LARGE, path_beside
from httptask.model.policy import Limits, Network
from httptask.protocols import Source
from httptask.sending import Progress, allowed_networks, parse_address, watched
from httptask.task import HttpTask, Runtime

if TYPE_CHECKING:
    from httptask.model.task import TaskResult
    from httptask.plugins import PluginManager

_HTML = re.compile(r"\s*+(?:<!doctype html|<html|<head|<body)", re.IGNORECASE)
_SECONDS = 60
"""The total time for one file."""
_TICK_SECONDS = 0.1
"""The time between two calls of *progress*."""
_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Way:
    """The options for sending requests for descriptions."""

    allow_networks: tuple[str, ...] | None = None
    """The networks and hosts allowed besides globally routable addresses; None: those in the
    environment variable.
    """
    network: Network | None = None
    """The operator's network settings; None: those in the environment variables."""
    plugins: PluginManager | None = None
    """The plugins that check each connection; None: the installed plugins."""
    progress: Callable[[int, str], None] | None = None
    """Called ten times a second with the bytes so far and the name of the step. An exception from
    this function ends the request.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process uses the installed plugins, and reports no progress.
        return Way, (self.allow_networks, self.network)


def description_at(url: str, way: Way) -> Source:
    """Fetch the description at *url*. Raises `DescriptionError`."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise DescriptionError(
            "an address with a user or a password in it is not opened", source=shown(url)
        )
    data, final = _fetched(url, way, redirects=_REDIRECTS)
    # RFC 3986, section 5.1.3: references are relative to the URL after redirects.
    return Source(shown(url), data, AddressesBeside(final, way))


@dataclass(frozen=True, slots=True)
class AddressesBeside:
    """Fetches files that the description at *url* refers to, only from its folder and below."""

    url: str
    way: Way

    def __call__(self, reference: str) -> bytes:
        """Fetch the file that *reference* names.

        See `httptask.protocols.Source.beside`.
        """
        parts = urlsplit(self.url)
        folder = parts.path.rpartition("/")[0]
        # The path is resolved as if the folder were the root: `..` does not lead out of it.
        path = quote(path_beside(reference, "description"))
        # No redirects: they could lead to another server.
        return _fetched(f"{parts.scheme}://{parts.netloc}{folder}/{path}", self.way, redirects=0)[0]


class _Guarded(Runtime):
    """A runtime that connects only to networks and hosts that an operator has allowed explicitly.

    It is used for `http:`, where anybody on the network path can change the response.
    """

    def check_egress(self, host: str, address: str, port: int) -> str | None:
        # Not `self.allowed`: `allowed_networks` includes the proxy while it is connected to.
        if not allowed_networks().covers(host, parse_address(address)):
            return "http: is only for what an operator allowed with --allow-network; use https:"
        return super().check_egress(host, address, port)


def _fetched(url: str, way: Way, *, redirects: int) -> tuple[bytes, str]:
    """Return the text at *url*, in UTF-8, and its URL after redirects. Raises
    `DescriptionError`.
    """
    name = shown(url)
    # A body that is not text is written to a file in this folder.
    with tempfile.TemporaryDirectory(prefix="httptask-") as folder:
        try:
            runtime_class = Runtime if url[:6].lower() == "https:" else _Guarded
            runtime = runtime_class(
                limits=Limits(body=MAX_BYTES),
                allow_networks=way.allow_networks,
                network=way.network,
                plugins=way.plugins,
                files=folder,
            )
            task = HttpTask(_task(url, redirects), name="import", runtime=runtime)
            result = run_sync(
                lambda: _result(task, way, f"fetching {name}"), "from a thread of its own"
            )
        except SettingsError as error:
            raise DescriptionError(
                f"this is no address: {error.problems[0].message}", source=name
            ) from error
        except TooLargeError as error:
            raise DescriptionError(TOO_LARGE, source=name) from error
        except (HttpTaskError, ValueError) as error:
            raise DescriptionError(str(error), source=name) from error
    content_type = next(
        (value for key, value in result.headers.items() if key.lower() == "content-type"), ""
    )
    description = result.body or ""
    if not isinstance(description, str):
        raise DescriptionError(
            f"this is no text ({content_type or 'without a media type'}); save an archive, and"
            " import the file",
            source=name,
        )
    if _HTML.match(description):
        raise DescriptionError(
            "this is a web page, not a description; give the address of the JSON or YAML file"
            " itself",
            source=name,
        )
    return description.encode("utf-8", "surrogatepass"), result.url


async def _result(task: HttpTask, way: Way, text: str) -> TaskResult:
    """Run *task*, and report its progress with *text*; an exception from that cancels the task."""
    async with task.runtime:
        transfer = Progress()
        context = contextvars.copy_context()
        context.run(watched.set, transfer)
        call = asyncio.get_running_loop().create_task(task.acall(), context=context)
        try:
            while not (await asyncio.wait((call,), timeout=_TICK_SECONDS))[0]:
                if way.progress is not None:
                    network = transfer.network
                    way.progress(network.bytes_received if network is not None else 0, text)
        finally:
            call.cancel()
            await asyncio.wait((call,))
        return call.result()


def _task(url: str, redirects: int) -> dict[str, Any]:
    # Escape braces: in a task's URL, `{name}` is a placeholder and `${…}` an expression.
    return {
        "type": "Http",
        "httpRequest": {
            "url": url.replace("{", "%7B").replace("}", "%7D"),
            "method": "GET",
            "headers": {"Accept": "application/json, application/yaml, text/plain, */*;q=0.1"},
        },
        "responseBody": "text",
        "redirects": redirects,
        "totalTimeoutSeconds": _SECONDS,
    }


def shown(url: str) -> str:
    """Return *url* for messages and reports, without its fragment and with its secrets masked."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = parse_qsl(parts.query, keep_blank_values=True)
    # A query without secrets stays unchanged: encoding it again might alter it.
    if any(_is_secret(name, value) for name, value in query):
        masked = [(name, MASK if _is_secret(name, value) else value) for name, value in query]
        parts = parts._replace(query=urlencode(masked, safe=MASK))
    return parts._replace(netloc=host, fragment="").geturl()


def _is_secret(name: str, value: str) -> bool:
    return is_secret_name(name, "query") or is_secret_text(value)
