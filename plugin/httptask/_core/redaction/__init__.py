"""Masking secrets, so that they never reach a person, a log or a store.

`_redactor` keeps the secrets, `_spellings` and `_escapes` know how encoders write them, `_masking`
finds and replaces them, and `_escape_search` makes the search in long texts fast.
"""

from httptask._core.redaction._redactor import MASK, Maskable, Redactor, secret_part

__all__ = ["MASK", "Maskable", "Redactor", "secret_part"]
