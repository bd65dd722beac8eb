"""Convert regular expressions of other dialects in descriptions to ECMA-262."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from httptask._schema.patterns import LONGEST_PATTERN, Budget, PatternError, search, translated

_MOST_WORK = 131_072
"""The most characters of all different patterns of one description, counting 20 more for each.

So many take about a second.
"""
_SECONDS = 1.0
"""The most seconds for all searches while one description is read."""
_MOST_KEPT = 8_192
"""The size of the cache of converted patterns. Descriptions repeat their patterns."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern after its conversion."""

    text: str | None
    """The pattern in ECMA-262, or None if it cannot be enforced."""
    why: str = ""
    """Why `text` differs from the pattern in the description. "" if it does not."""


class Patterns:
    """The patterns of one description. Limits bound the work, however many there are."""

    def __init__(self) -> None:
        self._remaining = _MOST_WORK
        self._patterns: dict[str, Pattern] = {}
        self._budget = Budget(_SECONDS, _MOST_WORK)

    def usable(self, written: str) -> Pattern:
        """Convert the pattern *written*; refuse it if the description has too many patterns."""
        pattern = self._patterns.get(written)
        if pattern is None:
            self._remaining -= len(written) + 20
            pattern = usable(written) if self._remaining >= 0 else _TOO_MANY
            self._patterns[written] = pattern
        return pattern

    def may_match(self, pattern: str, text: str) -> bool:
        """Return False only if it is certain that the usable *pattern* does not match *text*.

        A search that takes too long counts as a match.
        """
        try:
            return search(pattern, text, self._budget) is not False
        except PatternError:
            return True


_TOO_MANY = Pattern(None, "the description has too many patterns")


@functools.lru_cache(_MOST_KEPT)
def usable(written: str) -> Pattern:
    """Convert the pattern *written* to ECMA-262: unchanged, rewritten, or with None as its text."""
    if len(written) > LONGEST_PATTERN:
        return Pattern(None, f"it is longer than {LONGEST_PATTERN} characters")
    text, why = _out_of_slashes(written)
    if text is None:
        return Pattern(None, why)
    problem, is_unicode = _read(text)
    if is_unicode:
        return Pattern(text, why)
    # Without the flag `u`, nearly any text is a valid pattern: `\A` is the letter A, for example.
    # The author hardly meant that, so try the meaning of other dialects first.
    rewritten = _FOREIGN.sub(_of_ecma_262, text)
    flags = _FLAGS_ALONE.match(rewritten)
    if flags:
        rewritten = f"(?{flags[1]}:{rewritten[flags.end() :]})"
    if rewritten != text:
        new_problem, _ = _read(rewritten)
        if not new_problem:
            return Pattern(rewritten, "it was written anew, as ECMA-262 has it")
        problem = problem or new_problem
    elif not problem and (strange := _STRANGE.search(text)):
        problem = f"{strange[0]} means nothing here"
    if problem:
        return Pattern(None, f"it is no regular expression of ECMA-262: {problem}")
    return Pattern(text, why)


def _read(text: str) -> tuple[str, bool]:
    """Return the problem of the pattern *text* ("" if it is valid), and if it is valid with `u`."""
    try:
        return "", translated(text).is_unicode
    except PatternError as error:
        return str(error), False


_SLASHES = re.compile(r"/(\^.*|.*\$|.*(?=/[a-z]))/([dgimsuvy]*)", re.DOTALL)


def _out_of_slashes(written: str) -> tuple[str | None, str]:
    """Remove the slashes of a JavaScript literal; return (pattern or None, why)."""
    # `/^a$/i` is a literal of JavaScript. But `/a/` may be a path: it stays.
    match = _SLASHES.fullmatch(written)
    if match is None:
        return written, ""
    if "i" in match[2] or "m" in match[2]:
        # JSON Schema has no flags. Without `i` or `m`, the pattern would refuse valid values.
        return None, f"it has the flags {match[2]!r}, which JSON Schema does not have"
    return match[1], "the slashes around it were left out"


# Other dialects: Perl, Python, Java, POSIX


_FOREIGN = re.compile(
    r"""\\x\{(?P<hex>[0-9A-Fa-f]{1,6})\} | \\(?P<not>[pP])\{\^?(?:Is|In)?(?P<property>\w+)\}
      | \\(?P<escape>[AzZhRe]) | \\. | \(\?P(?P<name><\w+>)
      | \(\?P=(?P<back>\w+)\) | \[:(?P<posix>[a-z]+):\]""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {
    "A": "^",
    "z": "$",
    "Z": "$",
    "h": r"[ \t]",
    "R": r"(?:\r\n|\n|\r)",
    "e": r"\x1b",
}
_FLAGS_ALONE = re.compile(r"\(\?([ims]+)\)")
_STRANGE = re.compile(r"\\(?:u\{|[pPQ])")
_POSIX: dict[str, str] = {
    "alpha": "A-Za-z",
    "alnum": "0-9A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-\/:-@\[-`\{-~",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}
"""Name of a POSIX character class -> its characters, as members of a class in ECMA-262."""


def _of_ecma_262(match: re.Match[str]) -> str:
    writers: dict[str, Callable[[str], str]] = {
        "hex": lambda digits: rf"\u{{{digits}}}",
        "escape": _ESCAPES.__getitem__,
        "name": lambda name: f"(?{name}",
        "back": lambda name: rf"\k<{name}>",
        "posix": lambda name: _POSIX.get(name, match[0]),
        "property": lambda name: _property(match),
    }
    group = match.lastgroup
    if group in writers:
        return writers[group](match[group])
    return match[0]


def _property(match: re.Match[str]) -> str:
    inverted = (match["not"] == "P") is not match[0][2:4].endswith("^")
    for name in (match["property"], f"Script={match['property']}"):
        text = rf"\{'P' if inverted else 'p'}{{{name}}}"
        if not _read(text)[0] and _read(text)[1]:
            return text
    return match[0]
