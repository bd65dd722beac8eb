"""Secrets that stand in a definition: what is stored of its runs does not have them.

They are the values of which validation warns (`secret-in-the-open`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from httptask._core.pointers import child, index, parts
from httptask._core.redaction import MASK
from httptask._core.strict_json import dump
from httptask._http.secret_names import is_secret, passwords_in, tokens_in
from httptask.building import with_values
from httptask.designer._problems import Refused
from httptask.errors import DefinitionError, Problem
from httptask.model.workflow import WorkflowDefinition
from httptask.settings import secrets_below
from httptask.workflow import load_definition, load_environment, problems

if TYPE_CHECKING:
    from httptask.model.environment import Environment
    from httptask.protocols import RunOptions
    from httptask.task import Runtime

_CODE = "secret-in-the-open"
_SCHEMES = ("basic", "bearer")
_AUTHORIZATIONS = ("authorization", "proxy-authorization")
_Stored = TypeVar("_Stored", "WorkflowDefinition", "Environment")


def masked_plan(
    definition: WorkflowDefinition, options: RunOptions, runtime: Runtime
) -> tuple[WorkflowDefinition, RunOptions, list[str]]:
    """Return *definition* and *options* with `MASK` in place of literal secrets, and the secrets.

    Masked are the definition, those that it runs, the environment and the variables; not the input.
    """
    masking = _Masking(runtime)
    masked = replace(
        options,
        definitions={
            name: masking.definition(nested) for name, nested in options.definitions.items()
        },
        environment=options.environment and masking.environment(options.environment),
        variables=masking.below(options.variables),
    )
    return masking.definition(definition), masked, masking.secrets


def whole_definition(stored: WorkflowDefinition, runtime: Runtime) -> WorkflowDefinition:
    """Return *stored*, or, if it has masks, the definition in its file with the secrets.

    Raises `Refused` if the file differs in anything else.
    """
    return _reloaded(
        stored,
        _Masking(runtime).definition,
        lambda: load_definition(stored.source or ""),
        f"the definition {stored.title!r}",
    )


def whole_options(
    definition: WorkflowDefinition, options: RunOptions, runtime: Runtime
) -> RunOptions:
    """Return *options* with the literal secrets that are not stored.

    They are in the files next to *definition*. Raises `Refused` if these differ in anything else.
    """
    if MASK in dump(dict(options.variables)):
        raise _refused("the variables of the run")
    environment = options.environment
    return replace(
        options,
        definitions={
            name: whole_definition(nested, runtime) for name, nested in options.definitions.items()
        },
        environment=environment
        and _reloaded(
            environment,
            _Masking(runtime).environment,
            lambda: load_environment(definition, environment.name),
            f"the environment {environment.name!r}",
        ),
    )


class _Masking:
    """Masks literal secrets, and collects them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.secrets: list[str] = []

    def definition(self, definition: WorkflowDefinition) -> WorkflowDefinition:
        document = self._at(definition.document, problems(definition, self._runtime))
        return WorkflowDefinition(document, source=definition.source)

    def environment(self, environment: Environment) -> Environment:
        return replace(
            environment,
            servers=self.below(environment.servers),
            variables=self.below(environment.variables),
        )

    def below(self, value: Mapping[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = self._at(value, secrets_below(value, ""))
        return masked

    def _at(self, value: Any, reported: Iterable[Problem]) -> Any:
        """Return *value* with `MASK` at each pointer of *reported* that is about a secret."""
        masks: dict[tuple[str | int, ...], Any] = {}
        for problem in reported:
            if problem.code == _CODE:
                path, secret = _resolved(value, problem.pointer)
                masks[path] = MASK
                self.secrets += _secret_texts(path, secret)
        return with_values(value, masks) if masks else value


def _resolved(value: Any, pointer: str) -> tuple[tuple[str | int, ...], Any]:
    """Return the path of the JSON *pointer* in *value*, and the value there."""
    path: list[str | int] = []
    for token in parts(pointer):
        position = index(token, len(value)) if isinstance(value, list) else None
        path.append(token if position is None else position)
        value = child(value, token)
    return tuple(path), value


def _secret_texts(path: tuple[str | int, ...], value: Any) -> list[str]:
    """Return the texts to mask of *value* at *path*, which is or contains a secret.

    A server may repeat a part alone.
    """
    if not isinstance(value, str):
        return [dump(value)]
    parts_of_value = [*tokens_in(value), *passwords_in(value)]
    if path[-2:] == ("httpRequest", "url"):
        query = parse_qsl(value.partition("?")[2].partition("#")[0])
        named = [text for name, text in query if is_secret(name, text, "query")]
        return named + parts_of_value
    name = str(path[-1]).lower() if path else ""
    if name == "cookie":
        return [
            value,
            *parts_of_value,
            *(pair.partition("=")[2].strip() for pair in value.split(";")),
        ]
    scheme, _, token = value.partition(" ")
    if token and (name in _AUTHORIZATIONS or scheme.lower() in _SCHEMES):
        parts_of_value += [token, *_basic_passwords(scheme, token)]
    return [value, *parts_of_value]


def _basic_passwords(scheme: str, token: str) -> list[str]:
    """Return the password in *token* of the *scheme* `Basic` (RFC 7617, section 2)."""
    if scheme.lower() != "basic":
        return []
    try:
        pair = base64.b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace")
    except ValueError:
        return []
    return [pair.partition(":")[2]]


def _reloaded(
    stored: _Stored, mask: Callable[[_Stored], _Stored], load: Callable[[], _Stored], name: str
) -> _Stored:
    """Return *stored*, or, if it has masks, what *load* returns.

    Raises `Refused` if that has another masked form.
    """
    if MASK not in dump(stored.to_json()):
        return stored
    try:
        current = load()
    except DefinitionError as error:
        raise _refused(name) from error
    if mask(current).to_json() != stored.to_json():
        raise _refused(name)
    return current


def _refused(name: str) -> Refused:
    return Refused(
        "definition",
        f"secrets in {name} are not stored with that run, and no file has the same definition with"
        " its secrets. Store them as credentials, name these in the tasks, and start a new run of"
        " the definition in the page. Nothing was run",
    )
