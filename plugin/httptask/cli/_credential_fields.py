"""Collect the fields of a credential for `credentials set`: from options, a file, and prompts."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import JsonError, parse
from httptask.cli._output import CommandError

if TYPE_CHECKING:
    from httptask.credentials import KnownScheme


def changed(arguments: argparse.Namespace, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the credential *stored* as a document with the changes applied.

    An option overrides the file, and the file overrides the stored fields. If the type changes, no
    stored field is kept.
    """
    in_file = _file_fields(arguments)
    scheme = arguments.type or in_file.pop("type", None) or stored.get("type")
    if not isinstance(scheme, str):
        raise CommandError("name the type: --type bearer, basic, apiKey, oauth2, ...")
    known_scheme = _known_scheme(arguments.name, scheme)
    # Fields of another type mean other things, even if they have the same name.
    unchanged = stored if stored.get("type") == scheme else {}
    origins = arguments.origin or in_file.pop("origins", None) or unchanged.get("origins")
    in_options = _option_fields(known_scheme.schema, arguments.field)
    fields = _fields_of(unchanged) | in_file | in_options
    document = {"type": scheme, **_with_secrets(arguments, known_scheme, fields)}
    if origins:
        document["origins"] = origins
    _check(arguments.name, document, known_scheme)
    return document


def _fields_of(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("type", "origins")}


def _known_scheme(name: str, scheme: str) -> KnownScheme:
    from httptask.credentials import known_scheme
    from httptask.model.credential import Credential
    from httptask.plugins import plugin_manager

    return known_scheme(Credential(name, scheme, {}), plugin_manager())


def _check(name: str, document: Mapping[str, Any], known: KnownScheme) -> None:
    """Raise `CommandError` if the fields of *document* do not fit its type."""
    from httptask.credentials import credential_problems

    problems = credential_problems(known.schema, _fields_of(document))
    if problems:
        sentences = "; ".join(problem.message for problem in problems)
        raise CommandError(f"credential {name!r}: {sentences}")


# Options


def _option_fields(schema: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return the fields in *options*, each NAME=VALUE. Secrets are refused."""
    properties = schema.get("properties", {})
    fields: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise CommandError(f"--field takes NAME=VALUE, found {name[:40]!r}")
        field = properties.get(name, {})
        if field.get("writeOnly"):
            raise CommandError(
                f"{name!r} is a secret and cannot be an argument, because others could read it in"
                f" the list of processes: use --secret {name}, which asks for it, or --from-file"
            )
        if field.get("type") == "array" and not value.startswith("["):
            fields[name] = [*fields.get(name, []), value]
        else:
            fields[name] = value if _is_text(field) else _json_value(name, value)
    return fields


def _is_text(field: Mapping[str, Any]) -> bool:
    values = field.get("enum", ())
    return field.get("type", "string") == "string" and all(
        isinstance(value, str) for value in values
    )


def _json_value(name: str, text: str) -> Any:
    try:
        return parse(text)
    except JsonError as error:
        raise CommandError(f"--field {name}: expected JSON: {error}") from error


# A file, or standard input


_UNNAMED = ""
"""The provisional name of a secret read from a file that is not a JSON object."""


def _file_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields in the file. Text that is not a JSON object is one secret, `_UNNAMED`.

    Without a file, standard input is read unless it is a terminal.
    """
    if arguments.from_file is None and sys.stdin.isatty():
        return {}
    source = arguments.from_file or "standard input"
    text = _file_text(arguments.from_file or "-", source)
    if not text.startswith("{"):
        return {_UNNAMED: text} if text else {}
    try:
        value = parse(text)
    except JsonError:  # the error's text would quote the secret
        raise CommandError(f"{source}: not JSON") from None
    return dict(value)


def _file_text(path: str, source: str) -> str:
    """Return the text in *path*, where `-` is standard input; *source* is its name in messages."""
    is_stream = path == "-"
    try:
        data = sys.stdin.buffer.read() if is_stream else Path(path).read_bytes()
        return data.decode("utf-8").strip()
    except OSError as error:
        raise CommandError(f"{source}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{source}: not in UTF-8") from error


# Secrets


def _with_secrets(
    arguments: argparse.Namespace,
    known: KnownScheme,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """Return *fields* with the secrets that are missing, or named by `--secret`.

    The text of a file supplies one secret. Otherwise the person is asked for each.
    """
    from httptask.credentials import missing_fields

    secrets = [
        name
        for name, field in known.schema.get("properties", {}).items()
        if isinstance(field, Mapping) and field.get("writeOnly")
    ]
    for name in arguments.secret:
        if name not in secrets:
            raise CommandError(f"{name!r} is no secret of it; there are: {', '.join(secrets)}")
    named = {name: value for name, value in fields.items() if name != _UNNAMED}
    missing = [name for name in missing_fields(known.schema, named) if name in secrets]
    names_to_ask = list(dict.fromkeys([*missing, *arguments.secret]))
    if _UNNAMED in fields:
        return {**named, _secret_in_file(names_to_ask, secrets): fields[_UNNAMED]}
    can_ask = sys.stdin.isatty() and arguments.from_file is None
    if not names_to_ask or not can_ask:
        return named  # what is missing is reported with all other problems
    # Not echoed, and no argument: other users see the arguments in the list of processes.
    answers = {name: getpass.getpass(f"{name} (not shown): ") for name in names_to_ask}
    return named | {name: answer for name, answer in answers.items() if answer}


def _secret_in_file(preferred: Sequence[str], secrets: Sequence[str]) -> str:
    """Return the secret that the text of a file is: the *preferred* one, else the only one."""
    if len(preferred) > 1:
        raise CommandError(f"give a JSON object with {' and '.join(preferred)}, not one text")
    candidates = preferred or secrets
    if len(candidates) != 1:
        raise CommandError("use --secret NAME to say which secret it is")
    return candidates[0]
