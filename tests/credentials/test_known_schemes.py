"""What a scheme's methods say of it, and how its `authorise` is called."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from httptask.credentials import KnownScheme
from httptask.model.credential import Credential
from httptask.model.exchange import OutgoingRequest

CREDENTIAL = Credential("shop", "acme", {})


def known(authorise: Callable[..., Any] | None = None, **members: Any) -> KnownScheme:
    """Return a scheme with *members*."""
    authorise = authorise or (lambda request, own: None)
    return KnownScheme.of(SimpleNamespace(name="acme", fields={}, authorise=authorise, **members))


def yes(*_: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("methods", "statuses"),
    [
        ({}, ()),
        ({"challenges": yes}, ()),
        ({"challenged": yes}, (401,)),
        ({"challenged": yes, "challenges": yes}, None),
        ({"challenged": yes, "challenges": yes, "challenge_statuses": lambda own: (403,)}, (403,)),
        ({"challenged": yes, "challenge_statuses": lambda own: (403,)}, (401,)),
        ({"responded": yes}, None),
        ({"responded": yes, "challenged": yes}, None),
        ({"challenged": "no method"}, ()),
    ],
)
def test_which_responses_a_scheme_wants_to_see(methods: dict[str, Any], statuses: Any) -> None:
    """No more than its methods can use: others are not even decoded for it."""
    assert known(**methods).challenge_statuses(CREDENTIAL) == statuses


def test_what_a_scheme_says_of_its_header_and_of_a_description() -> None:
    """Unless it says so, its header is another each time, and no description is known to fit."""

    def fails(*_: Any) -> bool:
        raise KeyError("x")

    assert not known().adds_same_header(CREDENTIAL)
    assert known(adds_same_header=lambda own: own is CREDENTIAL).adds_same_header(CREDENTIAL)
    assert known().fits({}) is None
    assert known(fits=fails).fits({}) is None
    assert known(fits=lambda scheme: scheme["type"]).fits({"type": "http"}) is True
    assert known(fits=lambda scheme: "").fits({}) is False


def _two(request: Any, own: Any) -> Any:
    return (request, own)


def _named(request: Any, own: Any, *, context: Any) -> Any:
    return (request, own, context)


def _third(request: Any, own: Any, lent: Any) -> Any:
    return (request, own, lent)


def _default(request: Any, own: Any, extra: Any = "own") -> Any:
    return (request, own, extra)


def _named_default(request: Any, own: Any, extra: Any = "own", context: Any = None) -> Any:
    return (request, own, extra, context)


@pytest.mark.parametrize(
    ("authorise", "given"),
    [
        (_two, ()),
        (_named, ("lent",)),
        (_third, ("lent",)),
        (_default, ("own",)),
        (_named_default, ("own", "lent")),
    ],
)
def test_a_scheme_gets_the_context_that_its_signature_asks_for(
    authorise: Callable[..., Any], given: tuple[str, ...]
) -> None:
    """A parameter of that name, or a third one that has no value of its own."""
    request = OutgoingRequest("GET", "http://a.example/")
    scheme = known(authorise)
    lent: Any = "lent"
    assert scheme.authorise(request, CREDENTIAL, lent) == (request, CREDENTIAL, *given)
    assert scheme.is_flow == ("lent" in given)


@pytest.mark.parametrize("name", ["responded", "challenged", "tls_identity"])
def test_a_scheme_that_does_more_than_change_a_request_needs_a_context(name: str) -> None:
    """Also if `authorise` itself asks for none."""
    assert known(**{name: yes}).is_flow
    assert not known(challenges=yes).is_flow
    assert [known(signs=signs).signs for signs in (True, 0, "x")] == [True, False, True]
    assert not known().signs
