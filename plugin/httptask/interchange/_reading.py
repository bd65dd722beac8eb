"""A pasted text -> HTTP tasks, with a report of what they do not carry."""

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
"""The forms that are read."""
MOST_REQUESTS = 2_000
"""Requests of one document that become tasks."""
_DOCUMENTS: Mapping[str, Callable[[Any, Blanks], Document]] = {
    "postman": read_postman,
    "har": read_har,
}


@dataclass(frozen=True, slots=True)
class ImportedTask:
    """One request as a task."""

    name: str
    """A name for it in a workflow definition; no other task of the import has it."""
    task: Mapping[str, Any]
    """The task. It holds no secret."""
    endpoint: Endpoint | None = field(repr=False)
    """The endpoint of the catalogue it was matched to; None: a request of its own."""
    credentials: tuple[str, ...]
    """The names of the credentials that it needs."""
    losses: tuple[Problem, ...]
    """What is not carried over, or not as it was; pointers are into the pasted document."""
    problems: tuple[Problem, ...]
    """What is wrong with the task; pointers are into the task."""
    others: tuple[Endpoint, ...] = field(default=(), repr=False)
    """Further endpoints that a lone request fits, on whatever server: for a person to choose."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the request itself is missing."""
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
    """What a pasted text became."""

    form: str
    """`curl`, `postman` or `har`."""
    tasks: tuple[ImportedTask, ...]
    losses: tuple[Problem, ...] = ()
    """What is not carried over of the document as a whole."""
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)
    """The credentials that the tasks name, each with its secret: to be stored, never shown."""

    def to_json(self) -> dict[str, Any]:
        """Return all of it but the secrets as a JSON object."""
        return {
            "form": self.form,
            "tasks": [task.to_json() for task in self.tasks],
            "credentials": [credential.to_json() for credential in self.credentials.values()],
            "losses": [loss.to_json() for loss in self.losses],
        }


def form_of(text: str) -> str | None:
    """Return which of `FORMS` *text* is in; None: in none of them."""
    if is_curl(text):
        return "curl"
    beginning = text.lstrip("\ufeff \t\r\n")[:1]
    return document_of(text).form if beginning == "{" else None


def read_requests(
    text: str,
    form: str | None = None,
    *,
    catalogue: Catalogue | None = None,
    endpoint: Endpoint | None = None,
) -> Imported:
    """Return the tasks for the requests in *text*: a curl command, a Postman collection, a HAR.

    Without *form* it is told from the text. A request is matched to the endpoint of the
    *catalogue* that its method, server and path fit; to *endpoint*, if that is given. Nothing is
    sent, run or read from a file. Raises `InterchangeError` for a text that cannot be read.
    """
    blanks = Blanks()
    document = _document(well_formed(text), form, blanks)
    matching, keeping = Matching(catalogue, blanks), Keeping(blanks)
    captured = document.requests
    losses = list(document.losses)
    if len(captured) > MOST_REQUESTS:
        losses.append(
            Problem.of(
                "requests-left-out",
                "",
                severity="error",
                count=len(captured) - MOST_REQUESTS,
                reason=reason("too-many-requests", limit=MOST_REQUESTS),
            )
        )
    checks = _Checks()
    names: set[str] = set()
    tasks = []
    for one in captured[:MOST_REQUESTS]:
        match = _match(one, matching, endpoint, blanks)
        task = _task(one, match, blanks, keeping, checks, _free_name(one, match, names, blanks))
        if len(captured) == 1:
            others = matching.others(
                method_of(one), _without_user(one.url), one.path_parameters, match
            )
            task = replace(task, others=others)
        tasks.append(task)
    return Imported(document.form, tuple(tasks), tuple(losses), keeping.credentials)


def _document(text: str, form: str | None, blanks: Blanks) -> Document:
    if form == "curl" or (form is None and is_curl(text)):
        return Document("curl", [read_curl(text, blanks)])
    read = document_of(text)
    chosen = form or read.form
    if chosen is None:
        raise InterchangeError(
            "this is neither a curl command, nor a Postman collection, nor a HAR file"
        )
    if read.form is not None and read.form != chosen:
        raise InterchangeError(f"this is not {_NAMES[chosen]} but {_NAMES[read.form]}")
    return _DOCUMENTS[chosen](read.value, blanks)


_NAMES = {"curl": "a curl command", "postman": "a Postman collection", "har": "a HAR file"}


def _match(
    captured: Captured, matching: Matching, endpoint: Endpoint | None, blanks: Blanks
) -> Match | None:
    method, url = method_of(captured), _without_user(captured.url)
    if endpoint is None:
        return matching.best(method, url, captured.path_parameters)
    match = fitting(endpoint, method, url, captured.path_parameters, blanks, anywhere=True)
    if match is None:
        raise InterchangeError(
            f"the request does not fit the endpoint {endpoint.id!r}: that is"
            f" {endpoint.method} {endpoint.path}"
        )
    return match


def _without_user(url: str) -> str:
    server, slashes, rest = url.partition("//")
    end = min((rest.find(sign) for sign in "/?" if sign in rest), default=len(rest))
    return server + slashes + rest[:end].rpartition("@")[2] + rest[end:]


class _Checks:
    """What checks the settings of tasks: one for each endpoint."""

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
    endpoint = match.endpoint if match is not None else None
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
    task |= {"httpRequest": blanks.filled(_ordered(request)), **captured.options, "end": True}
    problems = checks.problems(task["httpRequest"], endpoint)
    return ImportedTask(
        name, task, endpoint, tuple(credentials), tuple(captured.problems), tuple(problems)
    )


def _ordered(request: Mapping[str, Any]) -> dict[str, Any]:
    order = ("url", "method", "pathParameters", "query", "headers", "cookies", "body")
    return {name: request[name] for name in order if name in request}


def _free_name(captured: Captured, match: Match | None, taken: set[str], blanks: Blanks) -> str:
    """Return a name for the task that no other has: its own, the endpoint's title, or its path."""
    path = PLACEHOLDER.sub(r"\1", captured.url.partition("?")[0].partition("://")[2])
    own = captured.name or (match.endpoint.title if match is not None else "")
    name = " ".join(blanks.readable(own).split())[:80]
    if not name or is_secret_text(name):
        name = f"{method_of(captured)} /{blanks.readable(path).partition('/')[2][:60]}"
    base, number = name, 1
    while name in taken:
        number += 1
        name = f"{base} {number}"
    taken.add(name)
    return name


def iter_losses(imported: Imported) -> Iterator[tuple[str, Problem]]:
    """Yield each loss of *imported* with the name of its task; "" for the document's own."""
    yield from (("", loss) for loss in imported.losses)
    for task in imported.tasks:
        yield from ((task.name, loss) for loss in task.losses)
