"""JSONata, for what a query cannot express.

An expression is evaluated in this process only if its cost is plainly bounded by what it reads.
"""

from __future__ import annotations

import re
import sys
import threading
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from httptask.expressions import _numbers
from httptask.expressions._jsonpath import no_such_name
from httptask.expressions._result import MOST_KNOWN, NoSuchNameError, RefusedError

if TYPE_CHECKING:
    from httptask._schema.value_types import ValueType
    from httptask.expressions._renaming import Renamed
    from httptask.expressions._typed import Typed

_REFUSED: Mapping[str, str] = {
    "now": "expression-clock",
    "millis": "expression-clock",
    "random": "expression-random",
    "shuffle": "expression-shuffle",
    "eval": "expression-eval",
}
"""JSONata's functions that are not pure, and the codes with which they are refused."""

_AUTHORS_OWN = ("D3137", "D3141")
"""Codes of `$error` and `$assert`: their message is the author's own."""

_IGNORES_CASE = re.compile(r"\(\?[a-zA-Z]*i")

_MOST_KEPT = 256
"""Expressions that a thread keeps ready."""

_LONGEST_KEPT = 4096
"""Characters of an expression that is kept."""

_threads_own = threading.local()
_warnings_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Jsonata:
    """JSONata 2 without its impure functions."""

    name: str = "jsonata"
    prefix: str = "jsonata:"

    def check(self, source: str) -> None:
        """Raise `ValueError` when *source* cannot be parsed or uses a refused function."""
        parsed(source)

    def is_cheap(self, source: str) -> bool:
        """Return False: JSONata is a programming language."""
        return False

    def is_linear(self, source: str) -> bool:
        """Say whether *source* only compares, calculates and converts: it may stay here."""
        tree = parsed(source)  # first: it minds the recursion limit when it imports the library
        from httptask.expressions._jsonata_reads import is_bounded

        return is_bounded(tree)

    def reads(self, source: str) -> Collection[tuple[str, ...]] | None:
        """Return the names, from the root down, below which *source* reads; None: everything."""
        tree = parsed(source)  # first: it minds the recursion limit when it imports the library
        from httptask.expressions._jsonata_reads import reads

        return reads(tree)

    def missing(self, source: str, shape: Any) -> NoSuchNameError | None:
        """Return what *source* reads and data of *shape* does not have, or None: it would get
        nothing there, which is no error.
        """
        for first, *names in self.reads(source) or ():
            value = shape.get(first) if isinstance(shape, dict) else None
            path: list[str] = [first]
            for name in names:
                while isinstance(value, list):  # a name selects from each item
                    value = value[0]
                if not isinstance(value, dict):
                    break
                if name not in value:
                    error = no_such_name(path, name, value)
                    error.is_certain = False
                    return error
                value = value[name]
                path.append(name)
        return None

    def task_renamed(self, source: str, before: str, after: str) -> Renamed:
        """Return *source* with the task *before* called *after*."""
        from httptask.expressions._jsonata_tasks import renamed

        return renamed(source, before, after)

    def typed(self, source: str, data: ValueType) -> Typed:
        """Return what can be told of *source* over data of the type *data*."""
        tree = parsed(source)  # first: it minds the recursion limit when it imports the library
        from httptask.expressions._jsonata_types import typed

        return typed(tree, data)

    def evaluate(self, source: str, data: Any) -> Any:
        """Return the value of *source* over *data*; whole numbers are integers, as in JSON.

        Raises `LookupError` when it yields nothing.
        """
        expression = _kept(source)
        try:
            value = expression.evaluate(data)
        except _library().JException as error:
            if error.error in _AUTHORS_OWN:
                raise RefusedError("expression-author", authorMessage=str(error)) from error
            raise RefusedError("expression-jsonata-failed", _told(error)) from error
        except ZeroDivisionError as error:
            raise RefusedError("expression-number-division") from error
        except OverflowError as error:
            raise RefusedError("expression-number-size") from error
        except ArithmeticError as error:
            raise RefusedError("expression-number", pythonMessage=str(error)) from error
        except (RecursionError, RefusedError):
            raise
        except LookupError as error:  # what the library has no code for
            raise NoSuchNameError("expression-jsonata-failed", jsonataMessage=str(error)) from error
        except (RuntimeError, ValueError) as error:
            raise RefusedError("expression-jsonata-failed", jsonataMessage=str(error)) from error
        if value is None:
            names = list(data)[:MOST_KNOWN] if isinstance(data, dict) else []
            raise NoSuchNameError("expression-nothing", known=names or None)
        return _as_json(value)


@cache
def _library() -> Any:
    # Importing it raises the recursion limit of the whole process, which the host decides.
    limit = sys.getrecursionlimit()
    try:
        import jsonata
    finally:
        sys.setrecursionlimit(limit)
    return jsonata


@cache
def _evaluator() -> Any:
    _library()
    from httptask.expressions._jsonata_evaluator import Evaluator

    return Evaluator


def hide_clock() -> None:
    """Take today's date away from `$toMillis`, for this process.

    It would stand in for the year, month or day that a picture leaves out. Only the helper process
    calls this: the library is shared by everything in a process.
    """
    import datetime as dt
    import types

    class NoDate:
        def __getattr__(self, _name: str) -> Any:
            raise RefusedError("expression-date")

    class Datetime(dt.datetime):
        @classmethod
        def utcnow(cls) -> Any:
            return NoDate()

    _library()
    shown = types.SimpleNamespace(**{**vars(dt), "datetime": Datetime})
    sys.modules["jsonata.datetimeutils"].datetime = shown  # type: ignore[attr-defined]


def _kept(source: str) -> Any:
    """Return the expression *source*, parsed once in each thread: its evaluator has a state."""
    kept: dict[str, Any] = _threads_own.__dict__.setdefault("expressions", {})
    expression = kept.get(source)
    if expression is None:
        expression = _parsed(source, _compiled_regex)
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        if len(source) <= _LONGEST_KEPT:
            kept[source] = expression
    return expression


def parsed(source: str) -> Any:
    """Return the syntax tree of *source*.

    Raises `ValueError` when it cannot be parsed or uses a refused function. The tree is shared:
    nobody may change it.
    """
    return _kept_tree(source) if len(source) <= _LONGEST_KEPT else _tree(source)


def _tree(source: str) -> Any:
    return _parsed(source, _RegexCheck()).ast


_kept_tree = lru_cache(maxsize=_MOST_KEPT)(_tree)


def _parsed(source: str, regex: Any) -> Any:
    library = _library()
    try:
        expression = _evaluator()(source, regex)
    except library.JException as error:
        character = error.location + 1 if error.location >= 0 else None
        raise RefusedError("expression-jsonata", _told(error), character=character) from error
    except IndexError as error:
        raise RefusedError("expression-jsonata-end") from error
    except RecursionError as error:
        raise RefusedError("expression-nested") from error
    except RefusedError:
        raise
    except Exception as error:  # the library has slips of its own for broken text
        raise RefusedError("expression-jsonata") from error
    for name in _variables(expression.ast):
        if name in _REFUSED:
            raise RefusedError(_REFUSED[name], name=name)
    return expression


def _told(error: Any) -> dict[str, str]:
    """Return the library's *error* as params."""
    # Its messages come from JavaScript by search and replace: their "Object" was a function.
    message = str(error).replace("of Object ", "of function $").replace(" Object", " function")
    return {"jsonataCode": str(error.error), "jsonataMessage": message.rstrip(". ")}


def _variables(tree: Any) -> Iterator[str]:
    """Yield the name of every variable in *tree*; without recursion, and each symbol once."""
    seen: set[int] = set()
    pending = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, list | tuple):
            pending += item
        elif hasattr(item, "_outer_instance") and id(item) not in seen:
            seen.add(id(item))
            if item.type == "variable":
                yield str(item.value)
            pending += [part for name, part in vars(item).items() if name != "_outer_instance"]


def _compiled_regex(pattern: str, flags: Any) -> Any:
    with _warnings_lock, warnings.catch_warnings():
        # Python warns of patterns whose meaning may change; whoever wrote the expression cannot
        # see the warning.
        warnings.simplefilter("ignore")
        try:
            case = re.IGNORECASE if flags.case_insensitive else re.NOFLAG
            return re.compile(pattern, case | (re.MULTILINE if flags.multiline else re.NOFLAG))
        except (re.error, OverflowError, RecursionError) as error:
            raise RefusedError(
                "expression-regex", pattern=pattern, pythonMessage=str(error)
            ) from error


class _RegexCheck:
    """Compiles the regular expressions of one source, only to see whether they are valid.

    Wide ranges of characters make that slow, most of all where case is ignored, which does not
    affect the syntax. So only the first few thousand characters are checked; the rest is left to
    the evaluation, where time is limited.
    """

    def __init__(self) -> None:
        self._remaining = 2000

    def __call__(self, pattern: str, flags: Any) -> Any:
        self._remaining -= len(pattern)
        flags.case_insensitive = False
        if self._remaining < 0 or _IGNORES_CASE.search(pattern):
            return None
        return _compiled_regex(pattern, flags)


def _as_json(value: Any) -> Any:
    """Return *value* as plain JSON: JSONata has lists, nulls and numbers of its own."""
    if isinstance(value, str | bool) or value is None:
        return value
    if _numbers.is_number(value):
        return _numbers.whole_as_int(float(value) if isinstance(value, float) else value)
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if value is _library().Utils.NULL_VALUE:
        return None
    raise RefusedError("expression-result-function")
