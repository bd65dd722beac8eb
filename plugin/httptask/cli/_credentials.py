"""`credentials`: list, set, test, connect and remove them. A secret is never an argument."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import JsonError, parse
from httptask.cli._output import (
    CommandError,
    command,
    emit,
    network_of,
    network_options,
    note,
    table,
)

if TYPE_CHECKING:
    from httptask.credentials import KnownScheme, Shelf
    from httptask.model.api import Endpoint
    from httptask.task import Runtime


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command with its own."""
    parser = command(
        commands,
        "credentials",
        "list credentials, or set, test, connect and remove one",
        "httptask credentials set crm --type basic --field username=ann",
        catalogue=False,
    )
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(metavar="ACTION")
    _add_list(actions)
    _add_set(actions)
    _add_test(actions)
    _add_connect(actions)
    _add_remove(actions)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    help_: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = command(
        actions, name, help_, f"httptask credentials {name} crm", catalogue=False, is_below=True
    )
    parser.set_defaults(run=run)
    return parser


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what tasks call it")


def _reach(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--catalogue", metavar="FILE", help="the catalogue file")
    network_options(parser, "let requests go to this network or host too")


# list


def _add_list(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listing = _action(actions, "list", "list the credentials: names and kinds, no values", run_list)
    listing.epilog = "example: httptask credentials list"


def run_list(arguments: argparse.Namespace) -> int:
    """Print names, kinds, where each is kept, its origins, and whether a token is held."""
    from httptask.credentials import listed_credentials
    from httptask.task import held_token, token_json

    items, problems = listed_credentials()

    async def tokens(runtime: Runtime) -> list[dict[str, Any]]:
        listed = []
        for item in items:
            token = await held_token(runtime, item.credential)
            held = {} if token is None else {"token": token_json(token, runtime.clock.wall())}
            listed.append(item.to_json() | held)
        return listed

    listed = _with_runtime(arguments, tokens)
    text = "\n".join([*_listing_lines(listed), *(f"warning: {problem}" for problem in problems)])
    emit(arguments, {"items": listed, "problems": problems}, text or "no credentials yet")
    return 0


def _listing_lines(listed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the table of the credentials *listed*, and the warnings about each."""
    if not listed:
        return []
    rows = [_row(item) for item in listed]
    lines = [table([("NAME", "KIND", "KEPT IN", "ORIGINS", "TOKEN"), *rows])]
    for item in listed:
        lines += [f"warning: {item['name']}: {warning}" for warning in item.get("warnings", ())]
    return lines


def _row(item: Mapping[str, Any]) -> tuple[str, ...]:
    origins = ", ".join(item.get("origins", ())) or "any"
    return item["name"], item["kind"], item["source"], origins, _token_text(item.get("token"))


def _token_text(token: Mapping[str, Any] | None) -> str:
    if token is None:
        return "-"
    if "expiresAt" not in token:
        return "held"
    expires_at = token["expiresAt"]
    return f"expired {expires_at}" if token["expired"] else f"until {expires_at}"


# set


def _add_set(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    set_ = _action(
        actions, "set", "make a credential, or change one; secrets are asked for", run_set
    )
    _name(set_)
    set_.add_argument("--type", metavar="TYPE", help="its auth scheme: bearer, basic, oauth2, ...")
    set_.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a field that is no secret; again for more, or for more of a list",
    )
    set_.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME",
        help="ask for this secret, too; those that have to be there are asked for anyway",
    )
    set_.add_argument(
        "--from-file",
        metavar="FILE",
        help="read the secret, or a JSON object of fields, from a file (- is standard input)",
    )
    set_.add_argument(
        "--origin",
        action="append",
        metavar="ORIGIN",
        help="the only origin it may be sent to, such as https://api.acme.example; again for more",
    )
    set_.add_argument(
        "--keyring",
        action="store_true",
        help="keep it in the system's keyring, not in the credentials file",
    )


def run_set(arguments: argparse.Namespace) -> int:
    """Make a credential, or change one: what is not named stays."""
    from httptask.task import store_credential

    name: str = arguments.name
    shelf, stored = _stored(name)
    target = _target(arguments, shelf)
    document = _changed(arguments, stored or {})
    _with_runtime(arguments, lambda runtime: store_credential(runtime, target, name, document))
    if shelf is not None and shelf.store is not None and shelf is not target:
        shelf.store(name, None)  # it has moved
    scheme = document["type"]
    warnings = _stored_warnings(name, document, target)
    value = {"name": name, "kind": scheme, "source": target.name, "warnings": warnings}
    lines = [f"{name} ({scheme}) is kept in the {target.name}"]
    lines += [f"warning: {warning}" for warning in warnings]
    emit(arguments, value, "\n".join(lines))
    return 0


def _changed(arguments: argparse.Namespace, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the credential *stored* as a document, with everything that the person names.

    An option wins over the file, and the file over what is stored. A credential that changes its
    type keeps nothing.
    """
    in_file = _file_fields(arguments)
    scheme = arguments.type or in_file.pop("type", None) or stored.get("type")
    if not isinstance(scheme, str):
        raise CommandError("name the type: --type bearer, basic, apiKey, oauth2, ...")
    known = _known_scheme(arguments.name, scheme)
    kept = stored if stored.get("type") == scheme else {}
    origins = arguments.origin or in_file.pop("origins", None) or kept.get("origins")
    fields = _fields_of(kept) | in_file | _option_fields(known.schema, arguments.field)
    document = {"type": scheme, **_with_secrets(arguments, known, fields)}
    if origins:
        document["origins"] = origins
    _check(arguments.name, document, known)
    return document


def _fields_of(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("type", "origins")}


def _stored_warnings(name: str, document: Mapping[str, Any], target: Shelf) -> list[str]:
    """Return what may surprise about the credential *name*, which is stored in *target*."""
    from httptask.credentials import shelf_of

    warnings = []
    if "origins" not in document:
        warnings.append("it may be sent to any origin; --origin binds it")
    used = shelf_of(name)
    if used is not None and used is not target and used.store is None:
        warnings.append(f"the {used.name} has one of this name, which is used instead")
    return warnings


def _stored(name: str) -> tuple[Shelf | None, dict[str, Any] | None]:
    """Return the first writable shelf that has *name*, and what it holds."""
    from httptask.credentials import SHELVES

    for shelf in SHELVES:
        if shelf.document is None:
            continue
        try:
            document = shelf.document(name)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if isinstance(document, dict):
            return shelf, document
    return None, None


def _target(arguments: argparse.Namespace, shelf: Shelf | None) -> Shelf:
    """Return where the credential is stored: where it is already, unless an option says another."""
    from httptask.credentials import writable_shelf

    if not arguments.name.strip():
        raise CommandError("a credential needs a name")
    if arguments.keyring:
        return writable_shelf("keyring")
    return shelf or writable_shelf("file")


def _known_scheme(name: str, scheme: str) -> KnownScheme:
    from httptask.credentials import known_scheme
    from httptask.model.credential import Credential
    from httptask.plugins import plugin_manager

    return known_scheme(Credential(name, scheme, {}), plugin_manager())


def _option_fields(schema: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    """Return the fields that *options*, each NAME=VALUE, give. Refuses secrets."""
    properties = schema.get("properties", {})
    fields: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise CommandError(f"--field takes NAME=VALUE, found {name[:40]!r}")
        field = properties.get(name, {})
        if field.get("writeOnly"):
            raise CommandError(
                f"{name!r} is a secret, and no argument: others could read it in the list of"
                f" processes. Leave it out and it is asked for (--secret {name}), or use"
                " --from-file"
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


_UNNAMED = ""
"""The name of a secret in a file that is no JSON object: which one it is, the type says."""


def _file_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields in the file. Text that is no JSON object is one secret, `_UNNAMED`.

    Standard input is read where no person is there to be asked.
    """
    if arguments.from_file is None and sys.stdin.isatty():
        return {}
    source = arguments.from_file or "standard input"
    text = _file_text(arguments.from_file or "-", source)
    if not text.startswith("{"):
        return {_UNNAMED: text} if text else {}
    try:
        value = parse(text)
    except JsonError:  # its text would quote the secret
        raise CommandError(f"{source}: not JSON") from None
    return dict(value)


def _file_text(path: str, source: str) -> str:
    """Return the text in *path*, where `-` is standard input; *source* names it for a person."""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return data.decode("utf-8").strip()
    except OSError as error:
        raise CommandError(f"{source}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{source}: not in UTF-8") from error


def _with_secrets(
    arguments: argparse.Namespace, known: KnownScheme, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return *fields* with the secrets that are missing, or named by `--secret`.

    The text of a file is the only one of them. Otherwise the person is asked for each.
    """
    from httptask.credentials import missing_fields

    secrets = [
        name for name, field in known.schema.get("properties", {}).items() if field.get("writeOnly")
    ]
    for name in arguments.secret:
        if name not in secrets:
            raise CommandError(f"{name!r} is no secret of it; there are: {', '.join(secrets)}")
    named = {name: value for name, value in fields.items() if name != _UNNAMED}
    missing = [name for name in missing_fields(known.schema, named) if name in secrets]
    wanted = list(dict.fromkeys([*missing, *arguments.secret]))
    if _UNNAMED in fields:
        return {**named, _secret_in_file(wanted, secrets): fields[_UNNAMED]}
    if not wanted or not sys.stdin.isatty() or arguments.from_file is not None:
        return named  # what is missing is said with all the rest
    answers = {name: getpass.getpass(f"{name} (not shown): ") for name in wanted}
    return named | {name: answer for name, answer in answers.items() if answer}


def _secret_in_file(wanted: Sequence[str], secrets: Sequence[str]) -> str:
    """Return which of *secrets* the text of a file is: the one *wanted*, else the only one."""
    if len(wanted) > 1:
        raise CommandError(
            f"{' and '.join(wanted)} are wanted: give a JSON object with both, not one text"
        )
    candidates = wanted or secrets
    if len(candidates) != 1:
        raise CommandError("which secret it is --secret says")
    return candidates[0]


def _check(name: str, document: Mapping[str, Any], known: KnownScheme) -> None:
    """Raise `CommandError` if the fields of *document* do not fit its type."""
    from httptask.credentials import credential_problems

    problems = credential_problems(known.schema, _fields_of(document))
    if problems:
        sentences = "; ".join(problem.message for problem in problems)
        raise CommandError(f"credential {name!r}: {sentences}")


# test


def _add_test(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    test = _action(
        actions, "test", "get a token, or send one harmless request, and say what came", run_test
    )
    _name(test)
    target = test.add_mutually_exclusive_group()
    target.add_argument("--endpoint", metavar="ID", help="an endpoint that changes nothing")
    target.add_argument("--url", metavar="URL", help="what to GET")
    _reach(test)


def run_test(arguments: argparse.Namespace) -> int:
    """Test a credential; exit status 1 when the server refuses it, or does not answer."""
    from httptask.task import try_credential

    async def test(runtime: Runtime) -> Any:
        endpoint = await _endpoint(runtime, arguments.endpoint)
        try:
            return await try_credential(
                runtime, arguments.name, endpoint=endpoint, url=arguments.url
            )
        except ValueError as error:
            raise CommandError(str(error)) from error

    result = _with_runtime(arguments, test)
    value = result.to_json()
    if result.exchange is not None:
        value["exchange"] = result.exchange.to_json()
    text = result.message
    if result.token is not None:
        text += f"\ntoken: {_token_text(result.token)}"
    emit(arguments, value, text)
    return 0 if result.accepted else 1


async def _endpoint(runtime: Runtime, endpoint_id: str | None) -> Endpoint | None:
    if endpoint_id is None:
        return None
    await runtime.endpoints.load(endpoint_id)
    return runtime.endpoint(endpoint_id)


# connect


def _add_connect(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    connect = _action(
        actions, "connect", "have a person consent, in a browser or on another device", run_connect
    )
    _name(connect)
    connect.add_argument("--endpoint", metavar="ID", help="whose server relative URLs are of")
    connect.add_argument(
        "--port",
        type=int,
        default=8710,
        help="where the browser comes back to on this machine (default 8710, as in the page)",
    )
    connect.add_argument(
        "--no-browser", action="store_true", help="print the address, and open no browser"
    )
    _reach(connect)


def run_connect(arguments: argparse.Namespace) -> int:
    """Have a person consent, and keep the token."""
    from httptask.cli._callback import CALLBACK, finished_in_browser
    from httptask.credentials.oauth2 import DeviceConsent
    from httptask.task import ask_consent, token_json

    redirect = f"http://127.0.0.1:{arguments.port}{CALLBACK}"

    async def connect(runtime: Runtime) -> dict[str, Any]:
        endpoint = await _endpoint(runtime, arguments.endpoint)
        consent = await ask_consent(runtime, arguments.name, redirect, endpoint=endpoint)
        if isinstance(consent, DeviceConsent):
            note(f"Open {consent.verification_uri} on any device, and enter {consent.user_code}")
            token = await consent.finish()
        else:
            open_ = partial(_open, no_browser=arguments.no_browser)
            token = await finished_in_browser(consent, arguments.port, open_)
        return token_json(token, runtime.clock.wall())

    token = _with_runtime(arguments, connect)
    text = f"{arguments.name} is connected; its token: {_token_text(token)}"
    emit(arguments, {"connected": arguments.name, "token": token}, text)
    return 0


def _open(url: str, *, no_browser: bool) -> None:
    import webbrowser

    if no_browser or not webbrowser.open(url):
        note(f"Open this address in a browser of this machine:\n{url}")
    else:
        note(f"A browser asks for your consent. Where none has opened, open:\n{url}")


# remove


def _add_remove(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    remove = _action(actions, "remove", "remove a credential, and its tokens", run_remove)
    _name(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")


def run_remove(arguments: argparse.Namespace) -> int:
    """Remove a credential and its token."""
    from httptask.credentials import shelf_of
    from httptask.task import remove_credential

    name: str = arguments.name
    shelf, document = _stored(name)
    if shelf is None or shelf.store is None or document is None:
        other = shelf_of(name)
        if other is not None:
            from httptask.credentials import variable

            raise CommandError(f"{name!r} stands in the environment: unset {variable(name)}")
        raise CommandError(f"there is no credential {name!r}")
    if not arguments.yes and not _is_sure(name, shelf):
        raise CommandError("nothing was removed", 1)
    _with_runtime(arguments, lambda runtime: remove_credential(runtime, shelf, name))
    value = {"removed": name, "source": shelf.name}
    emit(arguments, value, f"removed {name} from the {shelf.name}")
    return 0


def _is_sure(name: str, shelf: Shelf) -> bool:
    if not sys.stdin.isatty():
        raise CommandError(f"to remove {name!r} without being asked takes --yes")
    note(f"Remove {name!r} and its tokens from the {shelf.name}? Tasks that name it fail then.")
    return input("yes or no: ").strip().lower() in ("y", "yes")


# What they share


def _with_runtime(arguments: argparse.Namespace, work: Callable[[Runtime], Any]) -> Any:
    """Return what *work* returns with a runtime that keeps tokens."""
    from httptask.cli._stopping import run_stoppable
    from httptask.task import Runtime

    async def run() -> Any:
        runtime = Runtime(
            catalogue=getattr(arguments, "catalogue", None),
            allow_networks=getattr(arguments, "allow_network", None),
            network=network_of(arguments),
            keeps_tokens=True,
        )
        async with runtime:
            return await work(runtime)

    try:
        return run_stoppable(run)
    except ValueError as error:
        raise CommandError(str(error)) from error
