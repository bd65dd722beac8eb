"""The operator's environment variables that say yes or no."""

from __future__ import annotations

import os


def flag(variable: str) -> bool:
    """Say whether the environment *variable* is `1`. Raises `ValueError` unless it is 1 or 0."""
    text = os.environ.get(variable, "")
    if text not in ("", "0", "1"):
        raise ValueError(f"{variable} is {text[:40]!r}; expected 1, or 0")
    return text == "1"
