"""One description at an address, and the files it refers to in the same folder.

They are fetched by the path that every request takes.
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
"""For everything about one file."""
_TICK_SECONDS = 0.1
"""Between two calls of *progress*."""
_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Way:
    """How requests for descriptions are sent."""

    allow_networks: tuple[str, ...] | None = None
    """What an operator allows besides globally routable addresses; None: the environment's."""
    network: Network | None = None
    """How requests leave this machine; None: the environment's."""
    plugins: PluginManager | None = None
    """The plugins that are asked before a connection is made; None: the installed ones."""
    progress: Callable[[int, str], None] | None = None
    """Called ten times a second with the progress; an exception it raises ends the request."""

    def __reduce__(self) -> tuple[Any, ...]:
        # In another process there are the installed plugins, and nobody to report to.
        return Way, (self.allow_networks, self.network)


def description_at(url: str, way: Way) -> Source:
    """Return the description at *url*. Raises `DescriptionError`."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise DescriptionError(
            "an address with a user or a password in it is not opened", source=shown(url)
        )
    data, final = _fetched(url, way, redirects=_REDIRECTS)
    # RFC 3986, section 5.1.3: references are relative to where the document came from in the end.
    return Source(shown(url), data, AddressesBeside(final, way))


@dataclass(frozen=True, slots=True)
class AddressesBeside:
    """Reads files by references from the description at *url*.

    Only of the same origin, and below its folder.
    """

    url: str
    way: Way

    def __call__(self, reference: str) -> bytes:
        """Return the bytes of the file that *reference* names.

        See `httptask.protocols.Source.beside`.
        """
        parts = urlsplit(self.url)
        folder = parts.path.rpartition("/")[0]
        # As if its folder were the root: nothing leads out of it.
        path = quote(path_beside(reference, "description"))
        # A redirect could lead anywhere else.
        return _fetched(f"{parts.scheme}://{parts.netloc}{folder}/{path}", self.way, redirects=0)[0]


class _Guarded(Runtime):
    """A runtime that reaches only what an operator allowed by name or network.

    For `http:`, where anybody on the way can change the response.
    """

    def check_egress(self, host: str, address: str, port: int) -> str | None:
        # Not `self.allowed`: the operator's proxy is allowed only while it is connected to.
        if not allowed_networks().covers(host, parse_address(address)):
            return "http: is only for what an operator allowed with --allow-network; use https:"
        return super().check_egress(host, address, port)


def _fetched(url: str, way: Way, *, redirects: int) -> tuple[bytes, str]:
    """Return the text at *url* as UTF-8, and the URL it came from after redirects."""
    name = shown(url)
    # A body that is no text goes into a file.
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
    text = result.body or ""
    if not isinstance(text, str):
        raise DescriptionError(
            f"this is no text ({content_type or 'without a media type'}); save an archive, and"
            " import the file",
            source=name,
        )
    if _HTML.match(text):
        raise DescriptionError(
            "this is a web page, not a description; give the address of the JSON or YAML file"
            " itself",
            source=name,
        )
    return text.encode("utf-8", "surrogatepass"), result.url


async def _result(task: HttpTask, way: Way, text: str) -> TaskResult:
    """Return the result of *task* and report its progress; an exception from that cancels it."""
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
    # In a task's URL braces and `${` have a meaning: this one is only an address.
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
    """Return *url* for people and reports, without a fragment and without secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = parse_qsl(parts.query, keep_blank_values=True)
    # A query without secrets stays as it is written.
    if any(_is_secret(name, value) for name, value in query):
        masked = [(name, MASK if _is_secret(name, value) else value) for name, value in query]
        parts = parts._replace(query=urlencode(masked, safe=MASK))
    return parts._replace(netloc=host, fragment="").geturl()


def _is_secret(name: str, value: str) -> bool:
    return is_secret_name(name, "query") or is_secret_text(value)
