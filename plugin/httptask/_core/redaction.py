"""Masking: credential values never reach a person, a log or a store."""

from __future__ import annotations

import base64
import builtins
import html
import itertools
import json
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Protocol, Self, TypeVar, overload
from urllib.parse import quote, quote_plus

from httptask._core.escape_search import Anchor, anchors_of, places

MASK = "•••"
"""The text that replaces a secret."""

_MASK_IN_OCTETS = MASK.encode().decode("latin-1")
_MASK_IN_UTF_16 = "***"
"""The mask in UTF-16: one in UTF-8 would shift the bytes after it by one."""

_SHORTEST = 4
"""Characters of a secret that is masked wherever it stands.

A shorter value stands in too many innocent texts; it is masked only where it is *put*.
"""

_MOST_DERIVED = 64
_MOST_GIVEN = 9
"""Values of one credential, three generations of its tokens: each costs time in every text."""

_SHORT = 4096
"""Characters of a text whose escapes are undone without asking where one could matter."""

_MOST_ESCAPES = 4
"""Escapes in escapes that are undone: JSON as a text in JSON, a URL in a form."""
_MOST_ESCAPES_IN_LONG = 2
_LONG = 1_000_000
"""Characters of a text of which fewer are undone: each takes up to a second for some millions."""
_MOST_READINGS = 16
"""Ways to undo them that are tried: each costs as much as the text is long."""

_MOST_MASKS = 50_000
"""Masks in a text. One with more is little else, and is masked as a whole."""

_MOST_CLEAN = 512
_LONGEST_CLEAN = 512
"""Texts without a secret that are remembered, and their characters."""


class Maskable(Protocol):
    """A value made of bytes."""

    def masked(self, mask: Callable[[bytes], bytes]) -> Self:
        """Return a copy with all its bytes changed by *mask*."""
        ...


M = TypeVar("M", bound=Maskable)


def secret_part(name: str, value: str, before: str | None) -> tuple[str, str]:
    """Split the *value* of the header *name* into the part that may be shown and the secret.

    *before* is its value before authorising (None: it was not set). The name of a cookie and the
    scheme of an `Authorization` may be shown; everything a scheme may have derived from a secret is
    one.
    """
    if name.lower() == "cookie":
        kept = before if before and value.startswith(before) else ""
        cookie, equals, secret = value[len(kept) :].partition("=")
        return kept + cookie + equals, secret
    scheme, space, secret = value.partition(" ")
    return (scheme + space, secret) if space else ("", value)


# The spellings of a secret


@dataclass(slots=True, repr=False)
class _Form:
    """One spelling of a secret."""

    text: str
    """Folded."""
    mask: str = ""
    """Its own mask; empty: that of the text."""
    shares_first: bool = False
    """The digit of base64 or base32 before it holds some bits of the secret."""
    shares_last: bool = False
    """The digit of base64 or base32 after it holds some bits of the secret."""


@dataclass(frozen=True, repr=False)
class _Forms:
    """The spellings of one secret. Bytes are read as text with one character for each octet."""

    secret: str
    in_text: tuple[_Form, ...]
    in_octets: tuple[_Form, ...]
    """Without those in digits of base64 and base32, which are the same in both."""
    escapable: frozenset[str]
    """The characters, of text and of octets, whose escapes may spell it."""

    @property
    def fewest_digits(self) -> int:
        """A bound of how short a spelling in `in_digits` can be."""
        return 8 * len(self.secret) // 6 - 1

    @cached_property
    def in_digits(self) -> tuple[_Form, ...]:
        """The spellings in base64, base64 twice over, base64 of UTF-16 and base32."""
        octets = self.secret.encode("utf-8", "surrogatepass")
        forms = itertools.chain(
            *map(_digit_forms, {octets, *_single_byte(self.secret)}),
            *map(_base64_forms, _utf_16(self.secret)),
        )
        return tuple({form.text: form for form in forms}.values())

    @classmethod
    def of(cls, secret: str) -> _Forms:
        """Return every spelling in which an encoder would write *secret*."""
        raw = secret.encode("utf-8", "surrogatepass")
        single = _single_byte(secret)
        # Many servers read the octets of a header as Latin-1 (PEP 3333) and echo that text.
        as_latin_1 = raw.decode("latin-1")
        spellings = {*_literal_forms(secret), *_literal_forms(as_latin_1)}
        for octets in {raw, *single}:
            spellings |= {
                quote(octets, safe=""),
                quote(octets),
                quote_plus(octets),
                octets.hex(),
                repr(octets)[2:-1],
            }
        in_text = {text: _Form(text) for text in map(_folded, spellings)}
        in_octets: dict[str, _Form] = {}
        for spelling in spellings:
            for octets in {spelling.encode("utf-8", "surrogatepass"), *_single_byte(spelling)}:
                text = _folded_octets(octets)
                in_octets[text] = _Form(text)
        wide: dict[str, _Form] = {}
        for octets, mask in _utf_16(secret).items():
            text = _folded_octets(octets)
            wide[text] = _Form(text, mask.decode("latin-1"))
        texts = {secret, as_latin_1, *(octets.decode("latin-1") for octets in single)}
        # An escape is that of a letter in one case.
        cases = {case for text in texts for case in (text, _folded(text), text.upper())}
        return cls(
            secret,
            tuple(in_text.values()),
            tuple((wide | in_octets).values()),
            frozenset("+/=").union(*cases),
        )


def _literal_forms(secret: str) -> Iterator[str]:
    """Yield *secret* as it is, in HTML and in JSON, where an encoder may escape `/` too."""
    # Beyond ASCII the three may differ in more than case.
    yield from (secret, secret.lower(), secret.upper())
    yield html.escape(secret)
    yield html.escape(secret).replace("&#x27;", "&#39;")
    for escaped in (True, False):
        text = json.dumps(secret, ensure_ascii=escaped)[1:-1]
        yield text
        yield text.replace("/", "\\/")


def _single_byte(text: str) -> set[bytes]:
    """Return *text* in the single-byte charsets that servers use; nothing for ASCII."""
    encoded = set()
    if not text.isascii():
        for charset in ("latin-1", "cp1252"):
            try:
                encoded.add(text.encode(charset))
            except UnicodeEncodeError:
                continue
    return encoded


def _utf_16(secret: str) -> dict[bytes, bytes]:
    """Return *secret* in UTF-16, without its outer zero octets, and the mask that takes its place.

    Without them most texts have the same form in both byte orders.
    """
    masks = {}
    for charset in ("utf-16-le", "utf-16-be"):
        encoded, mask = secret.encode(charset, "surrogatepass"), _MASK_IN_UTF_16.encode(charset)
        if (inner := encoded.strip(b"\0")) != encoded:
            mask = mask.strip(b"\0")
        masks[inner] = mask
    return masks


def _digit_forms(octets: bytes) -> Iterator[_Form]:
    """Yield *octets* in base64, in base64 twice over, and in base32 (RFC 4648, sections 4 to 6)."""
    for inner, _, _ in _digits(octets, *_BASE_64):
        for spelling in _urlsafe(inner):
            yield from _base64_forms(spelling.encode("ascii"))
    yield from _base64_forms(octets)
    for inner, shares_first, shares_last in _digits(octets, *_BASE_32):
        yield _Form(_folded(inner), "", shares_first, shares_last)


def _base64_forms(octets: bytes) -> Iterator[_Form]:
    for inner, shares_first, shares_last in _digits(octets, *_BASE_64):
        for text in _urlsafe(inner):
            yield _Form(_folded(text), "", shares_first, shares_last)


def _urlsafe(digits: str) -> set[str]:
    return {digits, digits.replace("+", "-").replace("/", "_")}


_BASE_64 = (base64.b64encode, 3, 6)
_BASE_32 = (base64.b32encode, 5, 5)
"""An encoder, the octets of its groups, and the bits of a digit."""


def _digits(
    octets: bytes, encoder: Callable[[bytes], bytes], group: int, bits_of_digit: int
) -> Iterator[tuple[str, bool, bool]]:
    """Yield the digits of *octets* for each offset in a *group* of octets, and whether the digit
    before and the one after hold bits of them, too.

    Digits that also hold bits of the octets before or after are not among them.
    """
    for offset in range(group):
        digits = encoder(bytes(offset) + octets).decode("ascii")
        bits = 8 * (offset + len(octets))
        inner = digits[-(-8 * offset // bits_of_digit) : bits // bits_of_digit]
        yield inner, bool(offset), bool(bits % bits_of_digit)


_DIGIT = re.compile(r"[A-Za-z0-9+/_-]")
_DIGITS = re.compile(r"[a-z0-9+/_-]+")


def _folded(text: str) -> str:
    """Return *text* in lower case, each character in its place."""
    if text.isascii():
        return text.lower()
    # Only I with a dot above is two in lower case, and only sigma depends on what follows it.
    return (
        text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower().replace("\u03c2", "\u03c3")
    )


def _folded_octets(octets: bytes) -> str:
    return octets.decode("latin-1").lower()


# Spellings that escape any character


_JSON_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\['\"\\/bfnrt]")
_PERCENT_ESCAPES = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_FORM_ESCAPES = re.compile(r"(?:\+|%[0-9a-fA-F]{2})+")
"""Escapes in a form: a space is a plus (the URL Standard, section 5.1).

Which other characters are escaped depends on the writer.
"""
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
"""Characters that HTML and XML have to escape; any other is written by its number, if at all."""
_REFERENCES = re.compile(rf"(?i)&(?:#(\d{{1,7}})|#x([0-9a-f]{{1,6}})|({'|'.join(_ENTITIES)}));?")


_SHORT_ESCAPES = dict(zip("'\"\\/\b\f\n\r\t", "'\"\\/bfnrt", strict=True))
"""Letters and signs after a backslash that escape a character (RFC 8259, section 7).

JSON has no escape of an apostrophe; Python and JavaScript do.
"""
_OF_SHORT_ESCAPE = {letter: character for character, letter in _SHORT_ESCAPES.items()}


def _json_characters(escapes: re.Match[str]) -> str:
    if escapes[0][1] != "u":
        return _OF_SHORT_ESCAPE[escapes[0][1]]
    return bytes.fromhex(escapes[0].replace("\\u", "")).decode("utf-16-be", "surrogatepass")


def _percent_characters(escapes: re.Match[str]) -> str:
    octets = bytes.fromhex(escapes[0].replace("%", "").replace("+", "20"))
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _referenced_character(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name = reference.groups()
    if name:
        return _ENTITIES[name.lower()]
    number = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(number) if number <= sys.maxunicode else ""


_Spelling = Callable[[str], tuple[str, ...]]
_ESCAPES: tuple[tuple[str, _Spelling, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("\\", lambda character: _json_spellings(character), _JSON_ESCAPES, _json_characters),
    ("%", lambda character: (f"%{ord(character):02x}",), _PERCENT_ESCAPES, _percent_characters),
    (
        "+",
        lambda character: ("+",) if character == " " else (),
        _FORM_ESCAPES,
        _percent_characters,
    ),
    ("&", lambda _: ("&",), _REFERENCES, _referenced_character),
)
"""Ways to escape a character.

Each has the start of an escape, a function from a character to the start of its escape, the pattern
of escapes, and a function from an escape to its characters.
"""
_MARKS = tuple(mark for mark, *_ in _ESCAPES)
_Escape = tuple[str, tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]]


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _json_spellings(character: str) -> tuple[str, ...]:
    letter = _SHORT_ESCAPES.get(character)
    return (_json_escape(character), f"\\{letter}") if letter else (_json_escape(character),)


@lru_cache(maxsize=256)
def _escaped(secret: str) -> re.Pattern[str]:
    """Return a pattern for *secret* with any of its characters escaped."""
    return re.compile(
        "".join(f"(?:{'|'.join(_spellings(character))})" for character in secret), re.IGNORECASE
    )


def _spellings(character: str) -> Iterator[str]:
    octets = character.encode("utf-8", "surrogatepass")
    encodings = {octets, *_single_byte(character)}
    as_text = {re.escape(encoded.decode("latin-1")) for encoded in encodings}
    yield from sorted(as_text | {re.escape(character)})
    for encoded in encodings:
        yield "".join(f"%{octet:02x}" for octet in encoded)
    # In JSON in JSON, escapes are escaped themselves.
    yield _json_escape(character).replace("\\", r"\\{1,64}")
    if letter := _SHORT_ESCAPES.get(character):
        yield (r"\\{1,64}" if letter == "\\" else rf"\\{{1,64}}{letter}")
    yield rf"&#0*{ord(character)};?"
    yield rf"&#x0*{ord(character):x};?"
    yield from (f"&{name};?" for name, meaning in _ENTITIES.items() if meaning == character)
    if character == " ":
        yield r"\+"


class Redactor:
    """Replaces every known secret by a mask, in text, bytes and JSON.

    Secrets are added as they are resolved. A wrong mask is preferred to a leak: text that happens
    to equal a secret, in any case, is masked too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[str, _Forms] = {}
        self._lasting: set[str] = set()
        self._known = _Known(())
        self._lock = threading.Lock()
        self._header_lines: set[tuple[str, str]] = set()
        self._derived: dict[str, deque[str]] = {"": deque(maxlen=_MOST_DERIVED)}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask *secret* from now on and for good, in all its spellings.

        It may be escaped or encoded: percent, JSON, HTML, hexadecimal, base32, base64,
        base64 twice over, other charsets, and base64 of UTF-16.
        """
        self._lasting.add(secret)
        self._learn(secret)

    def _learn(self, secret: str) -> None:
        if len(secret) >= _SHORTEST and secret not in self._forms:
            forms = _Forms.of(secret)
            with self._lock:
                self._forms[secret] = forms
                self._known = _Known(tuple(self._forms.values()))

    def add_derived(self, value: str, credential: str = "") -> None:
        """Mask *value*, which was made of a secret for one request, or given for *credential*.

        Only the latest are kept: every request has a new signature, and every hour a new token.
        """
        if len(value) < _SHORTEST or value in self._forms:
            return
        with self._lock:
            latest = self._derived.setdefault(credential, deque(maxlen=_MOST_GIVEN))
            if len(latest) == latest.maxlen:
                if latest[0] not in self._lasting:
                    self._forms.pop(latest[0], None)
                self._header_lines.clear()
            latest.append(value)
        self._learn(value)

    def add_header(self, line: tuple[str, str], before: str | None) -> None:
        """Mask the secret of the header *line*; *before* is its value before authorising."""
        self.add_derived(secret_part(*line, before)[1])
        if before is None:
            self._header_lines.add(line)

    def masks_header(self, line: tuple[str, str]) -> bool:
        """Say whether the header *line* was added, and is masked still: most requests of a
        credential have the same.
        """
        return line in self._header_lines

    @property
    def knows_none(self) -> bool:
        """Whether there are no secrets."""
        return not self._known.secrets

    def text(self, text: str) -> str:
        """Return *text* with every secret masked."""
        known = self._known
        if not known.secrets or text in known.clean:
            return text
        shown = _masked(text, known, known.in_text, MASK)
        if shown is text and len(text) <= _LONGEST_CLEAN:
            if len(known.clean) >= _MOST_CLEAN:
                known.clean.clear()
            known.clean.add(text)
        return shown

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return *pairs*, the names and values of headers, with every secret masked."""
        if self.knows_none:
            return tuple(pairs)
        return tuple((self.text(name), self.text(value)) for name, value in pairs)

    @overload
    def bytes(self, data: builtins.bytes) -> builtins.bytes: ...
    @overload
    def bytes(self, data: M) -> M: ...
    def bytes(self, data: Any) -> Any:
        """Return *data*, bytes or a value made of bytes, with every secret masked."""
        if not isinstance(data, builtins.bytes):
            return data.masked(self.bytes)
        known = self._known
        if not known.secrets:
            return data
        text = data.decode("latin-1")
        shown = _masked(text, known, known.in_octets, _MASK_IN_OCTETS)
        return data if shown is text else shown.encode("latin-1")

    def finds(self, text: str) -> bool:
        """Say whether *text* holds a secret. Much cheaper than masking a text without one."""
        known = self._known
        if not known.secrets:
            return False
        folded = _folded(text)
        return known.holds(folded, known.in_text) or _is_escaped(text, folded, known)

    def value(self, value: Any) -> Any:
        """Return the JSON *value* with every secret masked: in names and numbers too."""
        if not self._forms:
            return value
        holder: list[Any] = [value]
        queued: list[tuple[Any, Any]] = [(holder, 0)]
        numbers = any(map(_NUMBER.fullmatch, self._known.secrets))
        names: dict[str, str] = {}
        while queued:  # not by recursion: a response may be nested deeper than Python's stack
            parent, key = queued.pop()
            item = parent[key]
            if isinstance(item, str):
                parent[key] = self.text(item)
            elif isinstance(item, dict):
                names |= {str(name): self.text(str(name)) for name in item if name not in names}
                parent[key] = copy = {names[str(name)]: child for name, child in item.items()}
                queued.extend((copy, name) for name in copy)
            elif isinstance(item, list | tuple):
                parent[key] = items = list(item)
                queued.extend((items, index) for index in range(len(items)))
            elif numbers and isinstance(item, int | float) and self.finds(repr(item)):
                parent[key] = MASK
        return holder[0]


_NUMBER = re.compile(r"[-+.0-9eE]+")


class _Known:
    """The secrets at one moment, and their spellings."""

    def __init__(self, forms: tuple[_Forms, ...]) -> None:
        self._forms = forms
        self._fewest_digits = min((known.fewest_digits for known in forms), default=0)
        self.secrets = [known.secret for known in forms]
        self.in_text = [known.in_text for known in forms]
        self.in_octets = [known.in_octets for known in forms]
        self.escapable = frozenset().union(*(known.escapable for known in forms))
        self.clean: set[str] = set()
        """Short texts that were searched, and hold none of these: a task sends to one URL, and
        servers answer with the same headers, again and again.
        """

    @cached_property
    def anchors(self) -> tuple[Anchor, ...] | None:
        """What stands unescaped where a secret stands escaped."""
        digits = (known.in_digits for known in self._forms)
        groups = itertools.chain(self.in_text, self.in_octets, digits)
        return anchors_of({form.text for group in groups for form in group})

    @cached_property
    def escapes(self) -> tuple[_Escape, ...]:
        """The ways to escape a character, with the starts of escapes that may spell a secret."""
        return tuple(
            (
                mark,
                tuple({start for character in self.escapable for start in spelling(character)}),
                pattern,
                characters,
            )
            for mark, spelling, pattern, characters in _ESCAPES
        )

    def forms(self, folded: str, groups: list[tuple[_Form, ...]]) -> Iterator[_Form]:
        """Return the spellings that *folded* may hold: those of *groups*, `in_text` or `in_octets`,
        and those in digits, but for a short text that has too few of them in a row.
        """
        if len(folded) < self._fewest_digits:
            return itertools.chain.from_iterable(groups)
        most = len(folded)
        if most <= _SHORT:
            most = max(map(len, _DIGITS.findall(folded)), default=0)
        digits = [known.in_digits for known in self._forms if known.fewest_digits <= most]
        return itertools.chain.from_iterable((*groups, *digits))

    def holds(self, folded: str, groups: list[tuple[_Form, ...]]) -> bool:
        """Say whether *folded* holds one of `forms`."""
        return any(form.text in folded for form in self.forms(folded, groups))


def _masked(text: str, known: _Known, groups: list[tuple[_Form, ...]], mask: str) -> str:
    """Return *text* with the spellings in *groups* and in digits masked, also if they are escaped;
    *text* itself if it has none.

    The result is checked again. If it still holds a secret that no pattern cuts out, all of it is
    masked.
    """
    folded = _folded(text)
    shown = _without(text, folded, known.forms(folded, groups), mask)
    if shown is not text:
        folded = _folded(shown)
    if _is_escaped(shown, folded, known):
        for secret in known.secrets:
            shown = _escaped(secret).sub(mask, shown)
        if _is_escaped(shown, _folded(shown), known):
            return mask
    return shown


def _is_escaped(text: str, folded: str, known: _Known) -> bool:
    """Say whether *text* holds a secret once its escapes are undone."""
    if not any(mark in folded for mark in _MARKS):
        return False
    pieces = places(folded, known.anchors) if len(text) > _SHORT else None
    if pieces is None:
        return _is_escaped_in(text, folded, known)
    return any(_is_escaped_in(text[at:end], folded[at:end], known) for at, end in pieces)


def _is_escaped_in(text: str, folded: str, known: _Known) -> bool:
    for reading in _readings(text, folded, known):
        folded_reading = _folded(reading)
        if known.holds(folded_reading, [*known.in_text, *known.in_octets]):
            return True
    return False


def _readings(text: str, folded: str, known: _Known) -> Iterator[str]:
    """Yield *text* with its escapes undone, those in escapes too, in each order."""
    seen = {text}
    level = [(text, folded)]
    for _ in range(_MOST_ESCAPES if len(text) <= _LONG else _MOST_ESCAPES_IN_LONG):
        deeper: list[tuple[str, str]] = []
        for outer, folded_outer in level:
            for reading in _unescaped(outer, folded_outer, known):
                if reading not in seen and len(seen) <= _MOST_READINGS:
                    seen.add(reading)
                    yield reading
                    deeper.append((reading, _folded(reading)))
        level = deeper


def _unescaped(text: str, folded: str, known: _Known) -> Iterator[str]:
    """Yield *text* with the escapes of each way undone, if they may spell a secret."""
    for mark, starts, escapes, characters in known.escapes:
        # Almost always no character of a secret is escaped: then there is nothing to undo.
        if mark in folded and any(start in folded for start in starts):
            yield escapes.sub(characters, text)
            if not text.isascii():
                yield _unescaped_octets(escapes, characters, text)


def _unescaped_octets(
    escapes: re.Pattern[str], characters: Callable[[re.Match[str]], str], octets: str
) -> str:
    """Return *octets* with its escapes undone in UTF-8.

    An encoder may escape an emoji and leave a letter with an accent.
    """
    return escapes.sub(
        lambda escape: characters(escape).encode("utf-8", "surrogatepass").decode("latin-1"), octets
    )


def _without(text: str, folded: str, forms: Iterator[_Form], mask: str) -> str:
    """Return *text* with *mask* for every one of *forms*; *folded* is its lower case."""
    spans: list[tuple[int, int, str]] = []
    for form in forms:
        if form.text not in folded:  # by far the most
            continue
        start = folded.find(form.text)
        while start >= 0:
            end = start + len(form.text)
            before = form.shares_first and start > 0 and _DIGIT.match(text, start - 1)
            after = form.shares_last and _DIGIT.match(text, end)
            spans.append((start - bool(before), end + bool(after), form.mask))
            if len(spans) > _MOST_MASKS:
                return mask
            start = folded.find(form.text, end)
    if not spans:
        return text
    pieces: list[str] = []
    shown = 0
    for start, end, form_mask in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= shown:
            pieces += (text[shown:start], form_mask or mask)
        shown = max(shown, end)
    return "".join((*pieces, text[shown:]))
