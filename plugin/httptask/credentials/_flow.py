"""The authorisation of one attempt by one credential, and what its auth scheme may use."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from httptask._core.redaction import Redactor
from httptask.credentials._kept_header import KeptHeader, kept_header
from httptask.credentials._resolve import Resolved, authorise
from httptask.credentials._tokens import TokenKeeper, key_of
from httptask.errors import CredentialError, TaskError
from httptask.model.authorisation import AuthResponse, Clock, TlsIdentity, Token
from httptask.model.exchange import OutgoingRequest

if TYPE_CHECKING:
    from httptask.credentials._known import KnownScheme
    from httptask.model.api import Endpoint
    from httptask.model.credential import Credential


class Surroundings(Protocol):
    """What an auth scheme may use during one attempt; a task provides it."""

    redactor: Redactor
    clock: Clock
    tokens: TokenKeeper
    endpoint: Endpoint | None
    sends: bool
    """Whether token requests can be sent; False when a request is only shown."""

    async def send(self, request: OutgoingRequest, identity: TlsIdentity | None) -> AuthResponse:
        """Send the token request *request*, with the client certificate *identity*."""
        ...

    async def evaluate(self, expression: Any, data: Any) -> Any:
        """Evaluate the expressions in *expression* with *data* as input."""
        ...

    def failure(
        self,
        response: AuthResponse,
        what: str,
        advice: str,
    ) -> CredentialError:
        """Return the error for a refused token request."""
        ...

    def address(self, url: str) -> tuple[str, str]:
        """Return the value of `Host` and the request target for *url*, as they are sent."""
        ...


class Context:
    """Implements `httptask.protocols.AuthContext`, which an auth scheme gets."""

    def __init__(
        self,
        request: OutgoingRequest,
        credential: Credential,
        identity: TlsIdentity | None,
        surroundings: Surroundings,
        used: tuple[str, Token] | None = None,
    ) -> None:
        self.request = request
        self._credential = credential
        self._identity = identity
        self._lent = surroundings
        self.tokens = CredentialTokens(
            surroundings.tokens,
            credential.name,
            surroundings.redactor,
            used,
        )

    @property
    def endpoint(self) -> Endpoint | None:
        return self._lent.endpoint

    @property
    def clock(self) -> Clock:
        return self._lent.clock

    @property
    def sends(self) -> bool:
        return self._lent.sends

    async def send(self, request: OutgoingRequest) -> AuthResponse:
        if not self._lent.sends:
            raise NotSentError.of("credential-not-asked")
        return await self._lent.send(request, self._identity)

    @property
    def host(self) -> str:
        return self._lent.address(self.request.url)[0]

    @property
    def target(self) -> str:
        return self._lent.address(self.request.url)[1]

    async def body_sha256(self) -> str:
        body = self.request.body
        if isinstance(body, bytes):
            return hashlib.sha256(body).hexdigest()
        digest = hashlib.sha256()
        async for chunk in body:
            digest.update(chunk)
        return digest.hexdigest()

    async def evaluate(self, expression: Any, data: Any) -> Any:
        return await self._lent.evaluate(expression, data)

    def mask(self, *secrets: str) -> None:
        for secret in secrets:
            self._lent.redactor.add_derived(secret, self._credential.name)

    def failure(
        self,
        response: AuthResponse,
        what: str,
        advice: str = "",
    ) -> CredentialError:
        return self._lent.failure(response, what, advice)

    def __repr__(self) -> str:
        return f"<Context of {self._credential.name!r}>"


class CredentialTokens:
    """The tokens of one credential, for one attempt: see `httptask.protocols.Tokens`.

    *used* is the key and the token that the request was already authorised with.
    """

    def __init__(
        self,
        keeper: TokenKeeper,
        credential: str,
        redactor: Redactor,
        used: tuple[str, Token] | None = None,
    ) -> None:
        self._keeper = keeper
        self._credential = credential
        self._redactor = redactor
        self.used = used
        """The key and the token that `get` returned last."""
        self._refused: str | None = None

    async def get(
        self,
        identity: Mapping[str, Any],
        obtain: Callable[[Token | None], Awaitable[Token]],
    ) -> Token:
        """Return a fresh token of *identity*; *obtain* gets a new one if necessary."""
        key = self._keeper.key(self._credential, identity)
        token = self._masked(await self._keeper.get(key, obtain, self._refused))
        self.used = key, token
        return token

    def refuse(self) -> None:
        """Note that the server refused the token that `get` returned last."""
        self._refused = None if self.used is None else self.used[1].version

    async def peek(self, identity: Mapping[str, Any]) -> Token | None:
        """Return the stored token of *identity*."""
        token = await self._keeper.peek(key_of(self._credential, identity))
        if token is None:
            return None
        return self._masked(token)

    async def put(self, identity: Mapping[str, Any], token: Token | None) -> None:
        """Store *token* as the token of *identity*."""
        if token is not None:
            self._masked(token)
        await self._keeper.put(key_of(self._credential, identity), token)

    def _masked(self, token: Token) -> Token:
        for secret in token.secrets():
            self._redactor.add_derived(secret, self._credential)
        return token


class NotSentError(CredentialError):
    """A scheme wanted to send a token request while a request was only shown."""


_NO_REQUEST = OutgoingRequest("GET", "")


class Flow:
    """The authorisation of one attempt by the credential *resolved*: see
    `httptask.sending.Authorisation`.

    *lend* returns the surroundings for the scheme; it is called when they are first needed.
    *pointer* is where the task names the credential, "" outside a task. *kept* is the header with
    which *request* was already authorised.
    """

    __slots__ = (
        "_context",
        "_kept",
        "_lend",
        "_request",
        "identity",
        "pointer",
        "redactor",
        "resolved",
    )

    def __init__(
        self,
        resolved: Resolved,
        pointer: str,
        redactor: Redactor,
        lend: Callable[[], Surroundings],
        kept_header: KeptHeader | None = None,
        request: OutgoingRequest = _NO_REQUEST,
    ) -> None:
        self.resolved = resolved
        self.pointer = pointer
        self.redactor = redactor
        self._lend = lend
        self._kept = kept_header
        self._request = request
        self._context: Context | None = None
        if kept_header is not None:
            self.identity = kept_header.identity
        else:
            with self._blamed():
                self.identity = identity_of(resolved.credential, resolved.known)

    @property
    def credential(self) -> Credential:
        """The credential. Its secret fields, by its scheme's schema, are `Secret`s."""
        return self.resolved.credential

    @property
    def known(self) -> KnownScheme:
        """The auth scheme of the credential."""
        return self.resolved.known

    @property
    def signs(self) -> bool:
        """Whether the authorisation is valid for one URL only, as a signature is."""
        return self.known.signs

    async def authorise(self, request: OutgoingRequest) -> None:
        """Authorise *request* in place. Raises `CredentialError`."""
        context = self.context(request)
        with self._blamed():
            await authorise(
                request,
                self.credential,
                self.known,
                self.redactor,
                context.endpoint,
                context,
            )

    def kept_header(
        self,
        plain: OutgoingRequest,
        request: OutgoingRequest,
        endpoint: Endpoint | None,
        *,
        is_constant: bool,
    ) -> KeptHeader | None:
        """Return the header that `authorise` added, if the next request can have the same one.

        *plain* is the request before it was authorised, *request* the same request afterwards, and
        *endpoint* the task's endpoint. See `kept_header`.
        """
        header = kept_header(
            self.resolved,
            endpoint,
            plain,
            request,
            self.redactor,
            is_constant=is_constant,
        )
        if header is None or self._context is None:
            return None
        key, token = self._context.tokens.used or ("", None)
        return replace(
            header,
            token=token,
            token_key=key,
            identity=self.identity,
        )

    def sees(self, status: int) -> bool:
        """Say whether the scheme wants to see a response with *status*."""
        statuses = self.resolved.challenge_statuses
        return statuses is None or status in statuses

    def responded(self, response: AuthResponse) -> None:
        """Hand *response* to the scheme. Raises `CredentialError`."""
        method = self.known.responded
        if method is not None:
            with self._blamed():
                method(response, self.credential, self._current)

    def context(self, request: OutgoingRequest) -> Context:
        """Return the scheme's context, and set its request to *request*."""
        self._request = request
        context = self._current
        context.request = request
        return context

    @property
    def _current(self) -> Context:
        """The scheme's `Context` for this attempt, made when it is first needed.

        Its request is the one that was authorised last.
        """
        if self._context is None:
            used = None
            if self._kept is not None and self._kept.token is not None:
                used = self._kept.token_key, self._kept.token
            lent = self._lend()
            self._context = Context(self._request, self.credential, self.identity, lent, used)
        return self._context

    def _blamed(self) -> blamed:
        return blamed(self.credential.name, self.pointer, self.redactor)

    def token_identity(self, request: OutgoingRequest) -> Mapping[str, Any] | None:
        """Return the identity under which the token for *request* is stored.

        Returns None if the scheme stores no token, or the identity is not known before a task runs.
        """
        method = self.known.method("identity")
        try:
            return None if method is None else method(self.credential, self.context(request))
        except ValueError:  # a relative `tokenUrl` needs the endpoint's server
            return None

    async def challenged(self, response: AuthResponse) -> bool:
        """Say whether to authorise the request again after *response*. Raises `CredentialError`."""
        challenges = self.known.challenges
        challenged = self.known.challenged
        if challenged is None:
            return False
        if challenges is None and response.status != 401:
            return False
        context = self._current
        with self._blamed():
            # First whether the response is a challenge at all, then whether it can be answered.
            for method in (challenges, challenged):
                if method is None:
                    continue
                answer = method(response, self.credential, context)
                if not (await answer if inspect.isawaitable(answer) else answer):
                    return False
        return True


def identity_of(credential: Credential, known: KnownScheme) -> TlsIdentity | None:
    """Return the client certificate in *credential*, read by its scheme *known*, or None."""
    method = known.tls_identity
    identity = None if method is None else method(credential)
    if identity is not None and not isinstance(identity, TlsIdentity):
        raise ValueError(f"tls_identity gave a {type(identity).__name__}")
    return identity


class blamed:  # noqa: N801 - a context manager; a class is faster, and every call enters it
    """Convert exceptions of a scheme to a `CredentialError` at *pointer*, with secrets masked.

    *pointer* is where a task names *credential*, "" outside a task. Other `TaskError`s pass
    unchanged.
    """

    __slots__ = ("_credential", "_pointer", "_redactor")

    def __init__(self, credential: str, pointer: str, redactor: Redactor) -> None:
        self._credential = credential
        self._pointer = pointer
        self._redactor = redactor

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, CredentialError):
            error.mask(self._redactor.text)
            error.at(self._pointer)
        elif isinstance(error, Exception | SystemExit) and not isinstance(error, TaskError):
            # A scheme may raise anything. The cause is dropped: it may quote a secret.
            failure = CredentialError.because(
                error,
                "credential-scheme",
                "schemeMessage",
                name=self._credential,
            )
            failure.mask(self._redactor.text)
            raise failure.at(self._pointer) from None
