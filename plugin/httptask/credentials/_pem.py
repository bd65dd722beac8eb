"""Certificates and keys as PEM (RFC 7468), however their line ends fared on the way."""

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
"""The JSON Schemas of what lies in a file: a form can offer to read it."""

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


def pem_text(text: str) -> str:
    """Return the PEM *text* with its line ends: in an environment variable or a JSON file they are
    often escaped twice, and a form's field of one line has dropped them.
    """
    return _BLOCK.sub(_with_lines, text.replace("\\r", "").replace("\\n", "\n"))


def _with_lines(block: re.Match[str]) -> str:
    label, content = block.groups()
    if ":" in content:  # headers of an old encrypted key (RFC 1421): where they end, nobody can say
        return block[0]
    lines = textwrap.wrap("".join(content.split()), 64)
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])
