"""Convert a pasted text to HTTP tasks, with a report of what the tasks do not contain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from httptask._http.secret_names import is_secret_text
from httptask._http.syntax import PLACEHOLDER
from httptask.errors import InterchangeError, Problem, reason
from httptask.interchange._blanks import Blanks, parameter_name
from httptask.interchange._captured import Captured
from httptask.interchange._curl import is_curl, read_curl
from httptask.interchange._documents import Document, document_of, well_formed
from httptask.interchange._har import read_har
from httptask.interchange._keeping import Keeping
from httptask.interchange._matching import Match, Matching, fitting
from httptask.interchange._postman import read_postman
from httptask.interchange._request import method_of, request_of
from httptask.interchange._secrets import take_secrets
from httptask.model.api import Endpoint
from httptask.model.credential import Credential
from httptask.settings import RequestCheck, settings_schema, undescribed_settings_schema

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue

FORMS = ("curl", "postman", "har")
"""The forms of text that can be read."""
MOST_REQUESTS = 2_000
"""The most requests of one document that become tasks."""
_DOCUMENTS: Mapping[str, Callable[[Any, Blanks], Document]] = {
    "postman": read_postman,
    "har": read_har,
}


@dataclass(frozen=True, slots=True)
class ImportedTask:
    """One request as a task."""

    name: str
    """A name for the task in a workflow definition, unique in this import."""
    task: Mapping[str, Any]
    """The task. It contains no secrets."""
    endpoint: Endpoint | None = field(repr=False)
    """The endpoint of the catalogue that the request fits, or None."""
    credentials: tuple[str, ...]
    """The names of the credentials that the task needs."""
    losses: tuple[Problem, ...]
    """What the task lacks, or contains changed. Pointers are into the pasted document."""
    problems: tuple[Problem, ...]
    """The problems of the task. Pointers are into the task."""
    others: tuple[Endpoint, ...] = field(default=(), repr=False)
    """If there is only one request: other endpoints that it fits on any server, to choose from."""

    @property
    def is_whole(self) -> bool:
        """Whether the task contains the whole request."""
        return all(loss.severity != "error" for loss in self.losses)

    def to_json(self) -> dict[str, Any]:
        """Return the task with its report as a JSON object."""
        return {
            "name": self.name,
            "task": dict(self.task),
            "endpoint": self.endpoint.id if self.endpoint is not None else None,
            "credentials": list(self.credentials),
            "losses": [loss.to_json() for loss in self.losses],
            "problems": [problem.to_json() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """The tasks made from a pasted text."""

    form: str
    """`curl`, `postman` or `har`."""
    tasks: tuple[ImportedTask, ...]
    losses: tuple[Problem, ...] = ()
    """What no task contains of the document itself, outside of its requests."""
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)
    """The credentials that the tasks name, with their secrets. Store them, but never show them."""

    def to_json(self) -> dict[str, Any]:
        """Return everything except the secrets as a JSON object."""
        return {
            "form": self.form,
            "tasks": [task.to_json() for task in self.tasks],
            "credentials": [credential.to_json() for credential in self.credentials.values()],
            "losses": [loss.to_json() for loss in self.losses],
        }


def form_of(text: str) -> str | None:
    """Return the form of *text*, out of `FORMS`, or None."""
    if is_curl(text):
        return "curl"
    beginning = text.lstrip("\ufeff \t\r\n")[:1]
    if beginning == "{":
        return document_of(text).form
    return None


def read_requests(
    text: str,
    form: str | None = None,
    *,
    catalogue: Catalogue | None = None,
    endpoint: Endpoint | None = None,
) -> Imported:
    """Convert the requests in *text* to tasks: a curl command, a Postman collection or a HAR file.

    Without *form*, the form is recognised. Each request is for *endpoint*, or without that, for the
    endpoint in *catalogue* that its method, server and path fit. Nothing is sent or run, and no
    files are read. Raises `InterchangeError` if *text* cannot be read.
    """
    blanks = Blanks()
    document = _document(well_formed(text), form, blanks)
    matching = Matching(catalogue, blanks)
    keeping = Keeping(blanks)
    requests = document.requests
    losses = list(document.losses)
    if len(requests) > MOST_REQUESTS:
        losses.append(
            Problem.of(
                "requests-left-out",
                "",
                severity="error",
                count=len(requests) - MOST_REQUESTS,
                reason=reason("too-many-requests", limit=MOST_REQUESTS),
            )
        )
    checks = _Checks()
    names: set[str] = set()
    tasks = []
    for request in requests[:MOST_REQUESTS]:
        match = _match(request, matching, endpoint, blanks)
        task = _task(
            request,
            match,
            blanks,
            keeping,
            checks,
            _free_name(request, match, names, blanks),
        )
        if len(requests) == 1:
            other_matches = matching.others(
                method_of(request),
                _without_user(request.url),
                request.path_parameters,
                match,
            )
            task = replace(task, others=other_matches)
        tasks.append(task)
    return Imported(
        document.form,
        tuple(tasks),
        tuple(losses),
        keeping.credentials,
    )


def _document(text: str, form: str | None, blanks: Blanks) -> Document:
    """Read *text* in *form*, or in the form that it seems to have."""
    if form == "curl" or (form is None and is_curl(text)):
        return Document("curl", [read_curl(text, blanks)])
    document = document_of(text)
    chosen = form or document.form
    if chosen is None:
        raise InterchangeError(
            "this is neither a curl command, nor a Postman collection, nor a HAR file"
            + _advice(document.value)
        )
    if document.form is not None and document.form != chosen:
        raise InterchangeError(f"this is not {_NAMES[chosen]} but {_NAMES[document.form]}")
    return _DOCUMENTS[chosen](document.value, blanks)


def _advice(value: Any) -> str:
    """Return what *value*, a document of another kind, is and what to do with it, or ""."""
    names = value.keys() if isinstance(value, Mapping) else ()
    if "openapi" in names or "swagger" in names:
        return ": it describes an API, which httptask import reads"
    if "startTask" in names:
        return ": it is a workflow definition already"
    return ""


_NAMES = {"curl": "a curl command", "postman": "a Postman collection", "har": "a HAR file"}


def _match(
    captured: Captured,
    matching: Matching,
    endpoint: Endpoint | None,
    blanks: Blanks,
) -> Match | None:
    method = method_of(captured)
    url = _without_user(captured.url)
    if endpoint is None:
        return matching.best(method, url, captured.path_parameters)
    match = fitting(
        endpoint,
        method,
        url,
        captured.path_parameters,
        blanks,
        anywhere=True,
    )
    if match is None:
        raise InterchangeError(
            f"the request does not fit the endpoint {endpoint.id!r}: that is"
            f" {endpoint.method} {endpoint.path}"
        )
    return match


def _without_user(url: str) -> str:
    server, slashes, after_slashes = url.partition("//")
    ends = [after_slashes.find(sign) for sign in "/?" if sign in after_slashes]
    end = min(ends, default=len(after_slashes))
    # Only before the path: `@` is a plain character in a path or a query.
    host = after_slashes[:end].rpartition("@")[2]
    return server + slashes + host + after_slashes[end:]


class _Checks:
    """Checks the settings of tasks, with a cached `RequestCheck` for each endpoint."""

    def __init__(self) -> None:
        self._checks: dict[str | None, RequestCheck] = {}

    def problems(self, request: Mapping[str, Any], endpoint: Endpoint | None) -> list[Problem]:
        key = endpoint.id if endpoint is not None else None
        if key not in self._checks:
            schema = (
                undescribed_settings_schema() if endpoint is None else settings_schema(endpoint)
            )
            self._checks[key] = RequestCheck(schema, endpoint, "/httpRequest", expressions=True)
        return self._checks[key].problems(request)


def _task(
    captured: Captured,
    match: Match | None,
    blanks: Blanks,
    keeping: Keeping,
    checks: _Checks,
    name: str,
) -> ImportedTask:
    """Make the task for *captured*: move its secrets to credentials, fill its blanks, check it."""
    endpoint = match.endpoint if match is not None else None
    # First, so that no secret gets into the settings that are made from the rest.
    credentials = take_secrets(captured, endpoint, keeping, blanks)
    request, of_body = request_of(captured, match, blanks, keeping)
    credentials += [name for name in of_body if name not in credentials]
    open_names = blanks.names(request)
    task: dict[str, Any] = {"type": "Http"}
    description = captured.description or (endpoint.title if endpoint is not None else "")
    if description and not is_secret_text(description):
        task["description"] = blanks.readable(description)
    if endpoint is not None:
        task["endpoint"] = endpoint.id
    if open_names:
        task["inputParameters"] = {
            parameter_name(name): f"${{$.input.{parameter_name(name)}}}" for name in open_names
        }
    if credentials:
        task["credentials"] = credentials[0] if len(credentials) == 1 else credentials
    for open_name in open_names:
        captured.lose("value-to-give", name=open_name, parameter=parameter_name(open_name))
    task["httpRequest"] = blanks.filled(_ordered(request))
    task |= captured.options
    task["end"] = True
    problems = checks.problems(task["httpRequest"], endpoint)
    return ImportedTask(
        name,
        task,
        endpoint,
        tuple(credentials),
        tuple(captured.problems),
        tuple(problems),
    )


def _ordered(request: Mapping[str, Any]) -> dict[str, Any]:
    order = ("url", "method", "pathParameters", "query", "headers", "cookies", "body")
    return {name: request[name] for name in order if name in request}


def _free_name(
    captured: Captured,
    match: Match | None,
    used_names: set[str],
    blanks: Blanks,
) -> str:
    """Return a unique name for the task: the request's name, the endpoint's title, or the path."""
    title = captured.name or (match.endpoint.title if match is not None else "")
    name = " ".join(blanks.readable(title).split())[:80]
    # A name is shown everywhere, and would show a secret that somebody wrote into it.
    if not name or is_secret_text(name):
        address = captured.url.partition("?")[0].partition("://")[2]
        readable_address = blanks.readable(PLACEHOLDER.sub(r"\1", address))
        path = readable_address.partition("/")[2]
        name = f"{method_of(captured)} /{path[:60]}"
    base = name
    number = 1
    while name in used_names:
        number += 1
        name = f"{base} {number}"
    used_names.add(name)
    return name


def iter_losses(imported: Imported) -> Iterator[tuple[str, Problem]]:
    """Yield (name of the task, loss) for all losses of *imported*; "" for those of the document."""
    yield from (("", loss) for loss in imported.losses)
    for task in imported.tasks:
        yield from ((task.name, loss) for loss in task.losses)
