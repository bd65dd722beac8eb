"""Checking and evaluating the expressions of a JSON value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from httptask._core import pointers
from httptask._schema.value_types import ValueType, typed_by
from httptask.errors import ExpressionError, Problem
from httptask.expressions import _result
from httptask.expressions._compiled import RUN_NAMES, Compiled, Compiler
from httptask.expressions._document import Document, Reads
from httptask.expressions._prepared import Prepared, TextSlot
from httptask.expressions._renaming import Renamed, not_understood
from httptask.expressions._template import Expression, split
from httptask.expressions._typed import Typed, TypedExpression, TypedText

if TYPE_CHECKING:
    from pathlib import Path

    from httptask.expressions._worker import Worker
    from httptask.model.policy import Limits
    from httptask.protocols import ExpressionLanguage

_SMALL = 5000
"""Number of values. Data and results up to this size are traversed on the event loop."""

_MEDIUM = 500_000
"""Number of values. Expressions of linear cost run in a thread up to this size of data.

Sending so little data to the helper process would take longer.
"""


class _TooDeepHereError(Exception):
    """Python's recursion limit was reached in this process."""


_NOT_PLAIN = object()


class Evaluator:
    """Checks and evaluates expressions in *languages*, by name, within *limits*.

    *kept_folder* returns the folder of stored files, or None: expressions see the names of the
    files, not their paths.

    May be used from any thread and event loop. Costly expressions run in a helper process, which
    starts when first needed; `close` ends it. Raises `PluginError` if two languages have the same
    prefix.
    """

    def __init__(
        self,
        languages: Mapping[str, ExpressionLanguage],
        limits: Limits,
        kept_folder: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self._compiler = Compiler(languages)
        self._compiled = self._compiler.text
        self._kept_folder = kept_folder
        self._limits = limits
        self._takes_plain = limits.expression_result >= _result.PLAIN_SIZE
        self._worker: Worker | None = None
        self._lock = threading.Lock()
        self._closed = False

    def check(self, value: Any, pointer: str, shape: Any = None) -> list[Problem]:
        """Return every problem of the expressions in the JSON *value*, at *pointer*.

        *shape* describes their data: nested objects, in which None stands for any value, and lists
        of one item, which stands for all items. JSONPath, and other languages that can tell, report
        a name that cannot exist; a name missing in an `Expected` object or an `ExpectedList` is
        only a warning. Nothing is evaluated. Names of objects are not checked.
        """
        problems: list[Problem] = []
        for slot in Prepared.of(value).slots:
            text_pointer = pointers.pointer(slot.path, pointer)
            for compiled in self._compiled(slot.text).parts:
                if isinstance(compiled, Compiled):
                    problems += _problems(compiled, text_pointer, shape)
        return problems

    def reads(self, value: Any) -> Reads:
        """Return the paths of names below which the expressions in *value* read; None:
        everything.
        """
        names: set[tuple[str, ...]] = set()
        for slot in Prepared.of(value).slots:
            for compiled in self._compiled(slot.text).parts:
                if isinstance(compiled, Compiled) and compiled.language is not None:
                    if compiled.reads is None:
                        return None
                    names.update(compiled.reads)
        return names

    def typed(self, text: str, data: ValueType) -> TypedText:
        """Return *text* with the `Typed` of its expressions over data of the type *data*.

        The `Typed` is empty for an expression that cannot be evaluated, or whose language has no
        types.
        """
        plan = self._compiled(text)
        expressions = [part for part in plan.parts if isinstance(part, Compiled)]
        typed = [
            TypedExpression(_shortened(compiled.written), _typed(compiled, data))
            for compiled in expressions
        ]
        return TypedText(tuple(typed), plan.whole)

    def task_renamed(self, text: str, before: str, after: str) -> Renamed:
        """Return *text* with the task *before* renamed to *after* in its expressions."""
        pieces: list[str] = []
        outcomes: list[Renamed] = []
        end = 0
        for part in split(text).parts:
            if isinstance(part, Expression):
                outcome = self._expression_renamed(part, before, after)
                pieces += [text[end : part.start], outcome.source]
                outcomes.append(outcome)
                end = part.start + len(part.written)
        return Renamed(
            "".join([*pieces, text[end:]]),
            any(outcome.is_doubtful for outcome in outcomes),
            any(outcome.yields_tasks for outcome in outcomes),
        )

    def _expression_renamed(self, expression: Expression, before: str, after: str) -> Renamed:
        """Rename the task in *expression*, keeping its delimiters and prefix."""
        compiled = self._compiler.expression(expression)
        if compiled.fault is not None or compiled.language is None:
            return not_understood(expression.written, before)
        outcome: Renamed
        # A plugin's language need not support renaming.
        rename = getattr(compiled.language, "task_renamed", None)
        if rename:
            outcome = rename(compiled.source, before, after)
        else:
            outcome = not_understood(compiled.source, before)
        head, _, tail = expression.written.rpartition(compiled.source)
        return replace(outcome, source=head + outcome.source + tail)

    async def evaluate(
        self,
        value: Any,
        data: Any,
        *,
        pointer: str,
        run: Mapping[str, Any],
        escapes: Mapping[pointers.Path, Callable[[str], str]] | None = None,
    ) -> Any:
        """Return the JSON *value* with every expression in it evaluated over *data*.

        A caller that evaluates the same value again passes it as `Prepared`, which is searched only
        once. *pointer* is the value's JSON Pointer, for errors; *run* holds the `swf:` values.
        *escapes* maps the path of a text in *value* to a function that escapes results inserted in
        that text. *value* is not changed; the result may share parts with *value* and with *data*.
        Raises `ExpressionError`.
        """
        prepared = value
        if not isinstance(value, Prepared):
            prepared = Prepared.of(value)
        if not prepared.slots:
            return prepared.value
        copies = prepared.copied()
        document = Document(data, self._kept_folder)
        for slot in prepared.slots:
            escape = escapes.get(slot.path) if escapes else None
            only = self._compiled(slot.text).only
            if only is not None and escape is None:  # the usual case
                filled = self._plain(only, document)
                if filled is not _NOT_PLAIN:
                    copies[slot.container][slot.key] = filled
                    continue
            filled = await self._filled(slot, document, pointer, run, escape)
            copies[slot.container][slot.key] = filled
        return copies[0][0]

    def close(self) -> None:
        """End the helper process, if it was started. Evaluations in that process fail."""
        with self._lock:
            self._closed = True
        if self._worker is not None:
            self._worker.close()

    async def _filled(
        self,
        slot: TextSlot,
        document: Document,
        pointer: str,
        run: Mapping[str, Any],
        escape: Callable[[str], str] | None,
    ) -> Any:
        """Return the text in *slot* with its expressions evaluated, awaiting the helper where
        needed.
        """
        plan = self._compiled(slot.text)
        results: list[Any] = []
        for part in plan.parts:
            if isinstance(part, str):
                results.append(part)
                continue
            try:
                result = document.paths.put_back(await self._value(part, document, run))
                is_text = isinstance(result, str) or not plan.whole
                if escape is not None and is_text:
                    result = escape(_result.as_text(result))
            except _result.RefusedError as error:
                _raise(error, part, pointers.pointer(slot.path, pointer))
            results.append(result)
        if plan.whole:
            return results[0]
        return "".join(map(_result.as_text, results))

    def _plain(self, compiled: Compiled, document: Document) -> Any:
        """Return the value of the cheap *compiled* if the value is plain, else `_NOT_PLAIN`.

        `_NOT_PLAIN` also stands for an error. `_filled` then evaluates again, and reports the
        error.
        """
        data = document.data if compiled.reads_mappings else document.seen(None)
        try:
            value = _NOT_PLAIN
            if compiled.language:
                value = compiled.language.evaluate(compiled.source, data)
        except Exception:  # noqa: BLE001 - a plugin's too
            return _NOT_PLAIN
        if self._takes_plain and _result.is_plain(value):
            return value
        return _NOT_PLAIN

    async def _value(self, compiled: Compiled, document: Document, run: Mapping[str, Any]) -> Any:
        """Return the value of *compiled*, evaluated here or in the helper process."""
        if compiled.cheap and compiled.language is not None:  # the usual case
            data = document.data if compiled.reads_mappings else document.seen(None)
            try:
                value = _evaluated(compiled.language, compiled.source, data)
            except _TooDeepHereError:
                return await self._helper().evaluate(
                    compiled.language, compiled.source, document, compiled.reads
                )
            if not (self._takes_plain and _result.is_plain(value)):
                await self._bound(value)
            return value
        if compiled.fault is not None:
            fault, near = compiled.fault, compiled.suggestion
            raise _result.RefusedError(fault.code, fault.params, near=near)
        if compiled.language is None:
            value = _run_value(compiled.source, run)
            await self._bound(value)
            return value
        try:
            return await self._value_by(compiled.language, compiled, document)
        except _TooDeepHereError:
            # The helper has a larger stack, and none of it is used by callers.
            return await self._helper().evaluate(
                compiled.language, compiled.source, document, compiled.reads
            )

    async def _value_by(
        self, language: ExpressionLanguage, compiled: Compiled, document: Document
    ) -> Any:
        if not (compiled.linear and _result.is_small(document.part(compiled.reads), _SMALL)):
            return await self._value_elsewhere(compiled, language, document)
        value = _evaluated(language, compiled.source, document.seen(compiled.reads))
        await self._bound(value)
        return value

    async def _value_elsewhere(
        self, compiled: Compiled, language: ExpressionLanguage, document: Document
    ) -> Any:
        """Return the value of *compiled*, evaluated in a thread or in the helper process."""
        import asyncio

        part = document.part(compiled.reads)
        if compiled.linear and await asyncio.to_thread(_result.is_small, part, _MEDIUM):
            data = await asyncio.to_thread(document.seen, compiled.reads)
            value = await asyncio.to_thread(_evaluated, language, compiled.source, data)
            await self._bound(value)
            return value
        return await self._helper().evaluate(
            language,
            compiled.source,
            document,
            compiled.reads,
        )

    async def _bound(self, value: Any) -> None:
        """Raise `RefusedError` if *value* exceeds the limit for results."""
        if value is None or value is True or value is False:
            return
        limit = self._limits.expression_result
        if not _result.check(value, limit, _SMALL):
            import asyncio

            await asyncio.to_thread(_result.check, value, limit)

    def _helper(self) -> Worker:
        with self._lock:
            if self._closed:
                raise _result.RefusedError("expression-closed")
            if self._worker is None:
                from httptask.expressions._worker import Worker

                self._worker = Worker(
                    self._limits.expression_seconds, self._limits.expression_result
                )
            return self._worker


def _problems(compiled: Compiled, pointer: str, shape: Any) -> Iterator[Problem]:
    """Yield the problem of *compiled*, if any.

    *pointer* is the pointer of its text: see `Evaluator.check`.
    """
    fault, is_certain = _fault(compiled), True
    if fault is None:
        missing = _missing_name(compiled, shape)
        if missing is None:
            return
        fault, is_certain = _result.refusal(missing), getattr(missing, "is_certain", True)
    yield Problem.of(
        fault.code,
        pointer,
        suggestion=compiled.suggestion,
        severity="error" if is_certain else "warning",
        expression=_shortened(compiled.written),
        **fault.params,
    )


def _missing_name(compiled: Compiled, shape: Any) -> Exception | None:
    """Return the error that a name is missing in data of *shape*, if the language can tell."""
    if shape is None:
        return None
    try:
        return getattr(compiled.language, "missing", lambda _source, _shape: None)(
            compiled.source, shape
        )
    except Exception:  # noqa: BLE001 - a plugin that fails here is reported when it is evaluated
        return None


def _typed(compiled: Compiled, data: ValueType) -> Typed:
    """Return the `Typed` of *compiled* over data of the type *data*, by its language."""
    if compiled.fault is not None:
        return Typed()
    if compiled.language is None:
        return Typed(typed_by({"type": ["string", "integer"]}))
    try:
        return getattr(compiled.language, "typed", lambda _source, _data: Typed())(
            compiled.source, data
        )
    except Exception:  # noqa: BLE001 - a plugin failed, or it is no expression
        return Typed()


def _fault(compiled: Compiled) -> _result.RefusedError | None:
    """Return why *compiled* cannot be evaluated, or None."""
    if compiled.fault is not None or compiled.language is None:
        return compiled.fault
    try:
        compiled.language.check(compiled.source)
    except ValueError as error:
        return _result.refusal(error)
    except Exception as error:  # noqa: BLE001 - a plugin's: no foreign exception reaches a caller
        return _result.RefusedError(
            "expression-uncheckable",
            language=compiled.language.name,
            pythonMessage=_result.described(error),
        )
    return None


def _run_value(name: str, run: Mapping[str, Any]) -> Any:
    value = run.get(name)
    if value is None:
        names = [other for other in RUN_NAMES if run.get(other) is not None]
        raise _result.RefusedError("expression-run-lacks", name=name, known=names or None)
    return value


def _evaluated(language: ExpressionLanguage, source: str, data: Any) -> Any:
    try:
        return language.evaluate(source, data)
    except RecursionError as error:
        raise _TooDeepHereError from error
    except _result.RefusedError:
        raise
    except Exception as error:
        raise _result.refusal(error) from error


def _raise(error: _result.RefusedError, compiled: Compiled, pointer: str) -> NoReturn:
    raise ExpressionError.of(
        error.code,
        expression=compiled.written,
        pointer=pointer,
        is_absent=isinstance(error, LookupError),
        **error.params,
    ) from error.__cause__


def _shortened(written: str) -> str:
    return written if len(written) <= 200 else f"{written[:200]}…"
