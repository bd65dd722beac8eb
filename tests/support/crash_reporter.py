"""Collect what a crash reporter sends of an error: its texts and its frames' local variables."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TESTS = str(Path(__file__).parent.parent)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and its causes and contexts, including those that a traceback hides."""
    queued = [error]
    seen = set()
    while queued:
        current = queued.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            queued += [
                other for other in (current.__cause__, current.__context__) if other is not None
            ]


def reported(error: BaseException) -> str:
    """Return all that a crash reporter sends of *error*, without the frames of tests."""
    texts = traceback.format_exception(error)
    for cause in chain(error):
        texts += [str(cause), repr(cause), *getattr(cause, "__notes__", ())]
        for frame, _ in traceback.walk_tb(cause.__traceback__):
            if frame.f_code.co_filename.startswith(_TESTS):
                continue
            for name, value in frame.f_locals.items():
                texts.append(f"{frame.f_code.co_qualname}: {name} = {_shown(value)}")
    return "\n".join(texts)


def _shown(value: Any, depth: int = 4) -> str:
    """Return the `repr` of *value* and of everything in it, *depth* levels deep."""
    text = repr(value)
    if depth and isinstance(value, dict):
        return text + "".join(_shown(part, depth - 1) for pair in value.items() for part in pair)
    if depth and isinstance(value, list | tuple | set):
        return text + "".join(_shown(part, depth - 1) for part in value)
    return text
