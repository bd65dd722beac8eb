"""Suggest a credential after the server refused one, or if none was given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from httptask._http.syntax import origin
from httptask.credentials import challenges_of, known_schemes

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.exchange import RawResponse
    from httptask.plugins import PluginManager

_TYPES = {"digest": "digest", "bearer": "bearer", "basic": "basic"}
"""Scheme of `WWW-Authenticate`, in lower case -> the type of credential for it; the strongest
first.
"""


def authorisation(
    outcome: str,
    response: RawResponse | None,
    url: str,
    endpoint: Endpoint | None,
    plugins: PluginManager,
) -> dict[str, Any]:
    """Return the member `authorisation` for the last event of a test request, or nothing.

    It is present for the statuses 401 and 403, and for the outcome class `credential`. *url* is the
    URL of the request.
    """
    is_refused = response is not None and response.status_code in (401, 403)
    if not is_refused and outcome != "credential":
        return {}
    lines = [
        value
        for name, value in (response.headers if response is not None else ())
        if name.lower() == "www-authenticate"
    ]
    challenges = list(dict.fromkeys(challenge.scheme for challenge in challenges_of(lines)))
    offer: dict[str, Any] = {"challenges": challenges}
    scheme = _type_for(challenges, described_schemes(endpoint), plugins)
    if scheme is not None:
        offer["type"] = scheme
    with contextlib.suppress(ValueError):  # the request could not be built
        target = origin(url)
        if target.startswith(("http:", "https:")) and "{" not in target:
            offer["origin"] = target
    return {"authorisation": offer}


def _type_for(
    challenges: Iterable[str],
    described: list[Mapping[str, Any]],
    plugins: PluginManager,
) -> str | None:
    """Return the type of credential for *challenges*; None if *described* says more."""
    requested_types = [name for scheme, name in _TYPES.items() if scheme in challenges]
    schemes = known_schemes(plugins)
    fitting = {
        name
        for name, known in schemes.items()
        if any(known.fits(scheme) is True for scheme in described)
    }
    # A bearer token may be an OAuth token. If the description says so, its scheme is preferred.
    wanted = [
        name for name in requested_types if not fitting or (name in fitting and name != "bearer")
    ]
    return next((name for name in wanted if name in schemes), None)


def described_schemes(endpoint: Endpoint | None) -> list[Mapping[str, Any]]:
    """Return the security schemes that *endpoint* requires."""
    if endpoint is None:
        return []
    schemes: list[Mapping[str, Any]] = []
    for alternative in endpoint.security or ():
        described = [name for name in alternative if name in endpoint.security_schemes]
        schemes += [endpoint.security_schemes[name] for name in described]
    return schemes
