"""What a crash reporter takes of an error: its texts, and the local variables of its frames."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TESTS = str(Path(__file__).parent.parent)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and whatever it leads to, also what a traceback would not print."""
    queued, seen = [error], set()
    while queued:
        current = queued.pop()
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            queued += [
                other for other in (current.__cause__, current.__context__) if other is not None
            ]


def reported(error: BaseException) -> str:
    """Return all that a crash reporter takes of *error*: texts, and the local variables of each
    frame but the tests'.
    """
    texts = traceback.format_exception(error)
    for one in chain(error):
        texts += [str(one), repr(one), *getattr(one, "__notes__", ())]
        frames = [frame for frame, _ in traceback.walk_tb(one.__traceback__)]
        for frame in (one for one in frames if not one.f_code.co_filename.startswith(_TESTS)):
            for name, value in frame.f_locals.items():
                texts.append(f"{frame.f_code.co_qualname}: {name} = {_shown(value)}")
    return "\n".join(texts)


def _shown(value: Any, depth: int = 4) -> str:
    """Return the `repr` of *value*, and of what is in it where it is a container."""
    text = repr(value)
    if depth and isinstance(value, dict):
        return text + "".join(_shown(part, depth - 1) for pair in value.items() for part in pair)
    if depth and isinstance(value, list | tuple | set):
        return text + "".join(_shown(part, depth - 1) for part in value)
    return text
