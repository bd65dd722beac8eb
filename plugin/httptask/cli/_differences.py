"""What changed between two versions of a description, and which tasks that breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from httptask._json import lines_of
from httptask._syntax import PLACEHOLDER
from httptask.cli._output import plural

if TYPE_CHECKING:
    from httptask.errors import Problem
    from httptask.model.api import Endpoint
    from httptask.model.workflow import WorkflowDefinition
    from httptask.plugins import PluginManager
    from httptask.settings import Change

Pair = tuple["Endpoint | None", "Endpoint | None"]
_MOST_SERVERS = 5
"""Servers that a sentence names."""
Use = tuple[str, str, Mapping[str, Any], tuple["Endpoint", "Endpoint | None"]]
"""A task's place, its name, the task, and the two versions of its endpoint."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A task that was right for the old description and is not for the new one."""

    task: str
    endpoint: str
    problems: tuple[Problem, ...]

    def located(self, text: str) -> Broken:
        """Return the same with the line of each problem in the definition's *text*."""
        lines = lines_of(text, {problem.pointer for problem in self.problems})
        return replace(self, problems=tuple(replace(each, line=lines.get(each.pointer)) for each in self.problems))

    def to_json(self) -> dict[str, Any]:
        """Return `{"task", "endpoint", "problems"}`."""
        problems = [problem.to_json() for problem in self.problems]
        return {"task": self.task, "endpoint": self.endpoint, "problems": problems}


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed between the two versions of each endpoint in *pairs*."""

    added: tuple[Endpoint, ...]
    removed: tuple[Endpoint, ...]
    changed: tuple[tuple[Endpoint, list[Change]], ...]
    unchanged: int

    @classmethod
    def of(cls, pairs: list[Pair]) -> Differences:
        """Return the differences between the versions in *pairs*: see `paired`."""
        from httptask.settings import changes

        added = tuple(after for before, after in pairs if before is None and after is not None)
        removed = tuple(before for before, after in pairs if after is None and before is not None)
        both = ((after, changes(before, after)) for before, after in pairs if before and after)
        changed = tuple((after, found) for after, found in both if found)
        return cls(added, removed, changed, len(pairs) - len(added) - len(removed) - len(changed))

    @property
    def any(self) -> bool:
        """Whether there is a difference at all."""
        return bool(self.added or self.removed or self.changed)

    def to_json(self) -> dict[str, Any]:
        """Return `{"added", "removed", "changed", "unchanged"}`."""
        changed = [
            {**_named(endpoint), "changes": [change.to_json() for change in found]} for endpoint, found in self.changed
        ]
        return {
            "added": [_named(endpoint) for endpoint in self.added],
            "removed": [_named(endpoint) for endpoint in self.removed],
            "changed": changed,
            "unchanged": self.unchanged,
        }

    def to_text(self) -> str:
        """Return a line for each endpoint that differs, lines for what did, and the counts."""
        lines = [f"added    {endpoint.method} {endpoint.path}  {endpoint.title}" for endpoint in self.added]
        lines += [f"removed  {endpoint.method} {endpoint.path}  {endpoint.title}" for endpoint in self.removed]
        for endpoint, found in self.changed:
            lines.append(f"changed  {endpoint.method} {endpoint.path}")
            lines += [f"  {'!' if change.narrows else ' '} {change.place}: {change.message}" for change in found]
        counts = {"added": len(self.added), "removed": len(self.removed), "changed": len(self.changed)}
        summary = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return "\n".join([*lines, f"{summary or 'no differences'}, {self.unchanged} unchanged"])


def broken_tasks(definition: WorkflowDefinition, pairs: list[Pair], plugins: PluginManager) -> tuple[list[Broken], int]:
    """Return the tasks of *definition* that break, and how many are for endpoints of *pairs*."""
    used = _used(definition, pairs)
    return [task.located(definition.text or "") for task in _broken(used, plugins)], len(used)


def paired(old: Iterable[Endpoint], new: Iterable[Endpoint]) -> Iterator[Pair]:
    """Yield each endpoint of *old* with its version in *new*, None where there is none, then those only *new* has.

    Method and path tell which is which; where only the names in a path changed, its shape does.
    """
    from httptask.settings import same_shape

    left = {(endpoint.method, endpoint.path): endpoint for endpoint in new}
    waiting: list[Endpoint] = []
    for endpoint in old:
        found = left.pop((endpoint.method, endpoint.path), None)
        if found is None:
            waiting.append(endpoint)
        else:
            yield endpoint, found
    by_shape = {(endpoint.method, same_shape(endpoint.path)): key for key, endpoint in left.items()}
    for endpoint in waiting:
        key = by_shape.pop((endpoint.method, same_shape(endpoint.path)), None)
        yield endpoint, left.pop(key) if key is not None else None
    for endpoint in left.values():
        yield None, endpoint


def _used(definition: WorkflowDefinition, pairs: Iterable[Pair]) -> list[Use]:
    """Return the tasks of *definition* that are for an endpoint of the old description, each with that and its successor."""
    from httptask.workflow import iter_tasks

    known = [(before, after) for before, after in pairs if before is not None]
    found = ((pointer, name, task, _pair_of(task, known)) for pointer, name, task in iter_tasks(definition))
    return [(pointer, name, task, pair) for pointer, name, task, pair in found if pair is not None]


def _broken(used: Iterable[Use], plugins: PluginManager) -> Iterator[Broken]:
    from httptask.errors import Problem

    for pointer, name, task, (before, after) in used:
        if after is None:
            place = f"{pointer}/endpoint" if "endpoint" in task else f"{pointer}/httpRequest/url"
            problem = Problem.of("endpoint-removed", place, method=before.method, path=before.path)
            yield Broken(name, before.id, (problem,))
        elif found := tuple(_new_problems(task, pointer, before, after, plugins)):
            yield Broken(name, before.id, found)


def _new_problems(
    task: Mapping[str, Any], pointer: str, before: Endpoint, after: Endpoint, plugins: PluginManager
) -> Iterator[Problem]:
    """Yield what is wrong with *task* for *after* in places where it was right for *before*."""
    from httptask.errors import Problem
    from httptask.settings import request_problems, settings_schema

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
    if after.servers and _is_at(before, request.get("url")) and not _is_at(after, request.get("url")):
        servers = [server.address for server in after.servers[:_MOST_SERVERS]]
        yield Problem.of("servers-changed", f"{place}/url", servers=servers)
    yield from _credential_problems(task, pointer, before, after, plugins)


def _credential_problems(
    task: Mapping[str, Any], pointer: str, before: Endpoint, after: Endpoint, plugins: PluginManager
) -> Iterator[Problem]:
    """Yield what *after* asks for that *task*, which had what *before* asked for, does not have."""
    from httptask.credentials import fitting_problems

    if (before.security, before.security_schemes) == (after.security, after.security_schemes):
        return
    name, request = task.get("credentials"), task["httpRequest"]
    if not fitting_problems(before, name, request, plugins, pointer):
        for problem in fitting_problems(after, name, request, plugins, pointer):
            yield replace(problem, severity="error")


def _breaks(problem: Problem) -> bool:
    """Say whether a task with *problem* no longer does what it did: what is sent in a read-only field is ignored."""
    return problem.severity == "error" or problem.code == "read-only"


def _fault(problem: Problem) -> tuple[str, str]:
    """Return what tells *problem* from others: its place, and the name that is missing there, when one is.

    What was expected may be said in other words for the new description.
    """
    return problem.pointer, str(problem.params["name"]) if problem.code == "required" else ""


def _with_names_of(before: Endpoint, after: Endpoint) -> Endpoint:
    """Return *after* with the path parameters named as in *before*: a task that names no endpoint has its own path."""
    places = list(zip(PLACEHOLDER.findall(after.path), PLACEHOLDER.findall(before.path), strict=True))
    names = dict(places)
    parameters = tuple(
        replace(each, name=names.get(each.name, each.name)) if each.location == "path" else each
        for each in after.parameters
    )
    return replace(after, path=before.path, parameters=parameters)


def _pair_of(
    task: Mapping[str, Any], pairs: list[tuple[Endpoint, Endpoint | None]]
) -> tuple[Endpoint, Endpoint | None] | None:
    """Return the endpoint that *task* is for: the one it names, else the one its method and URL lead to."""
    named, request = task.get("endpoint"), task.get("httpRequest")
    if task.get("type") != "Http" or not isinstance(request, Mapping):
        return None
    found = next((pair for pair in pairs if _is_id_of(named, pair[0])), None)
    url, method = request.get("url"), str(request.get("method") or "GET").upper()
    if found is not None or not isinstance(url, str):
        return found
    addressed = [pair for pair in pairs if pair[0].method == method and _is_at(pair[0], url)]
    path = url.partition("?")[0].partition("#")[0]
    # Of several templates the very one, else the one that says most (OpenAPI 3.0.4, section 4.7.8: concrete paths first).
    return max(
        addressed,
        key=lambda pair: (path.endswith(_path(pair[0])), len(PLACEHOLDER.sub("", pair[0].path))),
        default=None,
    )


def _is_id_of(named: Any, endpoint: Endpoint) -> bool:
    """Say whether *named* is the id of *endpoint*: a catalogue lengthens the hash it ends with where two would be equal."""
    from httptask.importers import endpoint_id

    head, _, digits = str(named).rpartition("-")
    short_head, _, short = endpoint.id.rpartition("-")
    if head != short_head or len(digits) < len(short):
        return False
    return endpoint_id("", endpoint.path, endpoint.method, len(digits)).rpartition("-")[2] == digits


def _is_at(endpoint: Endpoint, url: Any) -> bool:
    """Say whether *url* is the path of *endpoint* at one of its servers; any server will do where none is described, or an
    expression stands for it.
    """
    if not isinstance(url, str):
        return False
    parts = url.partition("?")[0].partition("#")[0].split("/")
    path = _path(endpoint).split("/")[1:]
    if not endpoint.servers or url.startswith("${"):
        return len(parts) > len(path) and _fits(path, parts[-len(path) :])
    bases = [base.split("/") for server in endpoint.servers for base in (server.url, server.address)]
    return any(_fits([*base, *path], parts) for base in bases)


def _fits(template: list[str], parts: list[str]) -> bool:
    """Say whether *parts*, between the slashes, are those of *template*, or values stand in its places."""
    return len(template) == len(parts) and all(
        each == part or ("{" in each and _frames(each, part)) for each, part in zip(template, parts, strict=True)
    )


def _frames(template: str, part: str) -> bool:
    before, after = template.partition("{")[0], template.rpartition("}")[2]
    return len(part) > len(before) + len(after) and part.startswith(before) and part.endswith(after)


def _path(endpoint: Endpoint) -> str:
    return endpoint.target.partition("?")[0]


def _named(endpoint: Endpoint) -> dict[str, Any]:
    return {"id": endpoint.id, "method": endpoint.method, "path": endpoint.path, "title": endpoint.title}


def tasks_text(broken: list[Broken], used: int) -> str:
    """Return what became of the *used* tasks, of which *broken* break."""
    if not used:
        return "no task of the definition is for an endpoint of these descriptions"
    if not broken:
        return f"{plural(used, 'task')} of the definition for these endpoints, and none breaks"
    lines = []
    for each in broken:
        lines.append(f"breaks   the task {each.task!r}")
        lines += [f"    {problem}" for problem in each.problems]
    return "\n".join(lines)
