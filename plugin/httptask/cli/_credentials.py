"""`credentials`: list, set, test, connect and remove credentials. A secret is never an argument."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask.cli._credential_fields import changed
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
    from httptask.cli._output import Commands
    from httptask.credentials import Shelf
    from httptask.model.api import Endpoint
    from httptask.task import Runtime


def add(commands: Commands) -> None:
    """Add the command and its subcommands."""
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
    actions: Commands,
    name: str,
    help_: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = command(
        actions,
        name,
        help_,
        f"httptask credentials {name} crm",
        catalogue=False,
        is_below=True,
    )
    parser.set_defaults(run=run)
    return parser


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the name of the credential, as tasks use it")


def _reach(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--catalogue", metavar="FILE", help="the catalogue file")
    network_options(parser, "let requests go to this network or host too")


# list


def _add_list(actions: Commands) -> None:
    listing = _action(actions, "list", "list the credentials: names and kinds, no values", run_list)
    listing.epilog = "example: httptask credentials list"


def run_list(arguments: argparse.Namespace) -> int:
    """Print each credential: name, kind, storage, origins, and whether there is a token."""
    from httptask.credentials import listed_credentials
    from httptask.task import held_token, token_json

    items, problems = listed_credentials()

    async def tokens(runtime: Runtime) -> list[dict[str, Any]]:
        listed = []
        for item in items:
            token = await held_token(runtime, item.credential)
            token_member = (
                {} if token is None else {"token": token_json(token, runtime.clock.wall())}
            )
            listed.append(item.to_json() | token_member)
        return listed

    listed = _with_runtime(arguments, tokens)
    text = "\n".join([*_listing_lines(listed), *(f"warning: {problem}" for problem in problems)])
    emit(arguments, {"items": listed, "problems": problems}, text or "no credentials yet")
    return 0


def _listing_lines(listed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the table of the credentials *listed*, followed by their warnings."""
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


def _add_set(actions: Commands) -> None:
    set_ = _action(actions, "set", "create or change a credential; asks for its secrets", run_set)
    _name(set_)
    set_.add_argument("--type", metavar="TYPE", help="the auth scheme: bearer, basic, oauth2, ...")
    set_.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a field that is not secret; may be repeated, also for the items of a list",
    )
    set_.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME",
        help="ask for this optional secret, too; required ones are always asked for",
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
        help=(
            "the only origin to which it may be sent, such as https://api.acme.example; may be"
            " repeated"
        ),
    )
    set_.add_argument(
        "--keyring",
        action="store_true",
        help="store it in the system's keyring, not in the credentials file",
    )


def run_set(arguments: argparse.Namespace) -> int:
    """Create a credential, or change one; fields that are not given stay."""
    from httptask.task import store_credential

    name: str = arguments.name
    shelf, stored = _stored(name)
    target = _target(arguments, shelf)
    document = changed(arguments, stored or {})
    _with_runtime(arguments, lambda runtime: store_credential(runtime, target, name, document))
    if shelf is not None and shelf.store is not None and shelf is not target:
        shelf.store(name, None)  # the credential has moved to another store
    scheme = document["type"]
    warnings = _stored_warnings(name, document, target)
    value = {
        "name": name,
        "kind": scheme,
        "source": target.name,
        "warnings": warnings,
    }
    lines = [f"{name} ({scheme}) is kept in the {target.name}"]
    lines += [f"warning: {warning}" for warning in warnings]
    emit(arguments, value, "\n".join(lines))
    return 0


def _stored_warnings(
    name: str,
    document: Mapping[str, Any],
    target: Shelf,
) -> list[str]:
    """Return warnings about the credential *name*, which is stored in *target*."""
    from httptask.credentials import shelf_of

    warnings = []
    if "origins" not in document:
        warnings.append("it may be sent to any origin; --origin binds it")
    effective = shelf_of(name)
    if effective is not None and effective is not target and effective.store is None:
        warnings.append(f"the {effective.name} has one of this name, which is used instead")
    return warnings


def _stored(name: str) -> tuple[Shelf | None, dict[str, Any] | None]:
    """Return the first writable shelf that has the credential *name*, and its document."""
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
    """Return the shelf for the credential: its present one, unless `--keyring` names another."""
    from httptask.credentials import writable_shelf

    if not arguments.name.strip():
        raise CommandError("a credential needs a name")
    if arguments.keyring:
        return writable_shelf("keyring")
    return shelf or writable_shelf("file")


# test


def _add_test(actions: Commands) -> None:
    test = _action(
        actions,
        "test",
        "get a token, or send one harmless request, and report the result",
        run_test,
    )
    _name(test)
    target = test.add_mutually_exclusive_group()
    target.add_argument(
        "--endpoint",
        metavar="ID",
        help="send a request to this endpoint, which should change nothing",
    )
    target.add_argument("--url", metavar="URL", help="send a GET request to this URL")
    _reach(test)


def run_test(arguments: argparse.Namespace) -> int:
    """Test a credential; exit status 1 if the server refuses it or does not answer."""
    from httptask.task import try_credential

    async def test(runtime: Runtime) -> Any:
        endpoint = await _endpoint(runtime, arguments.endpoint)
        try:
            return await try_credential(
                runtime,
                arguments.name,
                endpoint=endpoint,
                url=arguments.url,
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


def _add_connect(actions: Commands) -> None:
    connect = _action(
        actions, "connect", "have a person consent, in a browser or on another device", run_connect
    )
    _name(connect)
    connect.add_argument(
        "--endpoint",
        metavar="ID",
        help="an endpoint, with whose server relative URLs are completed",
    )
    connect.add_argument(
        "--port",
        type=int,
        default=8710,
        help=(
            "the port of this machine to which the browser is redirected (default 8710, as in the"
            " page)"
        ),
    )
    connect.add_argument(
        "--no-browser",
        action="store_true",
        help="print the URL, and open no browser",
    )
    _reach(connect)


def run_connect(arguments: argparse.Namespace) -> int:
    """Obtain a person's consent and keep the token."""
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


def _add_remove(actions: Commands) -> None:
    remove = _action(actions, "remove", "remove a credential, and its tokens", run_remove)
    _name(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")


def run_remove(arguments: argparse.Namespace) -> int:
    """Remove a credential and its tokens."""
    from httptask.credentials import shelf_of
    from httptask.task import remove_credential

    name: str = arguments.name
    shelf, document = _stored(name)
    if shelf is None or shelf.store is None or document is None:
        shadowing = shelf_of(name)
        if shadowing is not None:
            from httptask.credentials import variable

            raise CommandError(f"{name!r} is in the environment: unset {variable(name)}")
        raise CommandError(
            f"there is no credential {name!r}; httptask credentials lists those there are"
        )
    if not arguments.yes and not _is_sure(name, shelf):
        raise CommandError("nothing was removed", 1)
    _with_runtime(arguments, lambda runtime: remove_credential(runtime, shelf, name))
    value = {"removed": name, "source": shelf.name}
    emit(arguments, value, f"removed {name} from the {shelf.name}")
    return 0


def _is_sure(name: str, shelf: Shelf) -> bool:
    """Ask the person whether to remove the credential."""
    if not sys.stdin.isatty():
        raise CommandError(f"removing {name!r} needs a confirmation: add --yes")
    note(f"Remove {name!r} and its tokens from the {shelf.name}? Tasks that name it fail then.")
    return input("yes or no: ").strip().lower() in ("y", "yes")


# Shared by the subcommands


def _with_runtime(arguments: argparse.Namespace, work: Callable[[Runtime], Any]) -> Any:
    """Call *work* with a runtime that stores tokens, and return its result."""
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
