"""Masking: credential values never reach a person, a log or a store.

`_redactor` keeps the secrets, `_spellings` and `_escapes` say how encoders write them, `_masking`
finds and replaces them, and `_escape_search` spares it most of a long text.
"""

from httptask._core.redaction._redactor import MASK, Maskable, Redactor, secret_part

__all__ = ["MASK", "Maskable", "Redactor", "secret_part"]
