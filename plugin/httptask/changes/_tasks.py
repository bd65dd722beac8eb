"""Find the tasks that a new version of a description breaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from httptask._core.problem_lines import with_lines
from httptask._http.syntax import PLACEHOLDER
from httptask.credentials import fitting_problems
from httptask.errors import Problem
from httptask.importers import endpoint_id
from httptask.settings import request_problems, settings_schema
from httptask.workflow import iter_tasks

if TYPE_CHECKING:
    from httptask.changes._differences import Pair
    from httptask.model.api import Endpoint, Parameter
    from httptask.model.workflow import WorkflowDefinition
    from httptask.plugins import PluginManager

_MOST_SERVERS = 5
"""The most servers that a message lists."""
Use = tuple[str, str, Mapping[str, Any], tuple["Endpoint", "Endpoint | None"]]
"""(pointer to a task, its name, the task, (old, new version of its endpoint))."""


@dataclass(frozen=True, slots=True)
class BrokenTask:
    """A task that is valid for the old description, but not for the new one."""

    task: str
    endpoint: str
    problems: tuple[Problem, ...]

    def located(self, text: str) -> BrokenTask:
        """Return a copy with the line of each problem in *text*, the text of the definition."""
        return replace(self, problems=tuple(with_lines(self.problems, text)))

    def to_json(self) -> dict[str, Any]:
        """Return `{"task", "endpoint", "problems"}`."""
        problems = [problem.to_json() for problem in self.problems]
        return {
            "task": self.task,
            "endpoint": self.endpoint,
            "problems": problems,
        }


def broken_tasks(
    definition: WorkflowDefinition,
    pairs: list[Pair],
    plugins: PluginManager,
) -> tuple[list[BrokenTask], int]:
    """Return the tasks of *definition* that break, and the number of tasks that use *pairs*."""
    used = _used(definition, pairs)
    text = definition.text or ""
    broken = [task.located(text) for task in _broken(used, plugins)]
    return broken, len(used)


def _used(definition: WorkflowDefinition, pairs: Iterable[Pair]) -> list[Use]:
    """Return the tasks of *definition* that use endpoints of the old description."""
    old_pairs = [(before, after) for before, after in pairs if before is not None]
    used: list[Use] = []
    for pointer, name, task in iter_tasks(definition):
        pair = _pair_of(task, old_pairs)
        if pair is not None:
            used.append((pointer, name, task, pair))
    return used


def _broken(used: Iterable[Use], plugins: PluginManager) -> Iterator[BrokenTask]:
    for pointer, name, task, (before, after) in used:
        if after is None:
            member = "endpoint" if "endpoint" in task else "httpRequest/url"
            problem = Problem.of(
                "endpoint-removed",
                f"{pointer}/{member}",
                method=before.method,
                path=before.path,
            )
            yield BrokenTask(name, before.id, (problem,))
        elif problems := tuple(_new_problems(task, pointer, before, after, plugins)):
            yield BrokenTask(name, before.id, problems)


def _new_problems(
    task: Mapping[str, Any],
    pointer: str,
    before: Endpoint,
    after: Endpoint,
    plugins: PluginManager,
) -> Iterator[Problem]:
    """Yield the problems that *task* has with *after*, but not with *before*."""
    if "endpoint" not in task:
        after = _with_names_of(before, after)
    elif before.path != after.path:
        yield Problem.of("endpoint-renamed", f"{pointer}/endpoint", suggestion=after.id)
    request = task["httpRequest"]
    request_pointer = f"{pointer}/httpRequest"
    old_problems = _breaking_problems(request, before, request_pointer)
    old_faults = {_fault(problem) for problem in old_problems}
    for problem in _breaking_problems(request, after, request_pointer):
        if _fault(problem) not in old_faults:
            yield problem
    url = request.get("url")
    was_right = _is_at(before, url)
    if after.servers and was_right and not _is_at(after, url):
        servers = [server.address for server in after.servers[:_MOST_SERVERS]]
        yield Problem.of("servers-changed", f"{request_pointer}/url", servers=servers)
    yield from _credential_problems(task, pointer, before, after, plugins)


def _credential_problems(
    task: Mapping[str, Any],
    pointer: str,
    before: Endpoint,
    after: Endpoint,
    plugins: PluginManager,
) -> Iterator[Problem]:
    """Yield the problems of the task's credential for *after*, if it was right for *before*."""
    if (before.security, before.security_schemes) == (after.security, after.security_schemes):
        return
    name = task.get("credentials")
    request = task["httpRequest"]
    if not fitting_problems(before, name, request, plugins, pointer):
        for problem in fitting_problems(after, name, request, plugins, pointer):
            yield replace(problem, severity="error")


def _breaking_problems(request: Any, endpoint: Endpoint, pointer: str) -> list[Problem]:
    """Return the problems of *request* for *endpoint* that break the task.

    These are the errors, and the warning for a value in a read-only field, which the API ignores.
    """
    schema = settings_schema(endpoint)
    problems = request_problems(request, schema, endpoint, pointer, expressions=True)
    return [
        problem
        for problem in problems
        if problem.severity == "error" or problem.code == "read-only"
    ]


def _fault(problem: Problem) -> tuple[str, str]:
    """Return a key for *problem* that is the same for both descriptions.

    It is the pointer and, for a missing field, its name. The message may differ.
    """
    missing_name = ""
    if problem.code == "required":
        missing_name = str(problem.params["name"])
    return problem.pointer, missing_name


def _with_names_of(before: Endpoint, after: Endpoint) -> Endpoint:
    """Return *after* with its path parameters named as in *before*.

    A task without `endpoint` keeps the names in its own URL, which are those of *before*.
    """
    names_before = PLACEHOLDER.findall(before.path)
    names_after = PLACEHOLDER.findall(after.path)
    old_names = dict(zip(names_after, names_before, strict=True))

    def renamed(parameter: Parameter) -> Parameter:
        # Only the path's names are the task's own: a query parameter may have the same name.
        if parameter.location != "path":
            return parameter
        return replace(parameter, name=old_names.get(parameter.name, parameter.name))

    parameters = tuple(map(renamed, after.parameters))
    return replace(after, path=before.path, parameters=parameters)


def _pair_of(
    task: Mapping[str, Any],
    pairs: list[tuple[Endpoint, Endpoint | None]],
) -> tuple[Endpoint, Endpoint | None] | None:
    """Return the pair whose old version *task* uses, by its `endpoint` or by method and URL."""
    named = task.get("endpoint")
    request = task.get("httpRequest")
    if task.get("type") != "Http" or not isinstance(request, Mapping):
        return None
    for pair in pairs:
        if _is_id_of(named, pair[0]):
            return pair
    url = request.get("url")
    if not isinstance(url, str):
        return None
    method = str(request.get("method") or "GET").upper()
    addressed = [pair for pair in pairs if pair[0].method == method and _is_at(pair[0], url)]
    path = _path_of(url)

    def precedence(pair: tuple[Endpoint, Endpoint | None]) -> tuple[bool, int]:
        # Prefer a template that the URL contains literally, then the template with the longest
        # fixed text (OpenAPI 3.0.4, section 4.7.8: concrete paths first).
        endpoint = pair[0]
        fixed_text = PLACEHOLDER.sub("", endpoint.path)
        return path.endswith(_path(endpoint)), len(fixed_text)

    return max(addressed, key=precedence, default=None)


def _is_id_of(named: Any, endpoint: Endpoint) -> bool:
    """Say whether *named* is the id of *endpoint*, perhaps with a longer hash.

    A catalogue lengthens the hash at the end of an id if another endpoint has the same id.
    """
    head, _, digits = str(named).rpartition("-")
    short_head, _, short = endpoint.id.rpartition("-")
    if head != short_head or len(digits) < len(short):
        return False
    longer_id = endpoint_id("", endpoint.path, endpoint.method, len(digits))
    return longer_id.rpartition("-")[2] == digits


def _is_at(endpoint: Endpoint, url: Any) -> bool:
    """Say whether *url* is the path of *endpoint* at one of its servers.

    Any server counts if the endpoint has none, or if *url* begins with an expression.
    """
    if not isinstance(url, str):
        return False
    parts = _path_of(url).split("/")
    path = _path(endpoint).split("/")[1:]
    if not endpoint.servers or url.startswith("${"):
        last_parts = parts[-len(path) :]
        return len(parts) > len(path) and _fits(path, last_parts)
    for server in endpoint.servers:
        # Also with the server's placeholders: the task may keep its variables open.
        for base in (server.url, server.address):
            template = [*base.split("/"), *path]
            if _fits(template, parts):
                return True
    return False


def _fits(template: list[str], parts: list[str]) -> bool:
    """Say whether the path segments *parts* match those of *template*, with placeholders filled."""
    if len(template) != len(parts):
        return False
    return all(
        segment == part or ("{" in segment and _fits_segment(segment, part))
        for segment, part in zip(template, parts, strict=True)
    )


def _fits_segment(template: str, part: str) -> bool:
    """Say whether *part* is *template* with some text in place of its placeholders.

    Only the fixed text before the first and after the last placeholder is compared.
    """
    before = template.partition("{")[0]
    after = template.rpartition("}")[2]
    # `/users/` is another path than `/users/{id}`: a placeholder is never empty.
    if len(part) <= len(before) + len(after):
        return False
    return part.startswith(before) and part.endswith(after)


def _path_of(url: str) -> str:
    """Return *url* without its query and fragment."""
    return url.partition("?")[0].partition("#")[0]


def _path(endpoint: Endpoint) -> str:
    return endpoint.target.partition("?")[0]
