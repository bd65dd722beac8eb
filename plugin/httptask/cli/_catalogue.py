"""`search`, `show`, `schema`, `prepare`, `remove`: the endpoints in the catalogue."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask._visible import in_line
from httptask.cli._definition import count
from httptask.cli._output import command, emit, emit_json, note, plural

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue
    from httptask.cli._output import Commands
    from httptask.model.api import Endpoint
    from httptask.model.pagination import SuggestedPagination

SEED = "procore-rest-v1-0-project-project_id-email_communications-post-176"


def add(commands: Commands) -> None:
    """Add the commands."""
    search = command(
        commands, "search", "find endpoints by words", "httptask search procore send email"
    )
    search.add_argument(
        "words",
        nargs="*",
        metavar="WORDS",
        help="words of a path, title, provider or description, in any order",
    )
    search.add_argument("--provider", metavar="NAME", help="only endpoints of this provider")
    search.add_argument("--method", metavar="METHOD", help="only this method")
    search.add_argument(
        "--limit",
        type=count,
        default=20,
        metavar="N",
        help="how many endpoints at most (default: 20)",
    )
    search.set_defaults(run=run_search)
    for name, help_, run in (
        ("show", "show an endpoint's reference", run_show),
        ("schema", "print the JSON Schema of an endpoint's settings", run_schema),
        (
            "prepare",
            "print a task for an endpoint, prefilled with constants and required defaults",
            run_prepare,
        ),
        ("remove", "remove an endpoint from the catalogue", run_remove),
    ):
        parser = command(
            commands,
            name,
            help_,
            f"httptask {name} {SEED if name != 'remove' else 'acme-things-id-get-d77'}",
        )
        parser.add_argument(
            "endpoint",
            metavar="ENDPOINT",
            help="an endpoint's id, as search prints it",
        )
        if name == "prepare":
            parser.add_argument(
                "--pagination",
                action="store_true",
                help="add the pagination that the description suggests, if any",
            )
        parser.set_defaults(run=run)


def run_search(arguments: argparse.Namespace) -> int:
    """Print the endpoints found; exit status 1 if there are none, as in grep."""
    with _open(arguments) as catalogue:
        words = " ".join(arguments.words)
        hits = catalogue.search(
            words,
            provider=arguments.provider,
            method=arguments.method,
            limit=arguments.limit,
        )
        count = len(catalogue)
        nearest_name = _nearest_provider(catalogue, arguments.provider)
    rows = [(hit.method, in_line(hit.path), in_line(hit.title), hit.id) for hit in hits]
    text = "\n".join(
        f"{method:<7} {path}\n        {title}\n        {id_}" for method, path, title, id_ in rows
    )
    nothing = f"nothing found in {plural(count, 'endpoint')}"
    if nearest_name is not None:
        hint = f"; did you mean {nearest_name}?" if nearest_name else ""
        nothing = f"there is no provider {arguments.provider!r}{hint}"
    value: dict[str, Any] = {"query": words, "hits": [hit.to_json() for hit in hits]}
    if nearest_name:
        value["didYouMean"] = nearest_name
    emit(arguments, value, text or nothing)
    return 0 if hits else 1


def _nearest_provider(catalogue: Catalogue, name: str | None) -> str | None:
    """Return the provider nearest to *name*, or "" if none is near.

    None if *name* is a provider, or is None.
    """
    if name is None:
        return None
    providers = catalogue.providers()
    if name.lower() in map(str.lower, providers):
        return None
    # People know a provider by its site: stripe.com, api.stripe.com.
    for label in (name, *name.split(".")):
        candidates = nearest(label, providers)
        if candidates:
            return candidates[0]
    return ""


def run_show(arguments: argparse.Namespace) -> int:
    """Print an endpoint's reference."""
    endpoint = _endpoint(arguments)
    from httptask.cli._reference import (
        reference,
    )  # this loads the settings package, which other commands do not need

    emit(arguments, endpoint.to_json(), reference(endpoint))
    return 0


def run_schema(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of an endpoint's settings, refined by plugins."""
    emit_json(_schema(_endpoint(arguments)))
    return 0


def run_prepare(arguments: argparse.Namespace) -> int:
    """Print a prefilled task, and on stderr the values that its author still has to fill in."""
    from httptask.settings import prepare, still_to_fill, suggested_pagination, with_pagination

    endpoint = _endpoint(arguments)
    schema = _schema(endpoint)
    task = prepare(endpoint, schema)
    suggestion = suggested_pagination(endpoint)
    if arguments.pagination and suggestion is not None:
        task = with_pagination(task, suggestion)
    emit_json(task)
    if not arguments.json:
        _note_pagination(suggestion, is_used=arguments.pagination)
    missing = still_to_fill(schema, task["httpRequest"], "/httpRequest")
    if not endpoint.servers:
        missing.insert(
            0, ("/httpRequest/url", "the server's address in front: the description names none")
        )
    if missing and not arguments.json:
        lines = [f"  {in_line(pointer)}: {in_line(expected)}" for pointer, expected in missing]
        note("\n".join(["still to fill in:", *lines]))
    return 0


def _note_pagination(suggestion: SuggestedPagination | None, *, is_used: bool) -> None:
    """Print a note on the suggested pagination: used if *is_used*, else offered."""
    if suggestion is not None and is_used:
        note(f"pages, {suggestion.sentence}; a test request confirms it")
    elif suggestion is not None:
        note(f"all pages can be read with --pagination, {suggestion.sentence}")
    elif is_used:
        note("no pagination: the description says nothing of pages")


def run_remove(arguments: argparse.Namespace) -> int:
    """Remove an endpoint."""
    with _open(arguments) as catalogue:
        catalogue.remove(arguments.endpoint)
    emit(arguments, {"removed": arguments.endpoint}, f"removed {arguments.endpoint}")
    return 0


def _open(arguments: argparse.Namespace) -> Catalogue:
    from httptask.catalogue import Catalogue

    return Catalogue.open(arguments.catalogue)


def _endpoint(arguments: argparse.Namespace) -> Endpoint:
    with _open(arguments) as catalogue:
        return catalogue.get(arguments.endpoint)


def _schema(endpoint: Endpoint) -> dict[str, Any]:
    from httptask.plugins import plugin_manager
    from httptask.settings import refine, settings_schema

    schema = settings_schema(endpoint)
    refine(schema, endpoint, plugin_manager())
    return schema
