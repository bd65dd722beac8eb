"""Checking and evaluating the expressions of a JSON value."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from httptask._core import pointers
from httptask._core.kept_files import LocalPaths
from httptask._core.nearest import nearest
from httptask._schema.value_types import ValueType, typed_by
from httptask.errors import ExpressionError, PluginError, Problem
from httptask.expressions import _result
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

RUN = "swf:"
"""The prefix of the run's names: `${swf:workflowId}`."""

RUN_NAMES = (
    *("workflowId", "sequenceNumber", "workflowDefinitionId", "workflowDefinitionVersion"),
    *("now", "uuid", "callbackUrl", "callbackToken"),
)
"""The names of the run. From `now` on they are those of the task's visit."""

_LONGEST = 64 * 1024
"""Characters of one expression."""

_LONGEST_KEPT = 4096
"""Characters. Longer texts are compiled anew each time: bodies should not fill the cache."""

_SMALL = 5000
"""Values. Data and results of this size are looked through on the event loop; no more."""

_MEDIUM = 500_000
"""Values. Expressions of linear cost run in a thread up to this size of data.

Sending so few to the helper costs more.
"""

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:")


@dataclass(frozen=True, slots=True)
class _Step:
    """One expression, ready to be evaluated."""

    written: str
    source: str = ""
    """Without its prefix."""
    language: ExpressionLanguage | None = None
    """None: a name of the run."""
    cheap: bool = False
    """It is evaluated at once, without asking for the size of the data."""
    reads_mappings: bool = False
    """Its language follows names through any mapping; most know JSON's objects only as
    dictionaries.
    """
    linear: bool = False
    reads: Reads = None
    fault: _result.RefusedError | None = None
    """Why it cannot be evaluated, when it cannot: never raised itself, since a step is kept."""
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """One text, ready to be evaluated."""

    parts: tuple[str | _Step, ...]
    whole: bool
    only: _Step | None = None
    """The one cheap expression that it consists of."""


class _TooDeepHereError(Exception):
    """Python's recursion limit was reached in this process."""


_NOT_PLAIN = object()


class Evaluator:
    """Checks and evaluates expressions in *languages*, by name, within *limits*.

    *kept_folder* returns the folder in which files are kept, None where none are: expressions see
    their names, not their paths.

    May be used from any thread and event loop. Costly expressions run in a helper process, which
    starts when it is first needed; `close` ends it. Raises `PluginError` when two languages have
    the same prefix.
    """

    def __init__(
        self,
        languages: Mapping[str, ExpressionLanguage],
        limits: Limits,
        kept_folder: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self._languages = _by_prefix(languages)
        self._kept_folder = kept_folder
        self._limits = limits
        self._takes_plain = limits.expression_result >= _result.PLAIN_SIZE
        self._worker: Worker | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._kept = lru_cache(maxsize=1024)(self._compile)

    def check(self, value: Any, pointer: str, shape: Any = None) -> list[Problem]:
        """Return every problem of the expressions in the JSON *value*, which stands at *pointer*.

        *shape* is what is known of their data: nested objects, in which None stands for any value,
        and lists of one item, which stands for all. A language that can tell (JSONPath) reports a
        name that can never be there; what an `Expected` object or an `ExpectedList` lacks is a
        warning. Nothing is evaluated. Names of objects are not checked.
        """
        problems: list[Problem] = []
        for slot in Prepared.of(value).slots:
            where = pointers.pointer(slot.path, pointer)
            for step in self._plan(slot.text).parts:
                if isinstance(step, _Step):
                    problems += _problems(step, where, shape)
        return problems

    def reads(self, value: Any) -> Reads:
        """Return the names, from the root down, below which the expressions in *value* read; None:
        everything.
        """
        names: set[tuple[str, ...]] = set()
        for slot in Prepared.of(value).slots:
            for step in self._plan(slot.text).parts:
                if isinstance(step, _Step) and step.language is not None:
                    if step.reads is None:
                        return None
                    names.update(step.reads)
        return names

    def typed(self, text: str, data: ValueType) -> TypedText:
        """Return what can be told of the expressions in *text* before they are evaluated, over data
        of the type *data*. Nothing is told of those that cannot be evaluated, and by a language
        that does not know.
        """
        plan = self._plan(text)
        steps = [part for part in plan.parts if isinstance(part, _Step)]
        typed = [TypedExpression(_shortened(step.written), _typed(step, data)) for step in steps]
        return TypedText(tuple(typed), plan.whole)

    def task_renamed(self, text: str, before: str, after: str) -> Renamed:
        """Return *text* with the task *before* called *after* in its expressions."""
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
        step = self._step(expression)
        if step.fault is not None or step.language is None:
            return not_understood(expression.written, before)
        outcome: Renamed
        # A plugin's language need not know how.
        if rename := getattr(step.language, "task_renamed", None):
            outcome = rename(step.source, before, after)
        else:
            outcome = not_understood(step.source, before)
        head, _, tail = expression.written.rpartition(step.source)
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

        A caller that evaluates it again and again passes it as `Prepared`, which is searched only
        once. *pointer* is the value's JSON Pointer, for errors; *run* holds the `swf:` names.
        *escapes* has, by the path of a text in *value*, the function that escapes the results
        inserted there. *value* is not changed; the result may share parts with it and with *data*.
        Raises `ExpressionError`.
        """
        prepared = value if isinstance(value, Prepared) else Prepared.of(value)
        if not prepared.slots:
            return prepared.value
        copies = prepared.copied()
        document = Document(data, LocalPaths(self._kept_folder()))
        for slot in prepared.slots:
            escape = escapes.get(slot.path) if escapes else None
            only = self._plan(slot.text).only
            if only is not None and escape is None:  # most are
                filled = self._plain(only, document)
                if filled is not _NOT_PLAIN:
                    copies[slot.container][slot.key] = filled
                    continue
            filled = await self._filled(slot, document, pointer, run, escape)
            copies[slot.container][slot.key] = filled
        return copies[0][0]

    def close(self) -> None:
        """End the helper process, if there is one. Evaluations in it fail."""
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
        plan = self._plan(slot.text)
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
        return results[0] if plan.whole else "".join(map(_result.as_text, results))

    def _plain(self, step: _Step, document: Document) -> Any:
        """Return the value of the cheap *step* where it is a plain one, else `_NOT_PLAIN`: what is
        to be done then, or is wrong, `_filled` finds out.
        """
        data = document.data if step.reads_mappings else document.seen(None)
        try:
            value = step.language.evaluate(step.source, data) if step.language else _NOT_PLAIN
        except Exception:  # noqa: BLE001 - a plugin's too
            return _NOT_PLAIN
        return value if self._takes_plain and _result.is_plain(value) else _NOT_PLAIN

    async def _value(self, step: _Step, document: Document, run: Mapping[str, Any]) -> Any:
        if step.cheap and step.language is not None:  # most are
            data = document.data if step.reads_mappings else document.seen(None)
            try:
                value = _evaluated(step.language, step.source, data)
            except _TooDeepHereError:
                return await self._helper().evaluate(
                    step.language, step.source, document, step.reads
                )
            if not (self._takes_plain and _result.is_plain(value)):
                await self._bound(value)
            return value
        if step.fault is not None:
            fault, near = step.fault, step.suggestion
            raise _result.RefusedError(fault.code, fault.params, near=near)
        if step.language is None:
            value = _run_value(step.source, run)
            await self._bound(value)
            return value
        try:
            return await self._value_by(step.language, step, document)
        except _TooDeepHereError:
            # The stack of the helper is larger, and no caller has used any of it.
            return await self._helper().evaluate(step.language, step.source, document, step.reads)

    async def _value_by(self, language: ExpressionLanguage, step: _Step, document: Document) -> Any:
        if step.linear and _result.is_small(document.part(step.reads), _SMALL):
            value = _evaluated(language, step.source, document.seen(step.reads))
        else:
            return await self._value_elsewhere(step, language, document)
        await self._bound(value)
        return value

    async def _value_elsewhere(
        self, step: _Step, language: ExpressionLanguage, document: Document
    ) -> Any:
        """Return the value of *step*, evaluated off the event loop."""
        import asyncio

        part = document.part(step.reads)
        if step.linear and await asyncio.to_thread(_result.is_small, part, _MEDIUM):
            seen = await asyncio.to_thread(document.seen, step.reads)
            value = await asyncio.to_thread(_evaluated, language, step.source, seen)
            await self._bound(value)
            return value
        return await self._helper().evaluate(language, step.source, document, step.reads)

    async def _bound(self, value: Any) -> None:
        if value is None or value is True or value is False:
            return
        if _result.is_small(value, _SMALL):
            _result.check(value, self._limits.expression_result)
            return
        import asyncio

        await asyncio.to_thread(_result.check, value, self._limits.expression_result)

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

    def _plan(self, text: str) -> _Plan:
        return self._kept(text) if len(text) <= _LONGEST_KEPT else self._compile(text)

    def _compile(self, text: str) -> _Plan:
        template = split(text)
        parts = [part if isinstance(part, str) else self._step(part) for part in template.parts]
        if template.unclosed is not None:
            parts.append(_Step(template.unclosed, fault=template.fault))
        steps = [part for part in parts if isinstance(part, _Step) and part.cheap]
        is_one = template.whole and len(parts) == len(steps) == 1
        return _Plan(tuple(parts), template.whole, steps[0] if is_one else None)

    def _step(self, expression: Expression) -> _Step:
        written, source = expression.written, expression.source
        if len(source) > _LONGEST:
            return _Step(written, fault=_result.RefusedError("expression-length", limit=_LONGEST))
        if not source:
            return _Step(written, fault=_result.RefusedError("expression-empty"))
        if source.startswith(RUN):
            return _run_step(written, source.removeprefix(RUN).strip())
        for prefix, language in self._languages:
            if source.startswith(prefix) and (prefix or not _PREFIX.match(source)):
                return _language_step(written, source.removeprefix(prefix).strip(), language)
        prefixes = [*(prefix for prefix, _ in self._languages if prefix), RUN]
        match = _PREFIX.match(source)
        if match is None:
            fault = _result.RefusedError("expression-language-missing", known=prefixes)
            return _Step(written, fault=fault)
        near = nearest(match[0], prefixes)
        fault = _result.RefusedError("expression-prefix", found=match[0], known=prefixes)
        return _Step(written, fault=fault, suggestion=near[0] if near else None)


def _by_prefix(
    languages: Mapping[str, ExpressionLanguage],
) -> Sequence[tuple[str, ExpressionLanguage]]:
    by_prefix: dict[str, ExpressionLanguage] = {}
    for language in languages.values():
        if language.prefix == RUN:
            raise PluginError(
                f"the expression language {language.name!r} has the prefix {RUN!r}, which names"
                " the run"
            )
        other = by_prefix.setdefault(language.prefix, language)
        if other is not language:
            raise PluginError(
                f"the expression languages {other.name!r} and {language.name!r} have the same"
                f" prefix {language.prefix!r}; uninstall one of them or have it choose another"
            )
    # The longest first: one prefix may be the start of another, and "" is the start of all.
    return sorted(by_prefix.items(), key=lambda item: -len(item[0]))


def _run_step(written: str, name: str) -> _Step:
    if name in RUN_NAMES:
        return _Step(written, name)
    near = nearest(name, RUN_NAMES)
    fault = _result.RefusedError("expression-run-name", name=name, known=[*RUN_NAMES])
    return _Step(written, fault=fault, suggestion=near[0] if near else None)


def _language_step(written: str, source: str, language: ExpressionLanguage) -> _Step:
    if not source:
        fault = _result.RefusedError("expression-prefix-alone", prefix=language.prefix)
        return _Step(written, fault=fault)
    return _Step(
        written,
        source,
        language,
        cheap=bool(_answer(language, "is_cheap", source)),
        reads_mappings=bool(getattr(language, "reads_mappings", False)),
        linear=bool(_answer(language, "is_linear", source)),
        reads=_answer(language, "reads", source),
    )


def _answer(language: ExpressionLanguage, question: str, source: str) -> Any:
    """Ask *language*; None if it does not know the question. It has to know only `is_cheap`."""
    try:
        return getattr(language, question, lambda _source: None)(source)
    except Exception:  # noqa: BLE001 - a plugin that fails here is reported when it is evaluated
        return None


def _problems(step: _Step, pointer: str, shape: Any) -> Iterator[Problem]:
    """Yield the problem of *step*, if it has one, in a text at *pointer*; see `Evaluator.check`."""
    fault, is_certain = _fault(step), True
    if fault is None:
        missing = _missing_name(step, shape)
        if missing is None:
            return
        fault, is_certain = _result.refusal(missing), getattr(missing, "is_certain", True)
    yield Problem.of(
        fault.code,
        pointer,
        suggestion=step.suggestion,
        severity="error" if is_certain else "warning",
        expression=_shortened(step.written),
        **fault.params,
    )


def _missing_name(step: _Step, shape: Any) -> Exception | None:
    """Return the error of *step* over data of *shape*, where its language can tell."""
    if shape is None:
        return None
    try:
        return getattr(step.language, "missing", lambda _source, _shape: None)(step.source, shape)
    except Exception:  # noqa: BLE001 - a plugin that fails here is reported when it is evaluated
        return None


def _typed(step: _Step, data: ValueType) -> Typed:
    if step.fault is not None:
        return Typed()
    if step.language is None:
        return Typed(typed_by({"type": ["string", "integer"]}))
    try:
        return getattr(step.language, "typed", lambda _source, _data: Typed())(step.source, data)
    except Exception:  # noqa: BLE001 - a plugin's, or no expression at all, which is a problem
        return Typed()


def _fault(step: _Step) -> _result.RefusedError | None:
    if step.fault is not None or step.language is None:
        return step.fault
    try:
        step.language.check(step.source)
    except ValueError as error:
        return _result.refusal(error)
    except Exception as error:  # noqa: BLE001 - a plugin's: no foreign exception reaches a caller
        return _result.RefusedError(
            "expression-uncheckable",
            language=step.language.name,
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


def _raise(error: _result.RefusedError, step: _Step, pointer: str) -> NoReturn:
    raise ExpressionError.of(
        error.code,
        expression=step.written,
        pointer=pointer,
        is_absent=isinstance(error, LookupError),
        **error.params,
    ) from error.__cause__


def _shortened(written: str) -> str:
    return written if len(written) <= 200 else f"{written[:200]}…"
