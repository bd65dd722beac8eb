"""Read YAML 1.2 (core schema) as a JSON value, within limits.

The value is built from the events of PyYAML's parser, without recursion. PyYAML's loader is not
used: it follows YAML 1.1, where `on` and `no` are booleans and dates are not strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import yaml

from httptask._core import pointers, strict_json
from httptask.errors import DescriptionError
from httptask.importers.documents._json_members import MAX_DUPLICATES
from httptask.importers.documents._text import Text

MAX_YAML_BYTES = 16 * 1024 * 1024
"""The most bytes of YAML text. YAML takes 20 times as long as JSON."""
MAX_DEPTH = 200
"""The most levels of nesting, with the levels in aliases."""
MAX_MEMBERS = 50_000
"""The most members of one mapping."""
MAX_NODES = 650_000
"""The most nodes that are built: names, values and the copies that a merge makes.

GitHub's description, the largest known one in YAML, has 480,000.
"""
MAX_ANCHORS = 10_000
MAX_TAG_DIRECTIVES = 100
"""The most `%TAG` lines. libyaml's time for them grows with the square of their number."""
MAX_EMPTY_DOCUMENTS = 100
"""The most documents, of which only one may have content."""
MAX_EXPANDED = 2_000_000
"""The most nodes after each alias is replaced by its value, as in JSON."""
MAX_GROWTH = 20
"""The most expanded nodes for each built node, in documents beyond `ALWAYS_EXPANDED`."""
ALWAYS_EXPANDED = 100_000
MAX_SPELLINGS = 20_000
"""The most numbers and booleans whose YAML spelling, unlike JSON's, is remembered."""
MAX_NOTES = 100
"""The most notes on tags."""

_LETTERS_A_NODE = 256
"""So many letters of a string count as one more node: aliases of a long string are a bomb, too."""
_LINES_TO_LEVEL = 5
"""Levels with known lines: `paths`, a path, a method, an operation's fields, their items."""
_MAX_LINES = 100_000

_SHOWN = 60
"""How many letters of a tag a note shows."""
_STANDARD = "tag:yaml.org,2002:"

# YAML 1.2.2, section 10.3.2: the types of a plain scalar, tried in this order.
_NULL = re.compile(r"null|Null|NULL|~|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")


def _not_json(text: str) -> Any:
    raise ValueError(f"{text} is not a number that JSON has; use a number, a string or null")


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:  # more digits than Python converts
        raise ValueError(f"the integer {text[:40]} is too long") from None


_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (_NULL, lambda _: None),
    (_BOOL, lambda text: text.lower() == "true"),
    (_INT, _integer),
    (_OCTAL, lambda text: int(text, 0)),
    (_HEXADECIMAL, lambda text: int(text, 0)),
    (_FLOAT, strict_json.finite),
    (_NOT_FINITE, _not_json),
)
_STARTS_NO_WORD = frozenset("+-.0123456789~nNtTfF")
"""A plain scalar that begins with any other character is a string."""

_TAGGED: Mapping[str, tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = {
    f"{_STANDARD}null": _PLAIN[:1],
    f"{_STANDARD}bool": _PLAIN[1:2],
    f"{_STANDARD}int": _PLAIN[2:5],
    f"{_STANDARD}float": ((_FLOAT, strict_json.finite), (_NOT_FINITE, _not_json)),
}
"""Standard tag -> the scalars that it allows (YAML 1.2.2, sections 10.2.1 and 10.3.2)."""


def plain_scalar(text: str) -> Any:
    """Return the JSON value of the plain scalar *text*.

    Raises `ValueError` for a number that JSON does not have.
    """
    if text and text[0] not in _STARTS_NO_WORD:
        return text
    return _resolved(text, _PLAIN, text)


def _resolved(
    text: str,
    rows: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...],
    otherwise: Any,
) -> Any:
    """Convert *text* by the first of *rows* whose pattern it fits; return *otherwise* if none."""
    for pattern, convert in rows:
        if pattern.fullmatch(text):
            return convert(text)
    return otherwise


class _Anchored(NamedTuple):
    """The value that an alias stands for."""

    value: Any
    text: str | None
    """The spelling of a scalar, used if the alias is a name. None if it is no scalar."""
    size: int
    """Number of nodes, with aliases replaced by their values."""
    height: int
    """Levels of containers, with aliases replaced. A scalar has 0."""


class _Open:
    """A mapping or sequence that is being read."""

    __slots__ = ("anchor", "height", "merged", "merges", "name", "size", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.size = 1
        self.height = 1
        self.name: str | None = None
        """In a mapping: the name whose value comes next."""
        self.merges = False
        """Whether `name` is the merge key `<<`."""
        self.merged: set[str] = set()
        """Names that came from a merge. An explicit member replaces them."""

    def awaits_name(self) -> bool:
        return self.name is None and isinstance(self.value, dict)


class YamlText:
    """The YAML of *text*, read at once. Raises `DescriptionError`."""

    def __init__(self, text: Text, *, takes_array: bool = False) -> None:
        self._text = text
        self._roots = (dict, list) if takes_array else (dict,)
        self.duplicates: list[str] = []
        """JSON Pointers of duplicate names."""
        self.notes: list[tuple[str, int]] = []
        """Guesses, as (sentence, line)."""
        self._lines: dict[int, int] = {}
        """Python `id` of a container -> its line."""
        self._thrown: list[Any] = []
        """Replaced duplicates, kept alive so that their Python `id`s are not used again."""
        self._spellings: dict[int, dict[str | int, str]] = {}
        """Python `id` of a container -> name or index of a scalar -> spelling, unlike JSON's."""
        self._opened: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        """Name of an anchor -> its value, or None while the value is incomplete."""
        self._breaks: dict[int, str] = {}
        """Replacement -> original character: see `_without_breaks`."""
        self._documents = 0
        self._spelt = 0
        self._built = 0
        self._expanded = 0
        self._line = 1
        self._root: dict[str, Any] | list[Any] | None = None
        if len(text.data) > MAX_YAML_BYTES:
            raise DescriptionError(_FILE_TOO_LARGE, source=text.name)
        if text.data.count(b"%TAG") > MAX_TAG_DIRECTIVES:
            raise DescriptionError(
                f"more than {MAX_TAG_DIRECTIVES} %TAG directives; write the tags out",
                source=text.name,
            )
        self.root = self._read()

    def line_of(self, tokens: tuple[str, ...]) -> int:
        """Return the line of the value at *tokens*, or of its nearest parent with a known line."""
        node: Any = self.root
        line = self._lines.get(id(node), 1)
        for token in tokens:
            node = pointers.child(node, token)
            line = self._lines.get(id(node), line)
        return line

    def text_of(self, tokens: tuple[str, ...], value: Any) -> str | None:
        """Return the spelling of the scalar *value* at *tokens*; None if it is that of JSON."""
        container: Any = self.root
        for token in tokens[:-1]:
            container = pointers.child(container, token)
        if not tokens or pointers.child(container, tokens[-1]) != value:
            return None
        key = int(tokens[-1]) if isinstance(container, list) else tokens[-1]
        return self._spellings.get(id(container), {}).get(key)

    def _read(self) -> dict[str, Any] | list[Any]:
        handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: lambda event: self._open(event, {}),
            yaml.SequenceStartEvent: lambda event: self._open(event, []),
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.DocumentStartEvent: self._start,
        }
        # libyaml is many times faster, but not in every build of PyYAML.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            for event in yaml.parse(self._without_breaks(), Loader=loader):
                handle = handlers.get(type(event))
                if handle is not None:
                    self._line = _line(event.start_mark)
                    handle(event)
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error) from error
        except yaml.YAMLError as error:
            raise self._unreadable(error) from error
        if self._root is None:
            raise DescriptionError(_NO_MAPPING, source=self._text.name, line=1)
        return self._root

    def _without_breaks(self) -> bytes:
        """Replace the characters that are line breaks in YAML 1.1, but not in 1.2 (section 5.4).

        libyaml breaks lines at them. `_scalar` restores them.
        """
        data = self._text.data[self._text.start :]
        breaks = [character for character in _OLD_BREAKS if character.encode() in data]
        if not breaks:
            return data
        unused = (chr(code) for code in _PRIVATE_USE if chr(code).encode() not in data)
        for character, replacement in zip(breaks, unused, strict=False):
            data = data.replace(character.encode(), replacement.encode())
            self._breaks[ord(replacement)] = character
        return data

    def _start(self, _: yaml.DocumentStartEvent) -> None:
        self._anchors.clear()
        self._documents += 1
        if self._documents > MAX_EMPTY_DOCUMENTS:
            raise self._error(f"more than {MAX_EMPTY_DOCUMENTS} documents, and most are empty")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text: str = event.value.translate(self._breaks) if self._breaks else event.value
        size = 1 + len(text) // _LETTERS_A_NODE
        self._count(1, size)
        value: Any = text
        if self._opened and self._opened[-1].awaits_name():
            merges = text == "<<" and event.implicit[0] and event.tag is None
            self._name(text, size, merges=merges)
        else:
            value = self._value(event, text)
            self._add(value, size, 0, text)
        if event.anchor is not None:
            self._anchor(event.anchor, _Anchored(value, text, size, 0))

    def _value(self, event: yaml.ScalarEvent, text: str) -> Any:
        """Return the JSON value of a scalar, by its tag or, if it is plain, by its spelling."""
        tag = event.tag
        is_plain = event.implicit[0] or not event.style
        try:
            if tag is None:
                return plain_scalar(text) if is_plain else text
            if tag in _STRINGS:
                return text
            value = _resolved(text, _TAGGED.get(tag, ()), _NONE)
            if value is not _NONE:
                return value
            self._note(
                f"the tag {_shown(tag)} is not followed: the value is read as if it were not there"
            )
            return plain_scalar(text) if is_plain else text
        except ValueError as error:
            raise self._error(str(error)) from error

    def _alias(self, event: yaml.AliasEvent) -> None:
        """Add the value of an anchor again. It may also be the name of a member."""
        if event.anchor not in self._anchors:
            raise self._error(f"the alias *{event.anchor} names no anchor that stands before it")
        node = self._anchors[event.anchor]
        # The anchor is still open: a value that contains itself has no JSON.
        if node is None:
            raise self._error(
                f"the alias *{event.anchor} stands within what it names: the value would have"
                " no end"
            )
        # An alias adds all of its value: counted, or a few lines could expand to gigabytes.
        self._count(1, node.size)
        if self._opened and self._opened[-1].awaits_name():
            if node.text is None:
                raise self._error(_NO_NAME)
            self._name(node.text, node.size, merges=False)
        else:
            self._add(
                node.value,
                node.size,
                node.height,
                node.text,
            )

    def _open(self, event: yaml.CollectionStartEvent, value: dict[str, Any] | list[Any]) -> None:
        """Begin a mapping or sequence, which is *value*, after checks of its position and depth."""
        self._count(1, 1)
        if self._opened and self._opened[-1].awaits_name():
            raise self._error(_NO_NAME)
        if len(self._opened) >= MAX_DEPTH:
            raise self._error(_TOO_DEEP)
        if not self._opened:
            self._begin(value)
        if event.tag not in _COLLECTIONS:
            self._note(
                f"the tag {_shown(event.tag)} is not followed: the value is read as if it were not"
                " there"
            )
        if event.anchor is not None:
            self._anchor(event.anchor, None)
        if len(self._opened) <= _LINES_TO_LEVEL and len(self._lines) < _MAX_LINES:
            self._lines[id(value)] = self._line
        self._opened.append(_Open(value, event.anchor))

    def _close(self, _: yaml.Event) -> None:
        done = self._opened.pop()
        if done.anchor is not None:
            self._anchor(done.anchor, _Anchored(done.value, None, done.size, done.height))
        self._add(done.value, done.size, done.height)

    def _anchor(self, name: str, node: _Anchored | None) -> None:
        self._anchors[name] = node
        if len(self._anchors) > MAX_ANCHORS:
            raise self._error(f"more than {MAX_ANCHORS:,} anchors; write out what they name")

    def _name(self, text: str, size: int, *, merges: bool) -> None:
        """Use *text* as the name of the next value, exactly as written: `200`, `on` or `null`."""
        parent = self._opened[-1]
        parent.name = text
        parent.merges = merges
        parent.size += size
        if len(parent.value) >= MAX_MEMBERS:
            raise self._error(f"one mapping has more than {MAX_MEMBERS:,} members")

    def _add(
        self,
        value: Any,
        size: int,
        height: int,
        text: str | None = None,
    ) -> None:
        """Add *value* to the innermost open container. *text* is the spelling of a scalar."""
        if not self._opened:
            if not isinstance(value, dict | list):
                self._begin(value)
            return
        parent = self._opened[-1]
        parent.size += size
        if height >= parent.height:
            parent.height = height + 1
            # An alias brings its own depth: the containers open now are not all of it.
            if len(self._opened) + height > MAX_DEPTH:
                raise self._error(_TOO_DEEP)
        if text is not None and not isinstance(value, str):
            self._spell(parent, value, text)
        if isinstance(parent.value, list):
            parent.value.append(value)
            return
        name = str(parent.name)
        parent.name = None
        sources = _mergeable(value) if parent.merges else None
        if sources is None:
            self._set(parent, parent.value, name, value)
            return
        for source in sources:
            self._merge(parent, parent.value, source)

    def _spell(self, parent: _Open, value: Any, text: str) -> None:
        """Record *text*, the spelling of the next *value* in *parent*, unless it is JSON's."""
        key = len(parent.value) if isinstance(parent.value, list) else str(parent.name)
        spellings = self._spellings.get(id(parent.value))
        if spellings is not None:
            spellings.pop(key, None)  # of an earlier member with the same name
        if value is None or json.dumps(value) == text or self._spelt >= MAX_SPELLINGS:
            return
        self._spelt += 1
        self._spellings.setdefault(id(parent.value), {})[key] = text

    def _set(
        self,
        parent: _Open,
        members: dict[str, Any],
        name: str,
        value: Any,
    ) -> None:
        if name in parent.merged:
            parent.merged.remove(name)
        elif name in members:
            self._thrown.append(members[name])
            if len(self.duplicates) < MAX_DUPLICATES:
                self.duplicates.append(self._pointer(name))
        members[name] = value

    def _merge(
        self,
        parent: _Open,
        members: dict[str, Any],
        source: dict[str, Any],
    ) -> None:
        """Add the members of *source* that are new (YAML's merge type, as in js-yaml)."""
        self._count(len(source), len(source))
        spellings = self._spellings.get(id(source), {})
        for name, value in source.items():
            if name not in members:
                members[name] = value
                parent.merged.add(name)
                if name in spellings:
                    self._spellings.setdefault(id(members), {})[name] = spellings[name]

    def _pointer(self, name: str) -> str:
        steps = [
            len(container.value) if isinstance(container.value, list) else str(container.name)
            for container in self._opened[:-1]
        ]
        return pointers.pointer([*steps, name])

    def _count(self, built: int, expanded: int) -> None:
        self._built += built
        self._expanded += expanded
        if self._built > MAX_NODES:
            raise self._error(
                f"the description has more than {MAX_NODES:,} values, too many for YAML; save it as"
                " JSON"
            )
        if self._expanded > max(ALWAYS_EXPANDED, min(MAX_EXPANDED, MAX_GROWTH * self._built)):
            raise self._error(
                "the aliases blow the description up to many times its size; write out what they"
                " name"
            )

    def _begin(self, value: Any) -> None:
        """Use *value* as the root. None, the value of an empty document, is ignored."""
        if value is None:
            return
        if self._root is not None:
            raise self._error(
                "a second document begins here; a description is one: save each as a file of"
                " its own"
            )
        if not isinstance(value, self._roots):
            raise self._error(_NO_MAPPING)
        self._root = value

    def _note(self, message: str) -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes.append((message, self._line))

    def _error(self, message: str) -> DescriptionError:
        return DescriptionError(message, source=self._text.name, line=self._line)

    def _syntax(self, error: yaml.MarkedYAMLError) -> DescriptionError:
        """Build our error for a syntax error of libyaml, with a hint if tabs are the cause."""
        mark = error.problem_mark or error.context_mark
        # libyaml 0.2.6 has its own limit of nesting, and reaches it before us: it reads ahead.
        if mark and "nesting" in str(error.problem):
            return DescriptionError(_TOO_DEEP, source=self._text.name, line=_line(mark))
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        is_tab = "cannot start any token" in problem and _TAB_INDENT.search(self._text.data)
        hint = "; indent with spaces, not with tabs" if is_tab else ""
        column = f"column {mark.column + 1}: " if mark else ""
        return DescriptionError(
            f"{column}this is no YAML: {problem}{hint}",
            source=self._text.name,
            line=mark.line + 1 if mark else None,
        )

    def _unreadable(self, error: yaml.YAMLError) -> DescriptionError:
        # yaml.reader.ReaderError has the character, either as a code point or as a string.
        character = getattr(error, "character", -1)
        letter = character
        if isinstance(character, int) and character >= 0:
            letter = chr(character)
        if not isinstance(letter, str):
            return DescriptionError(f"this is no YAML: {error}", source=self._text.name)
        code = f"U+{ord(letter):04X}"
        message = f"the character {code} may not stand in YAML; escape it, in double quotes"
        return self._text.error(message, max(self._text.data.find(letter.encode()), 0))


_FILE_TOO_LARGE = (
    f"the file is larger than {MAX_YAML_BYTES // 2**20} MB, too large for YAML; save it as JSON"
)
_OLD_BREAKS = "\x85\u2028\u2029"
_PRIVATE_USE = range(0xE000, 0xF900)
_TAB_INDENT = re.compile(rb"^ *+\t", re.MULTILINE)
_NONE = object()
_NO_MAPPING = "the top level is no mapping; a description is one, `openapi: …`"
_NO_NAME = (
    "a mapping or sequence stands where a name is expected, which JSON does not have; quote it if"
    " it is a text"
)
_TOO_DEEP = f"nested too deeply: more than {MAX_DEPTH} levels, those of aliases included"
_STRINGS = ("!", f"{_STANDARD}str")
_COLLECTIONS = (None, "!", f"{_STANDARD}map", f"{_STANDARD}seq")


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def _mergeable(value: Any) -> list[dict[str, Any]] | None:
    """Return the mappings in the *value* of a merge key, or None if it has anything else."""
    sources = value if isinstance(value, list) else [value]
    if all(isinstance(source, dict) for source in sources):
        return sources
    return None


def _shown(tag: str) -> str:
    tag = tag.replace(_STANDARD, "!!")
    if len(tag) <= _SHOWN:
        return tag
    return tag[:_SHOWN] + "…"
