"""Which tasks a new version of a description breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from httptask._core.pointers import lines_of
from httptask._http.syntax import PLACEHOLDER
from httptask.credentials import fitting_problems
from httptask.errors import Problem
from httptask.importers import endpoint_id
from httptask.settings import request_problems, settings_schema
from httptask.workflow import iter_tasks

if TYPE_CHECKING:
    from httptask.changes._differences import Pair
    from httptask.model.api import Endpoint
    from httptask.model.workflow import WorkflowDefinition
    from httptask.plugins import PluginManager

_MOST_SERVERS = 5
"""Servers that a sentence names."""
Use = tuple[str, str, Mapping[str, Any], tuple["Endpoint", "Endpoint | None"]]
"""A task's pointer, its name, the task, and the two versions of its endpoint."""


@dataclass(frozen=True, slots=True)
class BrokenTask:
    """A task that was right for the old description and is not for the new one."""

    task: str
    endpoint: str
    problems: tuple[Problem, ...]

    def located(self, text: str) -> BrokenTask:
        """Return the same with the line of each problem in the definition's *text*."""
        lines = lines_of(text, {problem.pointer for problem in self.problems})
        return replace(
            self,
            problems=tuple(replace(each, line=lines.get(each.pointer)) for each in self.problems),
        )

    def to_json(self) -> dict[str, Any]:
        """Return `{"task", "endpoint", "problems"}`."""
        problems = [problem.to_json() for problem in self.problems]
        return {"task": self.task, "endpoint": self.endpoint, "problems": problems}


def broken_tasks(
    definition: WorkflowDefinition, pairs: list[Pair], plugins: PluginManager
) -> tuple[list[BrokenTask], int]:
    """Return the tasks of *definition* that break, and how many are for endpoints of *pairs*."""
    used = _used(definition, pairs)
    return [task.located(definition.text or "") for task in _broken(used, plugins)], len(used)


def _used(definition: WorkflowDefinition, pairs: Iterable[Pair]) -> list[Use]:
    """Return the tasks of *definition* that are for an endpoint of the old description, each with
    that and its successor.
    """
    known = [(before, after) for before, after in pairs if before is not None]
    found = (
        (pointer, name, task, _pair_of(task, known))
        for pointer, name, task in iter_tasks(definition)
    )
    return [(pointer, name, task, pair) for pointer, name, task, pair in found if pair is not None]


def _broken(used: Iterable[Use], plugins: PluginManager) -> Iterator[BrokenTask]:
    for pointer, name, task, (before, after) in used:
        if after is None:
            place = f"{pointer}/endpoint" if "endpoint" in task else f"{pointer}/httpRequest/url"
            problem = Problem.of("endpoint-removed", place, method=before.method, path=before.path)
            yield BrokenTask(name, before.id, (problem,))
        elif found := tuple(_new_problems(task, pointer, before, after, plugins)):
            yield BrokenTask(name, before.id, found)


def _new_problems(
    task: Mapping[str, Any], pointer: str, before: Endpoint, after: Endpoint, plugins: PluginManager
) -> Iterator[Problem]:
    """Yield what is wrong with *task* for *after* in places where it was right for *before*."""
    if "endpoint" not in task:
        after = _with_names_of(before, after)
    elif before.path != after.path:
        yield Problem.of("endpoint-renamed", f"{pointer}/endpoint", suggestion=after.id)
    request, place = task["httpRequest"], f"{pointer}/httpRequest"
    was, now = (
        request_problems(request, settings_schema(endpoint), endpoint, place, expressions=True)
        for endpoint in (before, after)
    )
    known = {_fault(problem) for problem in was if _breaks(problem)}
    yield from (problem for problem in now if _breaks(problem) and _fault(problem) not in known)
    if (
        after.servers
        and _is_at(before, request.get("url"))
        and not _is_at(after, request.get("url"))
    ):
        servers = [server.address for server in after.servers[:_MOST_SERVERS]]
        yield Problem.of("servers-changed", f"{place}/url", servers=servers)
    yield from _credential_problems(task, pointer, before, after, plugins)


def _credential_problems(
    task: Mapping[str, Any], pointer: str, before: Endpoint, after: Endpoint, plugins: PluginManager
) -> Iterator[Problem]:
    """Yield what *after* asks for that *task*, which had what *before* asked for, does not have."""
    if (before.security, before.security_schemes) == (after.security, after.security_schemes):
        return
    name, request = task.get("credentials"), task["httpRequest"]
    if not fitting_problems(before, name, request, plugins, pointer):
        for problem in fitting_problems(after, name, request, plugins, pointer):
            yield replace(problem, severity="error")


def _breaks(problem: Problem) -> bool:
    """Say whether a task with *problem* no longer does what it did: what is sent in a read-only
    field is ignored.
    """
    return problem.severity == "error" or problem.code == "read-only"


def _fault(problem: Problem) -> tuple[str, str]:
    """Return what tells *problem* from others: its place, and the name that is missing there, when
    one is.

    What was expected may be said in other words for the new description.
    """
    return problem.pointer, str(problem.params["name"]) if problem.code == "required" else ""


def _with_names_of(before: Endpoint, after: Endpoint) -> Endpoint:
    """Return *after* with the path parameters named as in *before*: a task that names no endpoint
    has its own path.
    """
    places = list(
        zip(PLACEHOLDER.findall(after.path), PLACEHOLDER.findall(before.path), strict=True)
    )
    names = dict(places)
    parameters = tuple(
        replace(each, name=names.get(each.name, each.name)) if each.location == "path" else each
        for each in after.parameters
    )
    return replace(after, path=before.path, parameters=parameters)


def _pair_of(
    task: Mapping[str, Any], pairs: list[tuple[Endpoint, Endpoint | None]]
) -> tuple[Endpoint, Endpoint | None] | None:
    """Return the endpoint that *task* is for: the one it names, else the one its method and URL
    lead to.
    """
    named, request = task.get("endpoint"), task.get("httpRequest")
    if task.get("type") != "Http" or not isinstance(request, Mapping):
        return None
    found = next((pair for pair in pairs if _is_id_of(named, pair[0])), None)
    url, method = request.get("url"), str(request.get("method") or "GET").upper()
    if found is not None or not isinstance(url, str):
        return found
    addressed = [pair for pair in pairs if pair[0].method == method and _is_at(pair[0], url)]
    path = url.partition("?")[0].partition("#")[0]
    # Of several templates the very one, else the one that says most (OpenAPI 3.0.4, section 4.7.8:
    # concrete paths first).
    return max(
        addressed,
        key=lambda pair: (path.endswith(_path(pair[0])), len(PLACEHOLDER.sub("", pair[0].path))),
        default=None,
    )


def _is_id_of(named: Any, endpoint: Endpoint) -> bool:
    """Say whether *named* is the id of *endpoint*: a catalogue lengthens the hash it ends with
    where two would be equal.
    """
    head, _, digits = str(named).rpartition("-")
    short_head, _, short = endpoint.id.rpartition("-")
    if head != short_head or len(digits) < len(short):
        return False
    return endpoint_id("", endpoint.path, endpoint.method, len(digits)).rpartition("-")[2] == digits


def _is_at(endpoint: Endpoint, url: Any) -> bool:
    """Say whether *url* is the path of *endpoint* at one of its servers; any server will do where
    none is described, or an expression stands for it.
    """
    if not isinstance(url, str):
        return False
    parts = url.partition("?")[0].partition("#")[0].split("/")
    path = _path(endpoint).split("/")[1:]
    if not endpoint.servers or url.startswith("${"):
        return len(parts) > len(path) and _fits(path, parts[-len(path) :])
    bases = [
        base.split("/") for server in endpoint.servers for base in (server.url, server.address)
    ]
    return any(_fits([*base, *path], parts) for base in bases)


def _fits(template: list[str], parts: list[str]) -> bool:
    """Say whether *parts*, between the slashes, are those of *template*, or values stand in its
    places.
    """
    return len(template) == len(parts) and all(
        each == part or ("{" in each and _frames(each, part))
        for each, part in zip(template, parts, strict=True)
    )


def _frames(template: str, part: str) -> bool:
    before, after = template.partition("{")[0], template.rpartition("}")[2]
    return len(part) > len(before) + len(after) and part.startswith(before) and part.endswith(after)


def _path(endpoint: Endpoint) -> str:
    return endpoint.target.partition("?")[0]
