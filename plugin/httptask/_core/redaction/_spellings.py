"""The spellings of a secret: how encoders write it as a whole. For single escapes see
`_escapes`.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, quote_plus

_MASK_IN_UTF_16 = "***"
"""The mask in UTF-16 text: the usual mask, in UTF-8, has an odd number of bytes, which would shift
the text after it by one.
"""


@dataclass(slots=True, repr=False)
class Form:
    """One spelling of a secret."""

    text: str
    """The spelling, folded."""
    mask: str = ""
    """The mask for this spelling; "": the usual mask."""
    shares_first: bool = False
    """Whether the base64 or base32 digit before the spelling contains some bits of the secret."""
    shares_last: bool = False
    """Whether the base64 or base32 digit after the spelling contains some bits of the secret."""


@dataclass(frozen=True, repr=False)
class Forms:
    """The spellings of one secret. Bytes are treated as text with one character for each byte."""

    secret: str
    in_text: tuple[Form, ...]
    """The spellings in text, without those in base64 and base32 (`in_digits`)."""
    in_octets: tuple[Form, ...]
    """The spellings in bytes, without those in base64 and base32 (`in_digits`)."""
    escapable: frozenset[str]
    """The characters whose escapes may be part of the secret, in text or bytes."""

    @property
    def fewest_digits(self) -> int:
        """A lower bound for the length of the spellings in `in_digits`."""
        return 8 * len(self.secret) // 6 - 1

    @cached_property
    def in_digits(self) -> tuple[Form, ...]:
        """The spellings in base64, base64 of base64, base64 of UTF-16, and base32."""
        octets = self.secret.encode("utf-8", "surrogatepass")
        forms = itertools.chain(
            *map(_digit_forms, {octets, *single_byte(self.secret)}),
            *map(_base64_forms, _utf_16(self.secret)),
        )
        return tuple({form.text: form for form in forms}.values())

    @classmethod
    def of(cls, secret: str) -> Forms:
        """Return all the spellings of *secret* that encoders may produce."""
        raw = secret.encode("utf-8", "surrogatepass")
        single = single_byte(secret)
        # Many servers decode headers as Latin-1 (PEP 3333), and echo that text.
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
        in_text = {text: Form(text) for text in map(fold, spellings)}
        in_octets: dict[str, Form] = {}
        for spelling in spellings:
            for octets in {spelling.encode("utf-8", "surrogatepass"), *single_byte(spelling)}:
                text = fold_octets(octets)
                in_octets[text] = Form(text)
        wide: dict[str, Form] = {}
        for octets, mask in _utf_16(secret).items():
            text = fold_octets(octets)
            wide[text] = Form(text, mask.decode("latin-1"))
        texts = {secret, as_latin_1, *(octets.decode("latin-1") for octets in single)}
        # Upper and lower case, because their escapes differ.
        cases = {case for text in texts for case in (text, fold(text), text.upper())}
        return cls(
            secret,
            tuple(in_text.values()),
            tuple((wide | in_octets).values()),
            frozenset("+/").union(*cases),
        )


def _literal_forms(secret: str) -> Iterator[str]:
    """Yield *secret* unchanged, in HTML, and in JSON, where `/` may be escaped, too."""
    # Outside ASCII, changing the case and then folding may give another text than folding alone.
    yield from (secret, secret.lower(), secret.upper())
    yield html.escape(secret)
    yield html.escape(secret).replace("&#x27;", "&#39;")
    for escaped in (True, False):
        text = json.dumps(secret, ensure_ascii=escaped)[1:-1]
        yield text
        yield text.replace("/", "\\/")


def single_byte(text: str) -> set[bytes]:
    """Return *text* encoded in the single-byte charsets that servers use; {} for ASCII."""
    encoded = set()
    if not text.isascii():
        for charset in ("latin-1", "cp1252"):
            try:
                encoded.add(text.encode(charset))
            except UnicodeEncodeError:
                continue
    return encoded


def _utf_16(secret: str) -> dict[bytes, bytes]:
    """Return *secret* in UTF-16, without its outer zero bytes -> the mask in the same encoding.

    Without the outer zero bytes, most texts are the same in both byte orders.
    """
    masks = {}
    for charset in ("utf-16-le", "utf-16-be"):
        encoded = secret.encode(charset, "surrogatepass")
        mask = _MASK_IN_UTF_16.encode(charset)
        inner = encoded.strip(b"\0")
        if inner != encoded:
            mask = mask.strip(b"\0")
        masks[inner] = mask
    return masks


def _digit_forms(octets: bytes) -> Iterator[Form]:
    """Yield *octets* in base64, in base64 of base64, and in base32 (RFC 4648, sections 4 to 6)."""
    for inner, _, _ in _digits(octets, *_BASE_64):
        for spelling in _urlsafe(inner):
            yield from _base64_forms(spelling.encode("ascii"))
    yield from _base64_forms(octets)
    for inner, shares_first, shares_last in _digits(octets, *_BASE_32):
        yield Form(fold(inner), "", shares_first, shares_last)


def _base64_forms(octets: bytes) -> Iterator[Form]:
    for inner, shares_first, shares_last in _digits(octets, *_BASE_64):
        for text in _urlsafe(inner):
            yield Form(fold(text), "", shares_first, shares_last)


def _urlsafe(digits: str) -> set[str]:
    return {digits, digits.replace("+", "-").replace("/", "_")}


_BASE_64 = (base64.b64encode, 3, 6)
_BASE_32 = (base64.b32encode, 5, 5)
"""An encoder, the number of bytes in a group, and the number of bits in a digit."""


def _digits(
    octets: bytes,
    encoder: Callable[[bytes], bytes],
    group: int,
    bits_of_digit: int,
) -> Iterator[tuple[str, bool, bool]]:
    """Yield the digits of *octets* for each offset at which they may begin in a *group* of bytes.

    Only digits are included that depend on *octets* alone. The two flags say whether the digit
    before and the digit after also contain bits of *octets*.
    """
    for offset in range(group):
        digits = encoder(bytes(offset) + octets).decode("ascii")
        bits = 8 * (offset + len(octets))
        inner = digits[-(-8 * offset // bits_of_digit) : bits // bits_of_digit]
        yield inner, bool(offset), bool(bits % bits_of_digit)


DIGIT = re.compile(r"[A-Za-z0-9+/_-]")
DIGITS = re.compile(r"[a-z0-9+/_-]+")


def fold(text: str) -> str:
    """Return *text* in lower case, without changing the positions of characters."""
    if text.isascii():
        return text.lower()
    # Two special cases: the lower case of U+0130 has two characters, and a capital sigma becomes
    # another letter at the end of a word.
    return text.replace("\u0130", "i").lower().replace("\u03c2", "\u03c3")


def fold_octets(octets: bytes) -> str:
    return octets.decode("latin-1").lower()
