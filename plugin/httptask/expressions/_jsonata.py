"""JSONata, the language for what a JSONPath query cannot express.

An expression is evaluated in this process only if its cost is clearly bounded by the data it reads.
"""

from __future__ import annotations

import re
import sys
import threading
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask.expressions import _numbers
from httptask.expressions._jsonata_variables import unbound, variables
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
"""Functions of JSONata that are not pure -> the code with which they are refused."""

_AUTHORS_OWN = ("D3137", "D3141")
"""Codes of `$error` and `$assert`: the author wrote their messages."""

_IGNORES_CASE = re.compile(r"\(\?[a-zA-Z]*i")

_MOST_CACHED = 256
"""Parsed expressions that a thread caches."""

_LONGEST_CACHED = 4096
"""Characters of an expression that is cached."""

_thread_state = threading.local()
_warnings_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Jsonata:
    """JSONata 2 without its impure functions."""

    name: str = "jsonata"
    prefix: str = "jsonata:"

    def check(self, source: str) -> None:
        """Raise `ValueError` if *source* cannot be parsed or uses a refused function."""
        parsed(source)

    def is_cheap(self, source: str) -> bool:
        """Return False: JSONata is a programming language."""
        return False

    def is_linear(self, source: str) -> bool:
        """Say whether *source* only compares, calculates and converts, and so may run in this
        process.
        """
        # First: `parsed` protects the recursion limit while the library is imported.
        tree = parsed(source)
        from httptask.expressions._jsonata_reads import is_bounded

        return is_bounded(tree)

    def reads(self, source: str) -> Collection[tuple[str, ...]] | None:
        """Return the paths of names below which *source* reads; None: everything."""
        # First: `parsed` protects the recursion limit while the library is imported.
        tree = parsed(source)
        from httptask.expressions._jsonata_reads import reads

        return reads(tree)

    def missing(self, source: str, shape: Any) -> NoSuchNameError | None:
        """Return the error for a path that *source* reads and data of *shape* lack, or None.

        A variable that nothing binds is an error, too: `$order`, not `$.order`. The error is never
        certain: in JSONata such a path, or variable, has no value.
        """
        for name, _ in unbound(parsed(source)):
            error = NoSuchNameError("expression-variable", name=name)
            error.is_certain = False
            return error
        for first, *names in self.reads(source) or ():
            value = None
            if isinstance(shape, dict):
                value = shape.get(first)
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
        """Return *source* with the task *before* renamed to *after*."""
        from httptask.expressions._jsonata_tasks import renamed

        return renamed(source, before, after)

    def typed(self, source: str, data: ValueType) -> Typed:
        """Return the `Typed` of *source* over data of the type *data*."""
        # First: `parsed` protects the recursion limit while the library is imported.
        tree = parsed(source)
        from httptask.expressions._jsonata_types import typed

        return typed(tree, data)

    def evaluate(self, source: str, data: Any) -> Any:
        """Return the value of *source* over *data*; whole numbers are integers, as in JSON.

        Raises `LookupError` if *source* yields nothing.
        """
        expression = _cached_expression(source)
        try:
            value = expression.evaluate(data)
        except _library().JException as error:
            if error.error in _AUTHORS_OWN:
                raise RefusedError("expression-author", authorMessage=str(error)) from error
            raise RefusedError("expression-jsonata-failed", _error_params(error)) from error
        except ZeroDivisionError as error:
            raise RefusedError("expression-number-division") from error
        except OverflowError as error:
            raise RefusedError("expression-number-size") from error
        except ArithmeticError as error:
            raise RefusedError("expression-number", pythonMessage=str(error)) from error
        except (RecursionError, RefusedError):
            raise
        except LookupError as error:  # an error for which the library has no code
            raise NoSuchNameError("expression-jsonata-failed", jsonataMessage=str(error)) from error
        except (RuntimeError, ValueError) as error:
            raise RefusedError("expression-jsonata-failed", jsonataMessage=str(error)) from error
        if value is None:
            names = []
            if isinstance(data, dict):
                names = list(data)[:MOST_KNOWN]
            raise NoSuchNameError("expression-nothing", known=names or None)
        return _as_json(value)


@cache
def _library() -> Any:
    # The import raises the recursion limit of the process, which is for the host program to decide.
    limit = sys.getrecursionlimit()
    try:
        import jsonata
    finally:
        sys.setrecursionlimit(limit)
    return jsonata


@cache
def _evaluator() -> Any:
    from httptask.expressions._jsonata_evaluator import Evaluator

    return Evaluator


def hide_clock() -> None:
    """Hide today's date from `$toMillis` in this process.

    The library uses today's date for a year, month or day that a picture leaves out, so results
    would depend on the date. Only the helper process calls this function: in this process, other
    code may use the library.
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
    module = types.SimpleNamespace(**{**vars(dt), "datetime": Datetime})
    sys.modules["jsonata.datetimeutils"].datetime = module  # type: ignore[attr-defined]


def _cached_expression(source: str) -> Any:
    """Return the expression *source*, parsed once in each thread, since its evaluator has state."""
    expressions: dict[str, Any] = _thread_state.__dict__.setdefault("expressions", {})
    expression = expressions.get(source)
    if expression is None:
        expression = _parsed(source, _compiled_regex)
        if len(expressions) >= _MOST_CACHED:
            expressions.clear()
        if len(source) <= _LONGEST_CACHED:
            expressions[source] = expression
    return expression


def parsed(source: str) -> Any:
    """Return the syntax tree of *source*.

    Raises `ValueError` if *source* cannot be parsed or uses a refused function. The tree is shared
    and must not be changed.
    """
    if len(source) <= _LONGEST_CACHED:
        return _cached_tree(source)
    return _tree(source)


def _tree(source: str) -> Any:
    return _parsed(source, _RegexCheck()).ast


_cached_tree = lru_cache(maxsize=_MOST_CACHED)(_tree)


def _parsed(source: str, regex: Any) -> Any:
    """Parse *source*; translate the library's errors, and refuse impure functions."""
    library = _library()
    try:
        expression = _evaluator()(source, regex)
    except library.JException as error:
        character = None
        if error.location >= 0:
            character = error.location + 1
        raise RefusedError(
            "expression-jsonata",
            _error_params(error),
            character=character,
        ) from error
    except IndexError as error:
        raise RefusedError("expression-jsonata-end") from error
    except RecursionError as error:
        raise RefusedError("expression-nested") from error
    except RefusedError:
        raise
    except Exception as error:  # for broken text the library also raises other errors
        raise RefusedError("expression-jsonata") from error
    for name in variables(expression.ast):
        if name in _REFUSED:
            raise RefusedError(_REFUSED[name], name=name)
    for name, is_called in unbound(expression.ast):
        if is_called:
            raise RefusedError("expression-function", name=name, near=_near_function(name))
    return expression


def _near_function(name: str) -> str | None:
    from httptask.expressions._jsonata_functions import FUNCTIONS

    near = nearest(name, FUNCTIONS)
    return f"${near[0]}" if near else None


def _error_params(error: Any) -> dict[str, str]:
    """Return the params for the library's *error*."""
    # The messages were converted from JavaScript by search and replace; "Object" was "function".
    message = str(error).replace("of Object ", "of function $").replace(" Object", " function")
    # The library loses the name in "Did you mean ${{{token}}}?".
    message = message.replace("${}", f"${error.current}")
    return {"jsonataCode": str(error.error), "jsonataMessage": message.rstrip(". ")}


def _compiled_regex(pattern: str, flags: Any) -> Any:
    """Compile the regular expression *pattern*, without Python's warnings."""
    with _warnings_lock, warnings.catch_warnings():
        # Python warns of patterns whose meaning may change. The author of the expression would not
        # see the warning.
        warnings.simplefilter("ignore")
        try:
            case = re.IGNORECASE if flags.case_insensitive else re.NOFLAG
            return re.compile(pattern, case | (re.MULTILINE if flags.multiline else re.NOFLAG))
        except (re.error, OverflowError, RecursionError) as error:
            raise RefusedError(
                "expression-regex",
                pattern=pattern,
                pythonMessage=str(error),
            ) from error


class _RegexCheck:
    """Compiles the regular expressions of one source only to check that they are valid.

    Wide character ranges make this slow, most of all if case is ignored. The case flag does not
    affect the syntax, so it is dropped, and only the first 2000 characters are checked. The
    evaluation, which has a time limit, checks the rest.
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
    """Return *value* as plain JSON. JSONata has its own lists, nulls and numbers."""
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
