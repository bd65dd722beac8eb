"""The idempotency key of a task: the same for all attempts of one visit, in every engine."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.sending import IDEMPOTENT, KEY_HEADER, KEY_HEADERS

if TYPE_CHECKING:
    from httptask.model.api import Endpoint

_NAMESPACE = uuid.UUID("6f0e3c0a-7d0f-5e55-9d0c-0d3a5b9a7c11")
"""The namespace of the keys (RFC 9562, section 6.5). It must never change: a run may outlive a
release, and its keys must stay the same.
"""


KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
"""A key that an author may set: 1 to 255 visible ASCII characters, with spaces only inside."""


def declared_header(endpoint: Endpoint | None) -> str | None:
    """Return the header that *endpoint* declares for an idempotency key, in its spelling."""
    if endpoint is None:
        return None
    names = [parameter.name for parameter in endpoint.parameters if parameter.location == "header"]
    return next((name for name in names if name.lower() in KEY_HEADERS), None)


def header_for(setting: Any, endpoint: Endpoint | None) -> str | None:
    """Return the header that carries the key; None if no key is sent.

    *setting* is the task's `idempotencyKey`; if it is None, the endpoint decides.
    """
    if setting is False:
        return None
    declared = declared_header(endpoint)
    return declared if setting is None else declared or KEY_HEADER


def may_be_repeated(
    request: Mapping[str, Any], *, has_key: bool, method: str | None = None
) -> bool:
    """Say whether the request of the settings *request* may be sent again after it may have been
    delivered.

    It may with an idempotency key (*has_key*: the task adds one), or with an idempotent method (RFC
    9110, section 9.2.2). *method* replaces that of the settings.
    """
    headers = request.get("headers")
    if has_key or (
        isinstance(headers, Mapping) and any(name.lower() in KEY_HEADERS for name in headers)
    ):
        return True
    return (method or request.get("method", "GET")) in IDEMPOTENT


def key_of(
    run_id: str | None,
    name: str,
    visit: int,
    call: int = 1,
    index: int | None = None,
) -> str:
    """Return the key of the *visit* of task *name* in a run, or a random key without a run.

    The key is a name-based UUID, because some services accept only UUIDs. *call* is the number of
    the call in the visit: each page has another key. *index* is the index of the `forEach` item.
    """
    if run_id is None:
        return str(uuid.uuid4())
    call_id = f"{visit}" if call == 1 else f"{visit}.{call}"
    if index is not None:
        call_id += f"[{index}]"
    return str(uuid.uuid5(_NAMESPACE, f"{call_id} {len(name)} {name} {run_id}"))


def names_the_item(setting: str, parameters: Any, item: tuple[str, ...]) -> bool:
    """Say whether the key *setting* can differ from item to item.

    The key can differ if *setting*, or an input parameter that it names, contains a name of the
    *item*, `uuid` or `sequenceNumber`.
    """
    words = set(_WORD.findall(setting))
    if isinstance(parameters, Mapping):
        for name, value in parameters.items():
            if name in words:
                words.update(_WORD.findall(str(value)))
    return not words.isdisjoint({*item, "uuid", "sequenceNumber"})


_WORD = re.compile(r"\w+")


def without_required(schema: dict[str, Any], header: str) -> dict[str, Any]:
    """Return *schema*, a settings schema, with *header* optional: the task fills the header in."""
    properties = schema.get("properties", {})
    headers = properties.get("headers", {})
    required = [name for name in headers.get("required", ()) if name.lower() != header.lower()]
    if len(required) == len(headers.get("required", ())):
        return schema
    changed = {**schema, "properties": {**properties, "headers": {**headers, "required": required}}}
    if not required:
        changed["required"] = [name for name in schema.get("required", ()) if name != "headers"]
    return changed
