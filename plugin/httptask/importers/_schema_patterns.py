"""Regular expressions of descriptions (ECMA-262) as ones that Python compiles and that end in reasonable time."""

from __future__ import annotations

import functools
import re
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from httptask.importers._schema_runaway import runs_away

LONGEST_PATTERN = 32_768
"""Letters of a pattern that is looked at."""
_MOST_WORK = 131_072
"""Work on all the different patterns of one description, by `_work`: about a second. Real ones have at most two thirds of that."""
_LARGEST_LOOKED_INTO = 300
"""Letters: what is longer has too large an automaton to be looked into, and costs no more."""
_MOST_KEPT = 8_192
"""Verdicts kept; descriptions repeat their patterns."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What became of a pattern: its *text* for Python, None when it is not enforced, and *why* it is not as it was written."""

    text: str | None
    why: str = ""


class Patterns:
    """The patterns of one description; the work on them is bounded, however many there are."""

    def __init__(self) -> None:
        self._left = _MOST_WORK
        self._known: dict[str, Pattern] = {}

    def usable(self, written: str) -> Pattern:
        """Return what `usable` says of *written*; nothing of a description with too many patterns."""
        found = self._known.get(written)
        if found is None:
            self._left -= _work(written)
            found = usable(written) if self._left >= 0 else _TOO_MANY
            self._known[written] = found
        return found


def _work(written: str) -> int:
    """Return what looking at *written* may cost: the search for runaway loops is quadratic in its length."""
    return len(written) + 20 + min(len(written), _LARGEST_LOOKED_INTO) ** 2 // 60


_TOO_MANY = Pattern(None, "the description has too many patterns")


@functools.lru_cache(_MOST_KEPT)
def usable(written: str) -> Pattern:
    """Return *written* as a pattern for `re.search`: as it is, or translated, or not at all.

    A translation never refuses what *written* accepts. Whatever it uses means the same in ECMA-262, so that a page may use it,
    too. A pattern that backtracking could not finish is not enforced.
    """
    if len(written) > LONGEST_PATTERN:
        return Pattern(None, f"it is longer than {LONGEST_PATTERN} letters")
    text, why = _out_of_slashes(written)
    if text is None:
        return Pattern(None, why)
    problem = _problem(text)
    if problem:
        try:
            translated = _translated(text)
        except ValueError as error:
            return Pattern(None, str(error))
        if _problem(translated):
            return Pattern(None, f"Python cannot compile it ({problem})")
        text, why = translated, "it was translated for Python"
    if runs_away(text):
        return Pattern(None, "checking it may take forever")
    return Pattern(text, why)


def _problem(text: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning says that the meaning may change: `[[a]`, `[a||b]`
        try:
            re.compile(text)
        except (re.error, Warning, OverflowError, RecursionError, ValueError) as error:
            return str(error) or type(error).__name__
    return ""


_SLASHES = re.compile(r"/(\^.*|.*\$|.*(?=/[a-z]))/([dgimsuvy]*)", re.DOTALL)


def _out_of_slashes(written: str) -> tuple[str | None, str]:
    # `/^a$/i` is how JavaScript writes a regular expression; `/a/` may just as well be a path.
    match = _SLASHES.fullmatch(written)
    if match is None:
        return written, ""
    if "i" in match[2] or "m" in match[2]:
        # JSON Schema has no flags; without this one the pattern would refuse what it should accept.
        return None, f"it has the flags {match[2]!r}, which JSON Schema does not have"
    return match[1], "the slashes around it were left out"


# Translation


_UNITS = re.compile(
    r"""\\u\{(?P<code>[0-9A-Fa-f]{1,6})\} | \\x\{(?P<hex>[0-9A-Fa-f]{1,6})\}
      | \\(?P<not>[pP])\{\^?(?P<property>[A-Za-z_=:\ ]+)\} | \\k<(?P<back>\w+)> | \\(?P<escape>[A-Za-z]) | \\.
      | \(\?P?<(?P<name>[A-Za-z_$][\w$]*)> | (?P<group>\((?!\?)) | \((?P<flags>\?[aiLmsux]+)\)
      | \[:(?P<posix>\^?[a-z]+):\] | (?P<open>\[\^?\]?) | (?P<close>\]) | .""",
    re.VERBOSE | re.DOTALL,
)
"""What a pattern is made of, as far as a translation must know."""

_ESCAPES = {"z": "$", "Z": "$", "A": "^", "h": r"[ \t]", "R": r"(?:\r\n|\n|\r)", "e": r"\x1b"}
"""Escapes of other regular expressions -> the same in ECMA-262 and Python, outside of a class."""
_KNOWN_ESCAPES = frozenset("bBdDfnrsStuvwWx")


def _translated(text: str) -> str:
    return _Translation().of(text)


class _Translation:
    """One pattern on its way; *groups* counts its capturing groups, as they get their numbers."""

    def __init__(self) -> None:
        self._groups = 0
        self._numbers: dict[str, int] = {}
        self._flags = ""

    def of(self, text: str) -> str:
        parts: list[str] = []
        opened: list[str] | None = None  # the members of the class that is open
        for unit in _UNITS.finditer(text):
            if opened is None:
                if unit["open"] is None:
                    parts.append(self._outside(unit))
                elif unit["open"] in ("[]", "[^]"):  # ECMA-262: nothing, and anything
                    parts.append("(?!)" if unit["open"] == "[]" else r"[\s\S]")
                else:
                    opened = [unit["open"]]
            elif unit["close"] is not None:
                parts.append(_class(opened))
                opened = None
            else:
                opened.extend(self._inside(unit, inverted=opened[0] == "[^"))
        if opened is not None:
            raise ValueError("Python cannot compile it (a class is not closed)")
        return self._flags + "".join(parts)

    def _outside(self, unit: re.Match[str]) -> str:
        if unit["name"] is not None:
            self._groups += 1
            self._numbers[unit["name"]] = self._groups
            return "("
        if unit["group"] is not None:
            self._groups += 1
        if unit["back"] is not None:
            return rf"\{self._numbers[unit['back']]}" if unit["back"] in self._numbers else ""
        if unit["flags"] is not None:  # Python has them at the start only
            self._flags = f"({unit['flags']})"
            return ""
        if unit["property"] is not None:
            return f"[{_property(unit) + _ABOVE_ASCII}]"
        if unit["posix"] is not None:
            return unit[0]
        if unit["escape"] is not None and unit["escape"] not in _KNOWN_ESCAPES:
            return _ESCAPES.get(unit["escape"]) or _itself(unit["escape"])
        return _character(unit) or unit[0]

    def _inside(self, unit: re.Match[str], *, inverted: bool) -> list[str]:
        if unit["property"] is not None:
            return [_property(unit) + ("" if inverted else _ABOVE_ASCII)]
        if unit["posix"] is not None:
            return [_property(unit)]
        if unit["escape"] is not None and unit["escape"] not in _KNOWN_ESCAPES:
            return [r" \t"] if unit["escape"] == "h" else [_itself(unit["escape"])]
        if unit["open"] is not None:  # a bracket in a class is a bracket; `[]` closes the class after it
            return [rf"\{letter}" for letter in unit[0]]
        if len(unit[0]) > 1 and not unit[0].startswith("\\"):
            return list(unit[0])
        return [_character(unit) or unit[0]]


def _itself(letter: str) -> str:
    if letter in "pPk":  # a property or a group without its name: whatever was meant, it is not the letter
        raise ValueError(f"Python cannot compile it (\\{letter} without a name)")
    return letter


def _character(unit: re.Match[str]) -> str:
    digits = unit["code"] or unit["hex"]
    if not digits:
        return ""
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise ValueError(f"Python cannot compile it (no character has the number {digits})")
    return re.escape(chr(code))


def _class(members: list[str]) -> str:
    """Return a class of *members*, the first of which opens it; a `-` that makes no range is escaped."""
    opening, *rest = members
    if "&&" in "".join(rest):
        raise ValueError("Python cannot compile it (an intersection of classes)")
    result = []
    for index, member in enumerate(rest):
        if member == "-" and 0 < index < len(rest) - 1 and (_is_set(rest[index - 1]) or _is_set(rest[index + 1])):
            result.append(r"\-")
        elif member and member in "|~&-" and index and rest[index - 1] == member:
            result.append(rf"\{member}")
        else:
            result.append(member)
    return opening + "".join(result) + "]"


def _is_set(member: str) -> bool:
    return member in (r"\d", r"\D", r"\w", r"\W", r"\s", r"\S") or (len(member) > 2 and member[0] != "\\")


# Properties of characters


_ABOVE_ASCII = "\x80-\U0010ffff"
"""All characters but those of ASCII, as members of a class."""

_CLASSES: dict[str, Callable[[str], bool]] = {
    "alpha": str.isalpha,
    "alnum": str.isalnum,
    "ascii": lambda letter: True,
    "blank": lambda letter: letter in " \t",
    "cntrl": lambda letter: unicodedata.category(letter) == "Cc",
    "digit": str.isdigit,
    "graph": lambda letter: letter.isprintable() and letter != " ",
    "lower": str.islower,
    "print": str.isprintable,
    "punct": lambda letter: letter.isprintable() and not letter.isalnum() and letter != " ",
    "space": str.isspace,
    "upper": str.isupper,
    "word": lambda letter: letter.isalnum() or letter == "_",
    "xdigit": lambda letter: letter in "0123456789abcdefABCDEF",
    "all": lambda letter: True,
    "any": lambda letter: True,
    "alphabetic": str.isalpha,
    "letter": str.isalpha,
    "uppercase": str.isupper,
    "lowercase": str.islower,
    "number": str.isdigit,
    "ld": str.isalnum,
    "latin": str.isalpha,
}
"""Names of POSIX, Java and Unicode -> which ASCII characters have the property."""
_CATEGORY = re.compile(r"[CLMNPSZ][a-z]?")
_SCRIPT = re.compile(
    r"(?:script|sc|scx|scriptextensions)?=?(arabic|cyrillic|greek|han|hangul|hebrew|hiragana|katakana|thai)"
)


def _property(unit: re.Match[str]) -> str:
    """Return the members of a class for the property *unit* names.

    ASCII only: exact ranges of the rest would make a pattern of some letters one of some thousand. The caller lets all other
    characters through, so that nothing is refused wrongly.
    """
    name = unit["posix"] or unit["property"].replace(" ", "")
    inverted = name.startswith("^") or unit["not"] == "P" or unit[0].startswith(r"\p{^")
    has = _predicate(name.lstrip("^"))
    members = [chr(code) for code in range(128) if has(chr(code)) is not inverted]
    return _ranges(members)


def _predicate(name: str) -> Callable[[str], bool]:
    bare = re.sub(r"^(?:is|in|general_?category=|gc=)", "", name, flags=re.IGNORECASE)
    if _CATEGORY.fullmatch(bare):
        return lambda letter: unicodedata.category(letter).startswith(bare)
    if bare.lower() in _CLASSES:
        return _CLASSES[bare.lower()]
    if _SCRIPT.fullmatch(bare.lower()):
        return lambda letter: False
    raise ValueError(f"Python cannot compile it (the property {name!r} is unknown)")


def _ranges(letters: list[str]) -> str:
    """Return sorted *letters* as the members of a class: runs become ranges."""
    runs: list[tuple[str, str]] = []
    for letter in letters:
        if runs and ord(letter) == ord(runs[-1][1]) + 1:
            runs[-1] = (runs[-1][0], letter)
        else:
            runs.append((letter, letter))
    return "".join(_escaped(first) if first == last else f"{_escaped(first)}-{_escaped(last)}" for first, last in runs)


def _escaped(letter: str) -> str:
    return letter if letter.isalnum() else f"\\x{ord(letter):02x}"
