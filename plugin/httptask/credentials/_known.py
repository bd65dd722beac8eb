"""Auth schemes with their capabilities, which are found out once for each scheme."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from httptask.credentials._schema import schema_of

if TYPE_CHECKING:
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest
    from httptask.plugins import PluginManager
    from httptask.protocols import AuthContext, AuthFlow, AuthScheme

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class KnownScheme:
    """An auth scheme, and its capabilities."""

    scheme: AuthScheme | AuthFlow
    authorise: Callable[[OutgoingRequest, Credential, AuthContext | None], Awaitable[None] | None]
    """The scheme's `authorise`, called in the same way with and without a context parameter."""
    is_flow: bool
    """Whether the scheme needs a context, sees responses, or has a client certificate."""
    schema: Mapping[str, Any]
    """The JSON Schema of the scheme's credentials."""
    signs: bool
    """Whether the authorisation is valid for one URL only, as a signature is."""
    responded: Callable[..., Any] | None
    challenges: Callable[..., Any] | None
    challenged: Callable[..., Any] | None
    tls_identity: Callable[..., Any] | None
    """Optional methods: see `httptask.protocols.AuthScheme`."""

    @classmethod
    def of(cls, scheme: Any) -> KnownScheme:
        """Find out the capabilities of *scheme* from its methods."""
        authorise = scheme.authorise
        context_parameter = _context_parameter(authorise)
        call: Callable[..., Any]
        if context_parameter == "context":
            call = _with_context(authorise)
        elif context_parameter is not None:
            call = authorise
        else:
            call = _without_context(authorise)
        responded = _method(scheme, "responded")
        challenges = _method(scheme, "challenges")
        challenged = _method(scheme, "challenged")
        tls_identity = _method(scheme, "tls_identity")
        # Without `challenges`, which only limits what `challenged` gets to see.
        flow_methods = (responded, challenged, tls_identity)
        has_flow_method = any(method is not None for method in flow_methods)
        is_flow = context_parameter is not None or has_flow_method
        signs = bool(getattr(scheme, "signs", False))
        methods = (responded, challenges, challenged, tls_identity)
        return cls(scheme, call, is_flow, schema_of(scheme), signs, *methods)

    def adds_same_header(self, credential: Credential) -> bool:
        """Say whether the added header depends only on *credential*, its token and the endpoint."""
        method = self.method("adds_same_header")
        return method is not None and bool(method(credential))

    def challenge_statuses(self, credential: Credential) -> Collection[int] | None:
        """Return the statuses of the responses that the scheme wants to see; None: all
        responses.
        """
        if self.responded is not None:
            return None
        if self.challenged is None:
            return ()
        if self.challenges is None:
            return (401,)
        method = self.method("challenge_statuses")
        statuses: Collection[int] | None = None if method is None else method(credential)
        return statuses

    def fits(self, security_scheme: Mapping[str, Any]) -> bool | None:
        """Say whether the scheme's credentials satisfy *security_scheme*; None if it is unknown."""
        fits = self.method("fits")
        try:
            return None if fits is None else bool(fits(security_scheme))
        except Exception:  # noqa: BLE001 - a plugin's method, and descriptions may hold anything
            return None

    def method(self, name: str) -> Callable[..., Any] | None:
        """Return the scheme's optional method *name*, or None."""
        return _method(self.scheme, name)


def known_schemes(plugins: PluginManager) -> Mapping[str, KnownScheme]:
    """Return the auth schemes of *plugins* by name."""
    return plugins.kept("auth schemes", lambda: _schemes(plugins))


def has_own_stores_alone(plugins: PluginManager) -> bool:
    """Say whether all credential stores are built in: no plugin's store is asked first."""
    return plugins.kept("own credential stores", lambda: _own_stores_alone(plugins))


def _own_stores_alone(plugins: PluginManager) -> bool:
    stores: Sequence[Any] = plugins.hook.httptask_credential.get_hookimpls()
    return all(store.function.__module__.startswith("httptask.credentials.") for store in stores)


def _schemes(plugins: PluginManager) -> dict[str, KnownScheme]:
    named = plugins.named("httptask_auth_schemes")
    return {name: KnownScheme.of(scheme) for name, scheme in named.items()}


def _method(scheme: Any, name: str) -> Callable[..., Any] | None:
    method = getattr(scheme, name, None)
    return method if callable(method) else None


def _context_parameter(authorise: Callable[..., Any]) -> str | None:
    """Return the name of the parameter of *authorise* that takes a context, or None.

    It is a parameter named `context`, or a third positional parameter without a default.
    """
    try:
        parameters = list(inspect.signature(authorise).parameters.values())
    except (TypeError, ValueError):  # a function in C has no signature
        return None
    if any(parameter.name == "context" for parameter in parameters):
        return "context"
    positional = [parameter for parameter in parameters if parameter.kind in _POSITIONAL]
    # With a default, it is a parameter of the scheme's own, and `authorise` works without it.
    for third in positional[2:3]:
        if third.default is third.empty:
            return third.name
    return None


def _with_context(authorise: Callable[..., Any]) -> Callable[..., Any]:
    return lambda request, credential, context: authorise(request, credential, context=context)


def _without_context(authorise: Callable[..., Any]) -> Callable[..., Any]:
    return lambda request, credential, _: authorise(request, credential)
