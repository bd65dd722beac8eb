"""Certificates and keys as PEM (RFC 7468), with lost or escaped line ends restored."""

from __future__ import annotations

import re
import textwrap
from typing import Any

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
PEM_SCHEMA: dict[str, Any] = {**_TEXT, "contentMediaType": "application/x-pem-file"}
PKCS12_SCHEMA: dict[str, Any] = {
    **_TEXT,
    "writeOnly": True,
    "contentEncoding": "base64",
    "contentMediaType": "application/x-pkcs12",
}
"""The JSON Schemas of fields whose value usually comes from a file: a form can offer to read it."""

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


def pem_text(text: str) -> str:
    """Return the PEM *text* with its line ends restored.

    In environment variables and JSON files they are often escaped twice, and one-line fields of
    forms drop them.
    """
    return _BLOCK.sub(_with_lines, text.replace("\\r", "").replace("\\n", "\n"))


def _with_lines(block: re.Match[str]) -> str:
    label, content = block.groups()
    if ":" in content:  # an old encrypted key has headers (RFC 1421), whose end cannot be found
        return block[0]
    lines = textwrap.wrap("".join(content.split()), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])
