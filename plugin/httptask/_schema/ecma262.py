"""Translate regular expressions of ECMA-262 for the `regex` package, which is called the engine.

A pattern is parsed completely, by the grammar of ECMA-262 (2025), section 22.2.1 and Annex B.1.2,
so that no feature of another dialect reaches the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import regex

from httptask._schema.ecma262_characters import (
    CLASSES,
    LAST,
    LINE_ENDS,
    WORD,
    character_set,
    code_units,
    escaped,
    property_name,
)
from httptask.errors import CodedError

MOST_WORK = 10_000
"""The most work to compile a pattern, in units of one plain character: less than 0.1 seconds."""
_WORK_OF_A_PART = 12
"""The work for any other part. Plain characters are cheap: a pattern may list all time zones."""
_MOST_REPEATED = 50_000
"""The most atoms, with required repetitions multiplied: the engine compiles each repetition."""
_HIGHEST_COUNT = 1_000_000_000
"""A higher maximum of a quantifier is dropped, because no text is that long."""
_DEEPEST = 50

_CONTROLS = {
    "t": 9,
    "n": 10,
    "v": 11,
    "f": 12,
    "r": 13,
}
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")
_HEX = frozenset("0123456789abcdefABCDEF")


class PatternError(CodedError):
    """The pattern is not a regular expression of ECMA-262, or it is too large."""


class _TooLargeError(PatternError):
    """A pattern that would take too long to compile."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A translated pattern."""

    text: str
    """The pattern for the engine."""
    is_unicode: bool
    """Whether it matches code points (the flag `u`) and not UTF-16 code units."""
    work: int
    """The work to compile it, in units of one plain character."""


def translated(written: str) -> Reading:
    """Translate the pattern *written*, with the flag `u` as JSON Schema requires.

    A pattern that is only valid without the flag is translated without it. Raises `PatternError`.
    """
    try:
        return _Parser(written, unicode=True).reading()
    except _TooLargeError:
        raise
    except PatternError as error:
        try:
            return _Parser(written, unicode=False).reading()
        except _TooLargeError:
            raise
        except PatternError:
            raise error from None


@dataclass(frozen=True, slots=True)
class _Flags:
    ignore_case: bool = False
    multiline: bool = False
    dot_all: bool = False


_FLAGS = {"i": "ignore_case", "m": "multiline", "s": "dot_all"}


class _Parser:
    """Parses a pattern from left to right, with one method for each production of the grammar."""

    def __init__(self, written: str, *, unicode: bool) -> None:
        self._written = written if unicode else code_units(written)
        self._unicode = unicode
        self._at = 0
        self._depth = 0
        self._work = 0
        self._flags = _Flags()
        self._groups, self._names = _groups(self._written)
        self._opened = 0
        """The number of capturing groups that were opened so far."""
        self._open: set[int] = set()
        """The numbers of the groups that are not closed yet."""
        self._named = frozenset[str]()
        """The names of groups that may not be used again in the present alternative."""
        # Annex B.1.2: without the flag `u` and named groups, `\\k` is the letter k.
        self._strict_names = unicode or bool(self._names)

    def reading(self) -> Reading:
        """Parse the whole pattern."""
        text, size = self._disjunction()
        if self._at < len(self._written):
            raise PatternError("pattern-group-unopened")
        return Reading(text, self._unicode, self._work + size // _WORK_OF_A_PART)

    # Reading characters

    def _peek(self, length: int = 1) -> str:
        return self._written[self._at : self._at + length]

    def _take(self, expected: str) -> bool:
        if not self._written.startswith(expected, self._at):
            return False
        self._at += len(expected)
        return True

    def _next(self) -> str:
        if self._at >= len(self._written):
            raise PatternError("pattern-end")
        self._at += 1
        return self._written[self._at - 1]

    # Terms. Each method returns (text for the engine, its size: see `_MOST_REPEATED`).

    def _disjunction(self) -> tuple[str, int]:
        """Parse alternatives, up to the end of the pattern or of the present group."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _TooLargeError("pattern-depth", limit=_DEEPEST)
        alternatives: list[str] = []
        size = 0
        before = self._named
        after = self._named
        while True:
            terms: list[str] = []
            self._named = before  # two alternatives may have groups of the same name
            while self._at < len(self._written) and self._peek() not in ("|", ")"):
                term, its_size = self._term()
                terms.append(term)
                size += its_size
            alternatives.append("".join(terms))
            after |= self._named
            if not self._take("|"):
                break
        self._depth -= 1
        self._named = after
        if size > _MOST_REPEATED:
            raise _TooLargeError("pattern-counts")
        return "|".join(alternatives), size

    def _term(self) -> tuple[str, int]:
        literals = _LITERALS.match(self._written, self._at)
        if literals is not None:
            self._at = literals.end()
            self._spend(len(literals[0]))
            return literals[0], len(literals[0])
        assertion = self._assertion()
        if assertion is not None:
            text, size, quantifiable = assertion
        else:
            text, size = self._atom()
            quantifiable = True
        self._spend(_WORK_OF_A_PART)
        counts = self._quantifier()
        if counts is None:
            return text, size
        self._spend(_WORK_OF_A_PART)
        if not quantifiable:
            raise PatternError("pattern-quantifier")
        low, high = counts
        lazy = "?" if self._take("?") else ""
        most = "" if high is None or high > _HIGHEST_COUNT else str(high)
        size *= max(low, 1)
        if size > _MOST_REPEATED:
            raise _TooLargeError("pattern-counts")
        return f"(?:{text}){{{low},{most}}}{lazy}", size

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > MOST_WORK:
            raise _TooLargeError("pattern-parts")

    def _assertion(self) -> tuple[str, int, bool] | None:
        """Parse an assertion; return (text, size, whether a quantifier is allowed) or None.

        Annex B allows quantifiers after lookaheads.
        """
        if self._take("^"):
            line_start = f"(?<![^{character_set(LINE_ENDS)}])"
            return line_start if self._flags.multiline else "^", 1, False
        if self._take("$"):
            line_end = f"(?![^{character_set(LINE_ENDS)}])"
            return line_end if self._flags.multiline else r"\Z", 1, False
        word = f"[{character_set(WORD)}]"
        if self._peek(2) in (r"\b", r"\B"):
            self._spend(3 * _WORK_OF_A_PART)
        if self._take(r"\b"):
            return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))", 4, False
        if self._take(r"\B"):
            return f"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))", 4, False
        for opening in ("(?=", "(?!", "(?<=", "(?<!"):
            if self._take(opening):
                text, size = self._closed()
                return f"{opening}{text})", size, not self._unicode and "<" not in opening
        return None

    def _closed(self) -> tuple[str, int]:
        inner = self._disjunction()
        if not self._take(")"):
            raise PatternError("pattern-group-unclosed")
        return inner

    def _quantifier(self) -> tuple[int, int | None] | None:
        """Parse a quantifier; return (minimum, maximum or None), or None if none is next."""
        for sign, counts in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return counts
        if self._peek() != "{":
            return None
        match = _COUNTS.match(self._written, self._at)
        if match is None:
            return None
        self._at = match.end()
        low = int(match[1])
        high: int | None = low
        if match[2] is not None:
            high = None
            if match[3]:
                high = int(match[3])
        if high is not None and high < low:
            raise PatternError("pattern-quantifier-order")
        return low, high

    def _atom(self) -> tuple[str, int]:
        letter = self._next()
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._class(), 1
        if letter == "\\":
            return self._escape(), 1
        if letter == ".":
            any_character = f"[{character_set(((0, LAST),))}]"
            return any_character if self._flags.dot_all else f"[^{character_set(LINE_ENDS)}]", 1
        if letter in "*+?":
            raise PatternError("pattern-quantifier")
        if letter in "{}]" and self._unicode:
            raise PatternError("pattern-character", character=letter)
        # Annex B: a brace is a plain character, but not where it is a quantifier of nothing.
        if letter == "{" and _COUNTS.match(self._written, self._at - 1):
            raise PatternError("pattern-quantifier")
        return escaped(ord(letter)), 1

    def _group(self) -> tuple[str, int]:
        """Parse a group after its `(`: capturing, named, or with modifiers."""
        outer = self._flags
        if not self._take("?"):
            return self._capturing()
        if self._take("<"):
            name = _NAME.match(self._written, self._at)
            if name is None or not self._written.startswith(">", name.end()):
                raise PatternError("pattern-group-unnamed")
            if name[0] in self._named:
                raise PatternError("pattern-group-twice", group=name[0])
            self._named |= {name[0]}
            self._at = name.end() + 1
            return self._capturing()
        match = _MODIFIERS.match(self._written, self._at)
        flags_on, flags_off = (match[1], match[2] or "") if match is not None else ("", "")
        changes = dict.fromkeys(flags_on, True) | dict.fromkeys(flags_off, False)
        # Section 22.2.1.1: each flag may occur only once.
        if match is None or len(changes) < len(flags_on + flags_off):
            raise PatternError("pattern-group-unknown", character=self._peek())
        self._at = match.end()
        self._flags = replace(outer, **{_FLAGS[flag]: on for flag, on in changes.items()})
        # The engine needs only the flag `i`: for the others, `^`, `$` and `.` are translated.
        case = ""
        if "i" in changes:
            case = "i" if changes["i"] else "-i"
        text, size = self._closed()
        self._flags = outer
        return f"(?{case}:{text})", size

    def _capturing(self) -> tuple[str, int]:
        self._opened += 1
        number = self._opened
        self._open.add(number)
        text, size = self._closed()
        self._open.remove(number)
        return f"({text})", size + 1

    def _back_reference(self, groups: list[int]) -> str:
        # Section 22.2.2.7.1: a reference to a group that has not matched yet, or is still open,
        # matches the empty text.
        closed = [number for number in groups if number not in self._open]
        return "".join(f"(?({number})\\{number}|)" for number in closed) or "(?:)"

    # Escapes

    def _escape(self) -> str:
        """Parse an escape outside of classes: a back reference, a class or a character."""
        letter = self._peek()
        if letter.isascii() and letter.isdigit() and letter != "0":
            digits = _DIGITS.match(self._written, self._at)
            assert digits is not None  # noqa: S101 - there is one at least
            if int(digits[0][:6]) <= self._groups:
                self._at = digits.end()
                return self._back_reference([int(digits[0])])
            if self._unicode:
                raise PatternError("pattern-reference", group=digits[0])
        if letter == "k" and self._strict_names:
            match = _BACK.match(self._written, self._at)
            if match is None or match[1] not in self._names:
                raise PatternError("pattern-reference-name")
            self._at = match.end()
            return self._back_reference(self._names[match[1]])
        members = self._class_escape()
        if members is not None:
            return f"[{members}]"
        return escaped(self._character_escape(in_class=False))

    def _class_escape(self) -> str | None:
        """Parse `\\d`, `\\w`, `\\s`, a property, or one of their opposites.

        Return the members of the class for the engine, or None if no such escape is next.
        """
        letter = self._peek()
        if letter in CLASSES and letter:
            self._at += 1
            return character_set(CLASSES[letter])
        match = None
        if self._unicode:
            match = _PROPERTY.match(self._written, self._at)
        if match is not None:
            self._at = match.end()
            name = property_name(match[2])
            if name is None:
                raise PatternError("pattern-property", property=match[2])
            return f"\\{match[1]}{{{name}}}"
        return None

    def _character_escape(self, *, in_class: bool) -> int:
        """Parse an escape of a single character; return the number of the character."""
        letter = self._next()
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter == "b" and in_class:
            return 8
        if letter == "-" and in_class:
            return ord("-")
        if letter == "c":
            return self._control(in_class=in_class)
        if letter in "xu" and (code := self._hexadecimal(letter)) is not None:
            return code
        if letter.isascii() and letter.isdigit():
            return self._octal(letter)
        if self._unicode and letter not in _SYNTAX:
            raise PatternError("pattern-escape", character=letter)
        return ord(letter)

    def _control(self, *, in_class: bool) -> int:
        letter = self._peek()
        is_control = letter.isalpha()
        if in_class and not self._unicode:  # Annex B allows digits and `_`, too
            is_control = is_control or letter.isdigit() or letter == "_"
        if letter.isascii() and is_control:
            self._at += 1
            return ord(letter) % 32
        if self._unicode:
            raise PatternError("pattern-control")
        self._at -= 1  # Annex B: the backslash is a plain character, and `c` the next one
        return ord("\\")

    def _hexadecimal(self, letter: str) -> int | None:
        takes_braces = letter == "u" and self._unicode
        if takes_braces and (match := _CODE_POINT.match(self._written, self._at)):
            code = int(match[1], 16)
            if code > LAST:
                raise PatternError("pattern-number", number=match[1][:12])
            self._at = match.end()
            return code
        length = 2 if letter == "x" else 4
        digits = self._peek(length)
        if len(digits) < length or not _HEX.issuperset(digits):
            if self._unicode:
                raise PatternError("pattern-digits", character=letter, count=length)
            return None
        self._at += length
        code = int(digits, 16)
        is_high_surrogate = takes_braces and 0xD800 <= code < 0xDC00
        if is_high_surrogate and (low := _LOW_SURROGATE.match(self._written, self._at)):
            self._at = low.end()
            return 0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00
        return code

    def _octal(self, digit: str) -> int:
        following = self._peek()
        if self._unicode:
            if digit != "0" or (following.isascii() and following.isdigit()):
                raise PatternError("pattern-escape", character=digit)
            return 0
        if digit in "89":
            return ord(digit)
        digits = digit
        while self._peek() and self._peek() in "01234567" and int(digits + self._peek(), 8) <= 0xFF:
            digits += self._next()
        return int(digits, 8)

    # Classes

    def _class(self) -> str:
        opening = "[^" if self._take("^") else "["
        members: list[str] = []
        while not self._take("]"):
            first = self._member()
            if self._peek() != "-" or self._peek(2) == "-]":
                members.append(_member_text(first))
                continue
            self._at += 1
            last = self._member()
            if isinstance(first, int) and isinstance(last, int):
                if first > last:
                    raise PatternError("pattern-range-order")
                members.append(character_set(((first, last),)))
            elif self._unicode:
                raise PatternError("pattern-range-class")
            else:
                members += [_member_text(first), escaped(ord("-")), _member_text(last)]
        self._spend(len("".join(members)) // 6)
        if not members:
            return "(?!)" if opening == "[" else f"[{character_set(((0, LAST),))}]"
        return opening + "".join(members) + "]"

    def _member(self) -> int | str:
        """Parse one member of a class: return the number of a character, or the text of a class."""
        letter = self._next()
        if letter != "\\":
            return ord(letter)
        members = self._class_escape()
        if members is not None:
            return members
        return self._character_escape(in_class=True)


_LITERALS = regex.compile(r"[A-Za-z0-9_/ ,:;=@%'\"<>!&~#-]{2,}(?![*+?{])")
_COUNTS = regex.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_NAME = regex.compile(r"[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*")
_BACK = regex.compile(r"k<([^>]*)>")
_DIGITS = regex.compile(r"[0-9]+")
_MODIFIERS = regex.compile(r"([ims]*)(?:-([ims]*))?:")
_PROPERTY = regex.compile(r"([pP])\{([A-Za-z0-9_]+(?:=[A-Za-z0-9_]+)?)\}")
_CODE_POINT = regex.compile(r"\{([0-9A-Fa-f]+)\}")
_LOW_SURROGATE = regex.compile(r"\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})")


def _groups(written: str) -> tuple[int, dict[str, list[int]]]:
    """Return the number of capturing groups in *written*, and name -> numbers of the groups.

    Groups are counted before parsing, because a reference may come before its group.
    """
    count = 0
    in_class = False
    position = 0
    names: dict[str, list[int]] = {}
    while position < len(written):
        letter = written[position]
        if letter == "\\":
            position += 1
        elif letter in "[]":
            in_class = letter == "["
        elif letter == "(" and not in_class:
            name = None
            if written.startswith("(?<", position):
                name = _NAME.match(written, position + 3)
            if name is not None:
                names.setdefault(name[0], []).append(count + 1)
            count += name is not None or not written.startswith("?", position + 1)
        position += 1
    return count, names


def _member_text(member: int | str) -> str:
    if isinstance(member, str):
        return member
    return escaped(member)
