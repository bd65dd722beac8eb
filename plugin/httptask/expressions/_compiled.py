"""Compile texts with expressions: find each expression, its language, and its properties."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from httptask._core.nearest import nearest
from httptask.errors import PluginError
from httptask.expressions._document import Reads
from httptask.expressions._result import RefusedError
from httptask.expressions._template import Expression, split

if TYPE_CHECKING:
    from httptask.protocols import ExpressionLanguage

RUN = "swf:"
"""The prefix of values of the run: `${swf:workflowId}`."""

RUN_NAMES = (
    *("workflowId", "sequenceNumber", "workflowDefinitionId", "workflowDefinitionVersion"),
    *("now", "uuid", "callbackUrl", "callbackToken"),
)
"""The values of the run by name. The values from `now` on belong to the visit of the task."""

_LONGEST = 64 * 1024
"""Characters of one expression."""

_LONGEST_CACHED = 4096
"""Characters. Longer texts are compiled each time, so that bodies do not fill the cache."""

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:")


@dataclass(frozen=True, slots=True)
class Compiled:
    """One expression, ready to be evaluated."""

    written: str
    source: str = ""
    """The expression without its prefix."""
    language: ExpressionLanguage | None = None
    """None: the expression names a value of the run."""
    cheap: bool = False
    """Whether the expression is evaluated at once, whatever the size of the data."""
    reads_mappings: bool = False
    """Whether its language follows names through any mapping; most languages only know
    dictionaries.
    """
    linear: bool = False
    reads: Reads = None
    fault: RefusedError | None = None
    """Why the expression cannot be evaluated, or None. The error is cached, so a copy is raised."""
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class CompiledText:
    """One text, ready to be evaluated."""

    parts: tuple[str | Compiled, ...]
    whole: bool
    only: Compiled | None = None
    """The expression, if the text is one cheap expression."""


class Compiler:
    """Compiles texts with expressions and caches the latest texts.

    *languages* are the expression languages by name. May be used from any thread. Raises
    `PluginError` if two languages have the same prefix.
    """

    def __init__(self, languages: Mapping[str, ExpressionLanguage]) -> None:
        self._languages = _by_prefix(languages)
        self._compile_cached = lru_cache(maxsize=1024)(self._compile)

    def text(self, text: str) -> CompiledText:
        """Return *text* compiled."""
        if len(text) <= _LONGEST_CACHED:
            return self._compile_cached(text)
        return self._compile(text)

    def _compile(self, text: str) -> CompiledText:
        """Compile *text*. An expression without an end becomes a part that has a fault."""
        template = split(text)
        parts = [
            part if isinstance(part, str) else self.expression(part) for part in template.parts
        ]
        if template.unclosed is not None:
            parts.append(Compiled(template.unclosed, fault=template.fault))
        expressions = [part for part in parts if isinstance(part, Compiled) and part.cheap]
        is_one = template.whole and len(parts) == len(expressions) == 1
        return CompiledText(tuple(parts), template.whole, expressions[0] if is_one else None)

    def expression(self, expression: Expression) -> Compiled:
        """Return *expression* compiled. An unusable expression has a `fault`."""
        written = expression.written
        source = expression.source
        if len(source) > _LONGEST:
            return Compiled(written, fault=RefusedError("expression-length", limit=_LONGEST))
        if not source:
            return Compiled(written, fault=RefusedError("expression-empty"))
        if source.startswith(RUN):
            return _of_run(written, source.removeprefix(RUN).strip())
        for prefix, language in self._languages:
            # A language without a prefix must not take a text that names another language.
            if source.startswith(prefix) and (prefix or not _PREFIX.match(source)):
                return _of_language(written, source.removeprefix(prefix).strip(), language)
        prefixes = [*(prefix for prefix, _ in self._languages if prefix), RUN]
        match = _PREFIX.match(source)
        if match is None:
            fault = RefusedError("expression-language-missing", known=prefixes)
            return Compiled(written, fault=fault)
        near = nearest(match[0], prefixes)
        fault = RefusedError("expression-prefix", found=match[0], known=prefixes)
        return Compiled(written, fault=fault, suggestion=near[0] if near else None)


def _by_prefix(
    languages: Mapping[str, ExpressionLanguage],
) -> Sequence[tuple[str, ExpressionLanguage]]:
    """Return the languages with their prefixes.

    Raises `PluginError` if two languages have the same prefix.
    """
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
    # The longest prefix first: a prefix may be the start of another, and "" is the start of all.
    return sorted(by_prefix.items(), key=lambda item: -len(item[0]))


def _of_run(written: str, name: str) -> Compiled:
    if name in RUN_NAMES:
        return Compiled(written, name)
    near = nearest(name, RUN_NAMES)
    fault = RefusedError("expression-run-name", name=name, known=[*RUN_NAMES])
    return Compiled(written, fault=fault, suggestion=near[0] if near else None)


def _of_language(written: str, source: str, language: ExpressionLanguage) -> Compiled:
    if not source:
        fault = RefusedError("expression-prefix-alone", prefix=language.prefix)
        return Compiled(written, fault=fault)
    return Compiled(
        written,
        source,
        language,
        cheap=bool(_answer(language, "is_cheap", source)),
        reads_mappings=bool(getattr(language, "reads_mappings", False)),
        linear=bool(_answer(language, "is_linear", source)),
        reads=_answer(language, "reads", source),
    )


def _answer(language: ExpressionLanguage, question: str, source: str) -> Any:
    """Call the method *question* of *language*; None if the language does not have the method.

    Only `is_cheap` is required.
    """
    try:
        return getattr(language, question, lambda _source: None)(source)
    except Exception:  # noqa: BLE001 - a plugin that fails here is reported when it is evaluated
        return None
