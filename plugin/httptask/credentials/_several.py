"""Authorising one request with several credentials."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from httptask._http.syntax import FRAMING
from httptask.credentials._flow import Flow, NotSentError
from httptask.errors import CredentialError

if TYPE_CHECKING:
    from httptask.model.authorisation import AuthResponse, TlsIdentity
    from httptask.model.exchange import OutgoingRequest


class Flows:
    """The flows of one attempt: see `httptask.sending.Authorisation`.

    Schemes that sign come last, because a signature covers what the others add.
    """

    def __init__(self, flows: Sequence[Flow]) -> None:
        self._flows = sorted(flows, key=lambda flow: flow.signs)
        identified = [flow for flow in flows if flow.identity is not None]
        if len(identified) > 1:
            names = [flow.credential.name for flow in identified]
            error = CredentialError.of("credential-certificates", names=names)
            raise error.at(identified[1].pointer)
        self.identity: TlsIdentity | None = identified[0].identity if identified else None

    @property
    def signs(self) -> bool:
        """Whether a part of the authorisation is valid for one URL only, as a signature is."""
        return any(flow.signs for flow in self._flows)

    async def authorise(self, request: OutgoingRequest) -> None:
        """Authorise *request* with all credentials.

        Raises `CredentialError`, also if a credential replaces a header that another one has set:
        the server would not get the first value.
        """
        writers: dict[str, str] = {}
        for flow in self._flows:
            values_before = _values(request)
            with contextlib.suppress(NotSentError):  # the request is then shown without a token
                await flow.authorise(request)
            for name, value in _values(request).items():
                old_value = values_before.get(name)
                if value == old_value:
                    continue
                # A longer value still has the first one: cookies share one header.
                is_replaced = old_value is not None and not value.startswith(old_value)
                if is_replaced and name in writers:
                    names = [writers[name], flow.credential.name]
                    error = CredentialError.of("credential-same-header", names=names, header=name)
                    raise error.at(flow.pointer)
                writers[name] = flow.credential.name

    def sees(self, status: int) -> bool:
        """Say whether a scheme wants to see a response with *status*."""
        return any(flow.sees(status) for flow in self._flows)

    def responded(self, response: AuthResponse) -> None:
        """Hand *response* to all schemes."""
        for flow in self._flows:
            flow.responded(response)

    async def challenged(self, response: AuthResponse) -> bool:
        """Say whether to authorise the request again; then all credentials do."""
        # A list, not a generator: each scheme has to see the challenge, also after the first yes.
        return any([await flow.challenged(response) for flow in self._flows])


def _values(request: OutgoingRequest) -> dict[str, str]:
    """Return the headers of *request* that a credential may set: name in lower case -> value."""
    lower = ((name.lower(), value) for name, value in request.headers)
    return {name: value for name, value in lower if name not in FRAMING}
