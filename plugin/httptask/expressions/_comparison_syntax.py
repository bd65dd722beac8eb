"""Parse conditions in the platform's own form: `$.value >= 20 && $.type !== 'Private'`.

The syntax is a part of JavaScript's: members by dot and bracket, literals, comparisons, `&&`, `||`,
`!` and parentheses. Anything else is refused, with its position in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from httptask._core.strict_json import number
from httptask.errors import CodedError

LONGEST = 16 * 1024
"""Characters of one condition."""
_DEEPEST = 100
"""Nested parentheses and `!`."""


class Undefined:
    """JavaScript's `undefined`: the value of a member that does not exist."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, a number, true, false, null or undefined."""

    value: Any


@dataclass(frozen=True, slots=True)
class Path:
    """`$`, the output of the preceding task, or a member of that output."""

    keys: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a value."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Comparisons of the same precedence, from left to right: `a < b`, but also `a < b < c`."""

    first: Node
    others: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`&&` or `||`: its value is the first operand that decides, else the last."""

    is_and: bool
    operands: tuple[Node, ...]


Node = Literal | Path | Not | Comparisons | Logic


class ConditionError(CodedError):
    """A condition does not have this syntax; the param `place` has the line and the column."""

    @classmethod
    def at(
        cls,
        text: str,
        index: int,
        code: str,
        **params: Any,
    ) -> Self:
        """Return the error *code* at *index* in the condition *text*."""
        before = text[:index]
        line = before.count("\n") + 1
        column = index - (before.rfind("\n") + 1) + 1
        return cls(
            code,
            params,
            found=text[:200],
            place=f"line {line}, column {column}",
        )


def parsed(text: str) -> Node:
    """Parse the condition *text*. Raises `ConditionError`."""
    if len(text) > LONGEST:
        raise ConditionError.at(text, LONGEST, "condition-length", limit=LONGEST)
    return _Parser(text, _tokens(text)).whole()


# Tokens

SPACES = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""The characters of WhiteSpace and LineTerminator in ECMA-262."""
_SPACE = re.compile(f"[{SPACES}]+")
_NUMBER = re.compile(r"(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGN = re.compile(r"===|!==|==|!=|<=|>=|&&|\|\||[<>!().\[\]-]")
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "0": "\0",
}
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}")
_BEYOND = {
    "=": "condition-assigns",
    "&": "condition-and",
    "|": "condition-or",
    "`": "condition-quotes",
    "{": "condition-expression",
    **dict.fromkeys("+*/%~^", "condition-calculates"),
}
"""Sign that is not part of this syntax -> the code of its error."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A token of a condition."""

    kind: str
    """`number`, `text`, `name`, `sign` or `end`."""
    value: Any
    index: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    index = 0
    while index < len(text):
        match = _SPACE.match(text, index)
        if match:
            index = match.end()
            continue
        token, index = _token(text, index)
        tokens.append(token)
    return [*tokens, _Token("end", "", len(text))]


def _token(text: str, start: int) -> tuple[_Token, int]:
    """Return the token at *start* in *text*, and its end."""
    sign = text[start]
    if sign in "'\"":
        value, end = _text(text, start)
        return _Token("text", value, start), end
    match = _NUMBER.match(text, start)
    if match:
        # "1a" would otherwise be read as a number and a name.
        after = _name(text, match.end())
        if after:
            raise ConditionError.at(text, start, "condition-number", sign=match[0] + after)
        try:
            return _Token("number", _number(match[0]), start), match.end()
        except ValueError as error:
            raise ConditionError.at(
                text,
                start,
                "condition-number-unread",
                jsonMessage=str(error),
            ) from error
    name = _name(text, start)
    if name.replace("$", "_").isidentifier():
        return _Token("name", name, start), start + len(name)
    match = _SIGN.match(text, start)
    if match:
        return _Token("sign", match[0], start), match.end()
    raise ConditionError.at(
        text,
        start,
        _BEYOND.get(sign, "condition-sign"),
        sign=sign,
    )


def _name(text: str, start: int) -> str:
    """Return the characters of a name at *start* in *text*: letters of any language with their
    combining marks, digits, `_` and `$`.
    """
    end = start
    while end < len(text) and (text[end] == "$" or f"_{text[end]}".isidentifier()):
        end += 1
    return text[start:end]


def _number(written: str) -> Any:
    """Parse the number *written* as in JavaScript, which also allows `5.` and `.5`."""
    mantissa, marker, exponent = written.partition("e" if "e" in written else "E")
    whole, point, decimals = mantissa.partition(".")
    if not point and not marker:
        return int(whole)
    return number(f"{whole or 0}{point and '.'}{decimals or (point and '0')}{marker}{exponent}")


def _text(text: str, start: int) -> tuple[str, int]:
    """Return the value of the string that begins at *start*, and its end."""
    quote = text[start]
    index = start + 1
    pieces: list[str] = []
    while index < len(text) and text[index] not in "\n\r":
        sign = text[index]
        if sign == quote:
            # Two escapes may form one character (a surrogate pair).
            joined = "".join(pieces).encode("utf-16", "surrogatepass")
            return joined.decode("utf-16", "surrogatepass"), index + 1
        if sign == "\\":
            piece, index = _escaped(text, index + 1)
            pieces.append(piece)
        else:
            pieces.append(sign)
            index += 1
    raise ConditionError.at(text, start, "condition-quote-unclosed", sign=quote)


def _escaped(text: str, index: int) -> tuple[str, int]:
    """Return the character for the escape at *index*, which follows the backslash, and its end."""
    sign = text[index : index + 1]
    if sign in ("x", "u"):
        match = _CODE.match(text, index)
        code = -1
        if match:
            code = int(next(filter(None, match.groups())), 16)
        if match is None or code > 0x10FFFF:
            raise ConditionError.at(text, index - 1, "condition-escape")
        return chr(code), match.end()
    is_octal = sign.isdecimal() and (sign != "0" or text[index + 1 : index + 2].isdecimal())
    if not sign or sign in "\n\r\u2028\u2029" or is_octal:
        raise ConditionError.at(text, index - 1, "condition-escape-unread")
    return _ESCAPES.get(sign, sign), index + 1


# The tree

_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": UNDEFINED,
}
_EQUAL = ("===", "!==", "==", "!=")
_ORDER = ("<", ">", "<=", ">=")


class _Parser:
    """Parses *tokens* of the condition *text* by JavaScript's operator precedence."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._disjunction()
        if self._now.kind != "end":
            raise self._refusal()
        return node

    @property
    def _now(self) -> _Token:
        return self._tokens[self._position]

    def _accept(self, *signs: str) -> str | None:
        """Return the current sign and step past it, if it is one of *signs*; else None."""
        token = self._now
        if token.kind != "sign" or token.value not in signs:
            return None
        self._position += 1
        return str(token.value)

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise self._refusal("condition-expects-sign", expected=sign)

    def _refusal(self, code: str | None = None, **params: Any) -> ConditionError:
        """Return the error for the current token: *code*, or the code that fits the token."""
        token = self._now
        if code is None and token.kind == "end":
            code = "condition-ends"
        elif code is None and token.value == "(":
            code = "condition-calls"
        elif code is None and token.value == "-":
            code = "condition-calculates"
        elif code is None:
            code = "condition-misplaced"
            params = {"sign": str(token.value)}
        return ConditionError.at(
            self._text,
            token.index,
            code,
            **params,
        )

    def _disjunction(self) -> Node:
        operands = [self._conjunction()]
        while self._accept("||"):
            operands.append(self._conjunction())
        if len(operands) == 1:
            return operands[0]
        return Logic(False, tuple(operands))

    def _conjunction(self) -> Node:
        operands = [self._equality()]
        while self._accept("&&"):
            operands.append(self._equality())
        if len(operands) == 1:
            return operands[0]
        return Logic(True, tuple(operands))

    def _equality(self) -> Node:
        first = self._relation()
        comparisons = []
        while operator := self._accept(*_EQUAL):
            comparisons.append((operator, self._relation()))
        if comparisons:
            return Comparisons(first, tuple(comparisons))
        return first

    def _relation(self) -> Node:
        first = self._operand()
        comparisons = []
        while operator := self._accept(*_ORDER):
            comparisons.append((operator, self._operand()))
        if comparisons:
            return Comparisons(first, tuple(comparisons))
        return first

    def _operand(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refusal("condition-depth", limit=_DEEPEST)
        try:
            if self._accept("!"):
                return Not(self._operand())
            if self._accept("("):
                node = self._disjunction()
                self._expect(")")
                return self._alone(node)
            return self._value()
        finally:
            self._depth -= 1

    def _value(self) -> Node:
        is_negative = self._accept("-")
        token = self._now
        if is_negative and token.kind != "number":
            raise self._refusal("condition-minus")
        if token.kind in ("number", "text"):
            self._position += 1
            return self._alone(Literal(-token.value if is_negative else token.value))
        if token.kind == "name" and token.value in _WORDS:
            self._position += 1
            return self._alone(Literal(_WORDS[token.value]))
        if token.kind == "name" and token.value == "$":
            self._position += 1
            return self._path()
        if token.kind == "name":
            raise self._refusal("condition-name", name=token.value)
        raise self._refusal()

    def _alone(self, node: Node) -> Node:
        """Return *node*. Raises if a member of *node* is looked up: only `$` has members."""
        if self._now.kind == "sign" and self._now.value in (".", "["):
            raise self._refusal("condition-members")
        return node

    def _path(self) -> Node:
        keys: list[str | int] = []
        while sign := self._accept(".", "["):
            token = self._now
            if sign == ".":
                if token.kind != "name":
                    raise self._refusal("condition-expects-name")
                self._position += 1
            else:
                is_index = token.kind == "number" and isinstance(token.value, int)
                if token.kind != "text" and not is_index:
                    raise self._refusal("condition-expects-key")
                self._position += 1
                self._expect("]")
            keys.append(token.value)
        return Path(tuple(keys))
