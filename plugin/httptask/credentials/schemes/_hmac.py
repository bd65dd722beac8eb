"""The auth scheme `hmac`: a keyed hash (RFC 2104) of chosen parts of the request."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from httptask.credentials._placing import put
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest
    from httptask.protocols import AuthContext

_ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
}
_SECRETS: dict[str, Callable[[str], bytes]] = {
    "text": str.encode,
    "hex": bytes.fromhex,
    "base64": lambda text: base64.b64decode(text, validate=True),
}
_TIMES: dict[str, Callable[[float], str]] = {
    "seconds": lambda time: str(int(time)),
    "milliseconds": lambda time: str(int(time * 1000)),
    "iso8601": lambda time: f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}",
    "httpDate": lambda time: format_datetime(datetime.fromtimestamp(time, UTC), usegmt=True),
}
_PART = re.compile(r"\{([A-Za-z][A-Za-z0-9]*)(?::([^{}]+))?\}")
"""A part of the request in a template: `{method}`, `{header:Date}`."""


@dataclass(slots=True)
class _Signing:
    """One request while it is being signed."""

    request: OutgoingRequest
    context: AuthContext
    values: dict[str, str]
    """The values that are the same in every template: time, nonce, key id."""

    async def bytes_of(self, template: str) -> bytes:
        """Fill in *template* with parts of the request. Raises `CodedError` for an unknown part."""
        pieces = []
        end = 0
        for part in _PART.finditer(template):
            pieces += [template[end : part.start()].encode(), await self._part(part[1], part[2])]
            end = part.end()
        return b"".join((*pieces, template[end:].encode()))

    async def _part(self, name: str, argument: str | None) -> bytes:
        if name == "header" and argument is not None:
            value = self.context.host if argument.lower() == "host" else None
            return (value or self.request.header(argument) or "").encode()
        if name in self.values and argument is None:
            return self.values[name].encode()
        if name not in _PARTS or argument is not None:
            known = [*self.values, *_PARTS, "header:NAME"]
            raise CodedError("credential-signed-part", part=name, known=known)
        part: bytes = await _PARTS[name](self)
        return part

    @property
    def path(self) -> str:
        return self.context.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.context.target.partition("?")[2]

    async def body(self) -> bytes:
        if not isinstance(self.request.body, bytes):
            raise CodedError("credential-signed-body")
        return self.request.body

    async def sha256(self) -> bytes:
        return bytes.fromhex(await self.context.body_sha256())


def _text(of: Callable[[_Signing], str]) -> Any:
    async def part(signing: _Signing) -> bytes:
        return of(signing).encode()

    return part


async def _sha256(signing: _Signing) -> bytes:
    return (await signing.sha256()).hex().encode()


async def _sha256_base64(signing: _Signing) -> bytes:
    return base64.b64encode(await signing.sha256())


_PARTS: dict[str, Any] = {
    "method": _text(lambda signing: signing.request.method),
    "methodLower": _text(lambda signing: signing.request.method.lower()),
    "host": _text(lambda signing: signing.context.host),
    "target": _text(lambda signing: signing.context.target),
    "path": _text(lambda signing: signing.path),
    "query": _text(lambda signing: signing.query),
    "sortedQuery": _text(lambda signing: "&".join(sorted(signing.query.split("&")))),
    "body": _Signing.body,
    "bodySha256": _sha256,
    "bodySha256Base64": _sha256_base64,
}
"""Name -> function that returns the part of the request as it is sent."""

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "secret": {**_TEXT, "writeOnly": True},
        "secretEncoding": {"enum": list(_SECRETS), "description": "How the secret is written."},
        "keyId": {**_TEXT, "description": "The name of the secret: {keyId} in a template."},
        "algorithm": {"enum": ["sha256", "sha512", "sha1"]},
        "encoding": {"enum": list(_ENCODINGS), "description": "How the signature is written."},
        "timestamp": {"enum": list(_TIMES), "description": "How {timestamp} is written."},
        "stringToSign": {**_TEXT, "description": "a template of what is signed"},
        "send": {
            "type": "array",
            "minItems": 1,
            "description": "Where the signature goes, and what else is sent.",
            "items": {
                "type": "object",
                "properties": {
                    "in": {"enum": ["header", "query", "cookie"]},
                    "name": _TEXT,
                    "value": {**_TEXT, "description": "a template with {signature}, for example"},
                },
                "required": ["name", "value"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["secret", "stringToSign", "send"],
    "additionalProperties": False,
}


class Hmac:
    """Signs the text of a template, and sends the values of other templates."""

    name = "hmac"
    fields: Mapping[str, str] = {}
    credential_schema = _SCHEMA
    signs = True

    async def authorise(
        self,
        request: OutgoingRequest,
        credential: Credential,
        context: AuthContext,
    ) -> None:
        """Add the values without the signature, sign, and add the values with the signature.

        In this order the signature can cover added values, such as a time in the query.
        """
        fields = credential.revealed()
        values = {
            "timestamp": _TIMES[fields.get("timestamp", "seconds")](context.clock.wall()),
            "nonce": secrets.token_hex(16),
            "keyId": fields.get("keyId", ""),
        }
        signing = _Signing(request, context, values)
        signed = [item for item in fields["send"] if "{signature}" in item["value"]]
        unsigned = [item for item in fields["send"] if item not in signed]
        if not signed:
            raise CodedError("credential-signature-unsent")
        await _add(unsigned, signing)
        string_to_sign = await signing.bytes_of(fields["stringToSign"])
        digest = hmac.digest(_key(fields), string_to_sign, fields.get("algorithm", "sha256"))
        values["signature"] = _ENCODINGS[fields.get("encoding", "hex")](digest)
        context.mask(values["signature"])
        await _add(signed, signing)


async def _add(items: list[dict[str, str]], signing: _Signing) -> None:
    for item in items:
        value = (await signing.bytes_of(item["value"])).decode()
        put(signing.request, item.get("in", "header"), item["name"], value)


def _key(fields: Mapping[str, str]) -> bytes:
    encoding = fields.get("secretEncoding", "text")
    try:
        return _SECRETS[encoding](fields["secret"])
    except (binascii.Error, ValueError):
        says = {"encoding": encoding, "says": "secretEncoding"}
        raise CodedError("credential-not-encoded", says, field="secret") from None
