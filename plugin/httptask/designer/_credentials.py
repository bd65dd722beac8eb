"""Credentials in the page: list, create, edit, test. The value of a secret is never returned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.threads import in_thread
from httptask._http.syntax import origin
from httptask.credentials import (
    SHELVES,
    Shelf,
    credential_document,
    credential_of,
    credential_problems,
    has_keyring,
    known_scheme,
    known_schemes,
    listed_credentials,
    moved,
    shelf_of,
    with_kept_secrets,
    without_secrets,
    writable_shelf,
)
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._problems import Refused
from httptask.model.credential import Credential
from httptask.task import (
    held_token,
    remove_credential,
    store_credential,
    token_json,
    try_credential,
)

if TYPE_CHECKING:
    from httptask.designer._catalogue import CatalogueEntry
    from httptask.model.api import Endpoint
    from httptask.task import Runtime

Entry = Callable[[str], Awaitable["CatalogueEntry"]]
_ASKING = ("authorizationCode", "deviceCode")
"""Grants for which a person has to consent."""
_OWN = ("type", "origins", "rateLimit")
"""Members that every credential may have; the others are the scheme's fields."""


class Credentials:
    """The handlers. *entry* returns an endpoint by its id."""

    def __init__(self, runtime: Runtime, entry: Entry) -> None:
        self._runtime = runtime
        self._entry = entry

    async def list(self, request: Request) -> Response:
        """Answer with names, kinds and origins, and with the tokens that are stored."""
        items, problems = await in_thread(listed_credentials)
        shown = [
            item.to_json() | _connects(item.credential) | await self._token(item.credential)
            for item in items
        ]
        return as_json({"items": shown, "problems": problems})

    async def schemes(self, request: Request) -> Response:
        """Answer with the types of credential, prefilled for the endpoint in the query."""
        endpoint = await self.endpoint(request.query_params.get("endpoint"))
        described = _described(endpoint)
        schemes = [
            {
                "type": name,
                "schema": known.schema,
                "fits": any(known.fits(scheme) is True for scheme, _ in described),
                "prefill": _prefill(name, described),
            }
            for name, known in known_schemes(self._runtime.plugins).items()
        ]
        origins = _origins(endpoint)
        stores = ["file", "keyring"] if has_keyring() else ["file"]
        return as_json(
            {
                "schemes": schemes,
                "origins": origins,
                "stores": stores,
            }
        )

    async def show(self, request: Request) -> Response:
        """Answer with a credential's fields. Secrets are only reported as set."""
        return await self._shown(request.path_params["name"])

    async def _shown(self, name: str) -> Response:
        shelf, document = await in_thread(lambda: _stored(name))
        known = known_scheme(Credential(name, document["type"], {}), self._runtime.plugins)
        fields = {key: value for key, value in document.items() if key not in _OWN}
        shown, secrets = without_secrets(known.schema, fields)
        credential = credential_of(name, document, name)
        value = {
            "name": name,
            "type": credential.scheme,
            "fields": shown,
            "secrets": secrets,
            "origins": list(credential.origins),
            "source": shelf.name,
        }
        return as_json(value | await self._token(credential))

    async def save(self, request: Request) -> Response:
        """Create a credential, or change one. A secret that is left out is kept.

        With `If-None-Match: *` an existing one is never changed.
        """
        name = _checked_name(request.path_params["name"])
        value = await json_object(request)
        if request.headers.get("if-none-match", "").strip() == "*":
            await in_thread(lambda: _check_free(name))
        scheme = member(value, "type", str)
        sent_fields = member(value, "fields", dict)
        origins = value.get("origins", [])
        known = known_scheme(Credential(name, scheme, {}), self._runtime.plugins)
        before, target = await in_thread(lambda: _before(name, value.get("source")))
        is_same_type = before is not None and before.get("type") == scheme
        fields = with_kept_secrets(known.schema, sent_fields, before if is_same_type else None)
        problems = credential_problems(known.schema, fields)
        if problems:
            raise Refused("credential", "; ".join(problem.message for problem in problems))
        document = {
            "type": scheme,
            **fields,
            **({"origins": origins} if origins else {}),
        }
        if before is not None and "rateLimit" in before:  # the page has no field for this member
            document["rateLimit"] = before["rateLimit"]
        target_field = None if before is None else _moved_target(before, document)
        if target_field is not None and fields != sent_fields:
            raise Refused(
                "credential",
                f"{target_field!r} changes where the credential goes: write its secrets again,"
                " because only somebody who knows them may send them there",
            )
        try:
            await store_credential(
                self._runtime,
                target,
                name,
                document,
                keeps_token=target_field is None,  # else it was for the servers of before
            )  # otherwise the token was for other servers
        except ValueError as error:
            raise Refused("credential", str(error)) from error
        return await self._shown(name)

    async def keep(self, name: str, credential: Credential) -> Response:
        """Store *credential*, which came with a request, as *name*.

        An existing one is never changed.
        """
        name = _checked_name(name)
        document = credential_document(credential)
        known = known_scheme(credential, self._runtime.plugins)
        problems = credential_problems(known.schema, credential.revealed())
        if problems:
            raise Refused("credential", "; ".join(problem.message for problem in problems))
        _check_free(name)
        try:
            await store_credential(self._runtime, writable_shelf("file"), name, document)
        except ValueError as error:
            raise Refused("credential", str(error)) from error
        return await self._shown(name)

    async def move(self, request: Request) -> Response:
        """Move a credential with its secrets and token to another store."""
        value = await json_object(request)
        name, target = member(value, "name", str), member(value, "source", str)

        def work() -> None:
            shelf, _ = _stored(name)
            try:
                moved(name, shelf, writable_shelf(target))
            except ValueError as error:
                raise Refused("credential", str(error)) from error

        await in_thread(work)
        return await self._shown(name)

    async def remove(self, request: Request) -> Response:
        """Remove a credential and its token."""
        name = request.path_params["name"]
        shelf, _ = await in_thread(lambda: _stored(name))
        try:
            await remove_credential(self._runtime, shelf, name)
        except ValueError as error:
            raise Refused("credential", str(error)) from error
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        """Get a token, or send one harmless request, and answer with the result."""
        value = await json_object(request)
        name = member(value, "name", str)
        url = value.get("url")
        endpoint = await self.endpoint(value.get("endpoint"))
        if url is not None and not isinstance(url, str):
            raise Refused("bad-request", "'url' must be text")
        try:
            result = await try_credential(self._runtime, name, endpoint=endpoint, url=url)
        except ValueError as error:
            raise Refused("credential", str(error)) from error
        return as_json(self._runtime.redactor.value(result.to_json()))

    async def endpoint(self, endpoint_id: Any) -> Endpoint | None:
        """Return the endpoint *endpoint_id*; None if it is None."""
        if endpoint_id is None:
            return None
        if not isinstance(endpoint_id, str):
            raise Refused("bad-request", "'endpoint' must be an endpoint's id")
        return (await self._entry(endpoint_id)).endpoint

    async def _token(self, credential: Credential) -> dict[str, Any]:
        """Return the member `token` of *credential*, or nothing."""
        token = await held_token(self._runtime, credential)
        if token is None:
            return {}
        return {"token": token_json(token, self._runtime.clock.wall())}


def _checked_name(text: str) -> str:
    """Return *text* without surrounding space, as the name of a credential. Raises `Refused`."""
    name = text.strip()
    if not name or name in (".", "..") or len(name) > 200:
        raise Refused("bad-request", "a credential needs a name of at most 200 characters")
    return name


def _connects(credential: Credential) -> dict[str, Any]:
    """Return the member `connects` of a listed credential, if a person has to consent to it."""
    if credential.revealed().get("grant") in _ASKING:
        return {"connects": True}
    return {}


def _check_free(name: str) -> None:
    """Check that no credential is called *name*. Raises `Refused`."""
    if shelf_of(name) is not None:
        raise Refused(
            "credential",
            f"there is a credential {name!r} already, and it is left as it is: name another",
        )


def _moved_target(before: Mapping[str, Any], document: Mapping[str, Any]) -> str | None:
    """Return the member of *document* that would send the secrets of *before* to other servers.

    None if there is no such member.
    """
    old_origins = before.get("origins") or []
    origins = document.get("origins") or []
    if old_origins and (not origins or not set(origins) <= set(old_origins)):
        return "origins"
    names = sorted({*before, *document} - {*_OWN})
    urls = (name for name in names if name.endswith("Url") or name == "issuer")
    return next((name for name in urls if before.get(name) != document.get(name)), None)


def _stored(name: str) -> tuple[Shelf, dict[str, Any]]:
    """Return the first writable shelf that has *name*, and the stored document.

    Raises `Refused`.
    """
    before, shelf = _before(name, None)
    if before is None:
        if shelf_of(name) is not None:
            raise Refused("not-allowed", f"{name!r} is in the environment: change it there")
        raise Refused("not-found", f"there is no credential {name[:200]!r}")
    if not isinstance(before.get("type"), str):
        raise Refused("credential", f"{name!r} has no type; set it again")
    return shelf, before


def _before(name: str, source: Any) -> tuple[dict[str, Any] | None, Shelf]:
    """Return the stored document of *name*, or None, and the shelf to store it in.

    *source* names the shelf, if not None.
    """
    try:
        for shelf in SHELVES:
            document = shelf.document(name) if shelf.document is not None else None
            if isinstance(document, dict) and source in (None, shelf.name):
                return document, shelf
        return None, writable_shelf(source if isinstance(source, str) else "file")
    except ValueError as error:
        raise Refused("credential", str(error)) from error


def _described(endpoint: Endpoint | None) -> list[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Return the security schemes that *endpoint* requires, with the scopes."""
    if endpoint is None:
        return []
    schemes = []
    for alternative in endpoint.security or ():
        for name, scopes in alternative.items():
            if name in endpoint.security_schemes:
                schemes.append((endpoint.security_schemes[name], scopes))
    return schemes


_FLOWS = (
    ("authorizationCode", "authorizationCode"),
    ("deviceAuthorization", "deviceCode"),
    ("clientCredentials", "clientCredentials"),
    ("password", "password"),
)
"""OAuth flow in a description (OpenAPI: OAuth Flows Object) -> the grant; the best first."""
_ADDRESSES = ("tokenUrl", "authorizationUrl", "deviceAuthorizationUrl")


def _prefill(
    name: str,
    described: list[tuple[Mapping[str, Any], tuple[str, ...]]],
) -> dict[str, Any]:
    """Return the fields that the description gives for a credential of the type *name*."""
    for scheme, scopes in described:
        if name == "apiKey" and scheme.get("type") == "apiKey":
            return {key: scheme[key] for key in ("in", "name") if key in scheme}
        flows = scheme.get("flows")
        if name != "oauth2" or not isinstance(flows, Mapping):
            continue
        for flow, grant in _FLOWS:
            described_flow = flows.get(flow)
            if isinstance(described_flow, Mapping):
                urls = {key: described_flow[key] for key in _ADDRESSES if described_flow.get(key)}
                return {
                    "grant": grant,
                    **urls,
                    **({"scopes": list(scopes)} if scopes else {}),
                }
    return {}


def _origins(endpoint: Endpoint | None) -> list[str]:
    """Return the origin of the first server of *endpoint*, if there is one."""
    if endpoint is None or not endpoint.servers:
        return []
    try:
        return [origin(endpoint.servers[0].address)]
    except ValueError:
        return []
