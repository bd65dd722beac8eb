"""Regular expressions of schemas: the dialect of `pattern` is ECMA-262 (JSON Schema 2020-12, Core, section 6.4).

They are strangers', and so may be the texts they are searched for in: matching ends after a time limit.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, field

import regex

from httptask._ecma262 import PatternError, translated
from httptask._ecma262_characters import code_units

__all__ = ["LONGEST_PATTERN", "Budget", "Pattern", "PatternError", "compiled", "translated"]

LONGEST_PATTERN = 32_768
"""Characters of a pattern that is looked at."""
LONGEST_TEXT = 50_000
"""Characters of a text that is searched in: the engine looks at its time limit too seldom for longer ones."""
_MOST_KEPT = 2_048


class Budget:
    """The time that matching may still take, in seconds, over many patterns and texts."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that can be searched for."""

    written: str
    _compiled: regex.Pattern[str] = field(repr=False)
    _unicode: bool
    """Whether the text is matched by code points (the flag `u`), or by UTF-16 code units."""

    def search(self, text: str, budget: Budget) -> bool | None:
        """Say whether *text* holds what this matches; None when *budget* does not suffice to know."""
        if budget.left <= 0 or len(text) > LONGEST_TEXT:
            return None
        start = time.monotonic()
        try:
            # The limit is looked at now and then only: half of what is left is what will be kept.
            found = self._compiled.search(text if self._unicode else code_units(text), timeout=budget.left / 2)
        except TimeoutError:
            budget.left = 0
            return None
        budget.left -= time.monotonic() - start
        return found is not None


@functools.lru_cache(_MOST_KEPT)
def compiled(written: str) -> Pattern:
    """Return *written* as JSON Schema has it: with the flag `u`, or without where that is its only meaning.

    Raises `PatternError`.
    """
    if len(written) > LONGEST_PATTERN:
        raise PatternError(f"it is longer than {LONGEST_PATTERN} characters")
    text, is_unicode = translated(written)
    try:
        return Pattern(written, regex.compile(text, regex.VERSION0, cache_pattern=False), is_unicode)
    except (regex.error, RecursionError, MemoryError, OverflowError) as error:
        raise PatternError(str(error) or type(error).__name__) from None
