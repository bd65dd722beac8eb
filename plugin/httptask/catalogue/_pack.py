"""The packed form of endpoints: text in compressed blocks, made and read without the catalogue.

The endpoints of an API are *packed* as lines, and so are the definitions their schemas refer to:
each definition once, however many endpoints need it. A line names the definitions it refers to by
their positions, so that `Reader` gathers the definitions of an endpoint without parsing them.
Consecutive lines share a block, because they are alike: together they take a fourteenth of their
size, and one is opened by decompressing 64 KiB.

    line of an endpoint      definitions that its request refers to, definitions that its responses
                             refer to, the endpoint, its responses
    line of a definition     definitions that it refers to, its name, the schema

Tabs separate the fields of a line, spaces the positions, line feeds the lines: JSON text has none
of them raw.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Any, NamedTuple

from httptask._schema.graph import components
from httptask._schema.subschemas import DEFINITION, definition_name
from httptask.catalogue import _search
from httptask.catalogue._origin import Origin
from httptask.errors import CatalogueError
from httptask.model.api import Endpoint, Parameter, Response

BLOCK = 64 * 1024
"""Bytes of text after which a block is full.

Twice as much saves a tenth of the space and costs a tenth more time.
"""

MOST_DEFINITIONS = 2_000
"""The most definitions that one endpoint is opened with."""
MOST_DEFINED = 2 * 1024 * 1024
"""The most bytes of JSON text of these definitions."""

_MOST_WRITTEN = 8 * 1024 * 1024
"""Bytes of JSON texts of shared parameters and responses that are kept while an API is packed."""

LEFT_OUT = {
    "$comment": f"left out: what this endpoint refers to is more than {MOST_DEFINED // 2**20} MiB"
}
"""The schema in place of a definition beyond these bounds: it accepts any value."""
_UNDEFINED = {"$comment": "left out: the description does not define it"}

_LEVEL = 6
"""zlib's level: 9 saves another hundredth."""

_ENDPOINTS, _DEFINITIONS = 0, 1
"""What a block contains; part of its number."""

# Without check_circular a value that contains itself ends in a RecursionError, which is as good.
_JSON: dict[str, Any] = {"allow_nan": False, "separators": (",", ":"), "check_circular": False}
_ENCODER = json.JSONEncoder(ensure_ascii=False, **_JSON)
_ENCODER_TO_ASCII = json.JSONEncoder(**_JSON)

# As `_dumped` writes a reference. A match in an example only adds a definition, which does no harm.
_REFERENCE = re.compile(rb'"\$ref":"#/\$defs/((?:[^"\\]|\\.)*+)"')

DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error)
"""What reading a damaged catalogue may raise in this module."""


class Entry(NamedTuple):
    """One endpoint: the values of its row, and its terms for the index."""

    order: int
    """Its number among all endpoints passed to `prepare`, from 0."""
    id: str
    method: str
    path: str
    title: str
    deprecated: bool
    identity: int
    fingerprint: int
    """Equal if the endpoint and all definitions it needs, directly or not, are equal."""
    bucket: int
    columns: tuple[str, ...]
    """See `_search.indexed`."""


class Block(NamedTuple):
    """Consecutive lines, compressed."""

    content: int
    """`_ENDPOINTS` or `_DEFINITIONS`."""
    first: int
    """The position of its first line."""
    data: bytes


@dataclass(frozen=True, slots=True)
class PreparedApi:
    """The packed endpoints of one API; the index of an entry is the endpoint's position."""

    provider: str
    name: str
    title: str
    version: str
    entries: tuple[Entry, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The packed endpoints of one source, for `Catalogue.put_prepared`.

    It can be pickled, and is far smaller than the source.
    """

    source: str
    digest: bytes
    whole: bool
    apis: tuple[PreparedApi, ...]
    origin: Origin | None = None
    """Where the source came from; None where nobody can read it again."""

    @property
    def count(self) -> int:
        """The number of endpoints."""
        return sum(len(api.entries) for api in self.apis)


def prepare(
    endpoints: Iterable[Endpoint], *, source: str, digest: bytes = b"", whole: bool = False
) -> Prepared:
    """Pack *endpoints* for `Catalogue.put_prepared`.

    This is the part of `Catalogue.put` that needs no catalogue, so that another process can do it.
    The arguments are the same. Each endpoint is packed, with the definitions it needs, before the
    next one is taken. Raises `CatalogueError` for an endpoint that JSON cannot represent.
    """
    packers: dict[tuple[bytes, str], _Packer] = {}
    for order, endpoint in enumerate(endpoints):
        api = folded(endpoint.provider), endpoint.api.name
        packer = packers.get(api) or packers.setdefault(api, _Packer(endpoint))
        packer.add(order, endpoint if endpoint.source else replace(endpoint, source=source))
    return Prepared(source, digest, whole, tuple(packer.packed() for packer in packers.values()))


def folded(provider: str) -> bytes:
    """Return the bytes that *provider* is compared by: ASCII letters in lower case.

    SQLite's NOCASE compares in the same way.
    """
    return provider.encode("utf-8", "surrogatepass").lower()


def _hash(*parts: bytes) -> bytes:
    """Return a hash of *parts* in 8 bytes."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)  # as SQLite's integers are


def _identity(endpoint: Endpoint) -> int:
    """Return a hash of what tells an endpoint from another: provider, API, path and method."""
    texts = (endpoint.api.name, endpoint.path, endpoint.method.upper())
    encoded = (text.encode("utf-8", "surrogatepass") for text in texts)
    return _number(_hash(folded(endpoint.provider), *encoded))


def _dumped(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return _ENCODER_TO_ASCII.encode(value).encode("ascii")


# --- packing ------------------------------------------------------------------------------------


class _Lines:
    """Gathers lines of endpoints, or of definitions, into blocks."""

    def __init__(self, content: int) -> None:
        self._content = content
        self._blocks: list[Block] = []
        self._lines: list[bytes] = []
        self._bytes = 0
        self._first = 0

    def add(self, *fields: bytes) -> None:
        line = b"\t".join(fields)
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes >= BLOCK:
            self._close()

    def blocks(self) -> list[Block]:
        if self._lines:
            self._close()
        return self._blocks

    def _close(self) -> None:
        data = zlib.compress(b"\n".join(self._lines), _LEVEL)
        self._blocks.append(Block(self._content, self._first, data))
        self._first += len(self._lines)
        self._lines, self._bytes = [], 0


class _Packer:
    """Packs the endpoints of one API."""

    def __init__(self, first: Endpoint) -> None:
        self._first = first
        self._endpoints = _Lines(_ENDPOINTS)
        self._definitions = _DefinitionPacker()
        self._texts = _Texts()
        self._entries: list[tuple[Entry, bytes, list[int]]] = []

    def add(self, order: int, endpoint: Endpoint) -> None:
        """Pack *endpoint*, and the definitions it needs that are not packed yet."""
        try:
            request, answers = self._texts.request(endpoint), self._texts.responses(endpoint)
            self._definitions.open(endpoint.definitions)
            requested, answered = map(self._definitions.positions, (request, answers))
            self._definitions.pack()
        except (RecursionError, TypeError, ValueError) as error:
            raise CatalogueError(
                f"the endpoint {endpoint.id!r} cannot be stored: it is not JSON ({error}); nothing"
                " was stored"
            ) from error
        self._endpoints.add(_written(requested), _written(answered), request, answers)
        entry = Entry(
            order,
            endpoint.id,
            endpoint.method.upper(),
            endpoint.path,
            endpoint.title,
            endpoint.deprecated,
            _identity(endpoint),
            0,
            _search.number_bucket(endpoint),
            _search.indexed(endpoint),
        )
        self._entries.append((entry, _hash(request, answers), requested + answered))

    def packed(self) -> PreparedApi:
        """Return the API with all endpoints that were added."""
        first, fingerprints = self._first, self._definitions.fingerprints()
        entries = tuple(
            entry._replace(
                fingerprint=_number(
                    _hash(own_hash, b"".join(fingerprints[position] for position in positions))
                )
            )
            for entry, own_hash, positions in self._entries
        )
        blocks = (*self._endpoints.blocks(), *self._definitions.lines.blocks())
        return PreparedApi(
            first.provider, first.api.name, first.api.title, first.api.version, entries, blocks
        )


class _Texts:
    """Writes endpoints as JSON; parameters and responses that they share are serialised once."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[Parameter | Response, bytes]] = {}
        """`id` of an object -> the object and its text; keeping the object keeps its `id` taken."""
        self._room = _MOST_WRITTEN

    def request(self, endpoint: Endpoint) -> bytes:
        """Return the JSON text of *endpoint* without its responses and definitions."""
        value = endpoint.to_json(shared=False)
        rest = {name: value.pop(name) for name in list(value)[list(value).index("parameters") :]}
        rest.pop("parameters")
        texts = [self._text(parameter) for parameter in endpoint.parameters]
        parameters = b'"parameters":[%s]' % b",".join(texts)
        before, after = _dumped(value)[:-1], _dumped(rest)[1:]
        return b"%s,%s%s%s" % (before, parameters, b"," if rest else b"", after)

    def responses(self, endpoint: Endpoint) -> bytes:
        """Return the JSON text of the responses of *endpoint*, empty when it has none."""
        items = endpoint.responses.items()
        fields = [_dumped(status) + b":" + self._text(response) for status, response in items]
        return b"{%s}" % b",".join(fields) if fields else b""

    def _text(self, part: Parameter | Response) -> bytes:
        written = self._written.get(id(part))
        if written is not None:
            return written[1]
        text = _dumped(part.to_json())
        self._room -= len(text)
        if self._room < 0:
            self._written.clear()
            self._room = _MOST_WRITTEN
        self._written[id(part)] = part, text
        return text


class _DefinitionPacker:
    """Packs the definitions of one API in the order in which references to them come."""

    def __init__(self) -> None:
        self.lines = _Lines(_DEFINITIONS)
        self._mapping: Mapping[str, Any] = {}
        self._positions: dict[bytes, int] = {}
        """Reference after `#/$defs/` -> the definition's position, for the present mapping."""
        self._names: dict[str, int] = {}
        self._count = 0
        self._pending: deque[str] = deque()
        """Names of definitions that have a position and are not packed yet, in order."""
        self._own: list[bytes] = []
        self._targets: list[list[int]] = []

    def positions(self, text: bytes) -> list[int]:
        """Return the positions of the definitions that the JSON *text* refers to, each once."""
        return [self._position(reference) for reference in dict.fromkeys(_REFERENCE.findall(text))]

    def open(self, definitions: Mapping[str, Any]) -> None:
        """Look up references in *definitions* from now on."""
        # Another mapping is another description's: its names may mean other definitions.
        if definitions is not self._mapping:
            self._mapping, self._positions, self._names = definitions, {}, {}

    def pack(self) -> None:
        """Pack the pending definitions, and all definitions that they refer to."""
        while self._pending:
            name = self._pending.popleft()
            schema = _dumped(self._mapping.get(name, _UNDEFINED))
            targets = self.positions(schema)
            self.lines.add(_written(targets), _dumped(name), schema)
            self._own.append(_hash(name.encode("utf-8", "surrogatepass"), schema))
            self._targets.append(targets)

    def fingerprints(self) -> list[bytes]:
        """Return a hash for each definition, over it and all it refers to, directly or not."""
        fingerprints = [b""] * self._count
        for members in components(range(self._count), self._targets.__getitem__):
            # The members of the group itself have no fingerprint yet.
            reached = {
                fingerprints[target] for member in members for target in self._targets[member]
            } - {b""}
            own_hashes = sorted(self._own[member] for member in members)
            shared = _hash(b"".join(own_hashes), b"".join(sorted(reached)))
            for member in members:
                fingerprints[member] = _hash(self._own[member], shared)
        return fingerprints

    def _position(self, reference: bytes) -> int:
        if reference not in self._positions:
            name = _name(reference, self._mapping)
            if name not in self._names:
                self._names[name] = self._count
                self._count += 1
                self._pending.append(name)
            self._positions[reference] = self._names[name]
        return self._positions[reference]


def _name(reference: bytes, definitions: Container[str]) -> str:
    """Return the name of the definition that *reference* points at or into.

    *reference* is what follows `#/$defs/` in JSON text.
    """
    whole, first = _names(reference)
    return first if first in definitions and whole not in definitions else whole


def _names(reference: bytes) -> tuple[str, str]:
    written = str(json.loads(b'"' + reference + b'"'))
    whole, first = (
        definition_name(DEFINITION + text) or "" for text in (written, written.partition("/")[0])
    )
    return whole, first


def _written(positions: Iterable[int]) -> bytes:
    return " ".join(map(str, positions)).encode("ascii")


# --- opening ------------------------------------------------------------------------------------


class Reader:
    """Opens packed endpoints.

    *fetch* takes a block number, and returns the last block whose number is not above it: (number,
    data). Opened lines are kept, so a reader is for one transaction.
    """

    def __init__(self, fetch: Callable[[int], tuple[int, bytes]]) -> None:
        self._fetch = fetch
        self._lines: dict[int, bytes] = {}

    def endpoint(self, description: int, position: int) -> Endpoint:
        """Return the endpoint at *position* of *description*, without its definitions.

        Raises one of `DAMAGE`.
        """
        _, _, request, answers = self._line(description, _ENDPOINTS, position)
        return _endpoint(request, answers)

    def complete(self, description: int, position: int) -> Endpoint:
        """Return the endpoint at *position* of *description* with every definition it needs.

        The definitions are gathered breadth first, those for the request before those for the
        responses, up to `MOST_DEFINITIONS` and `MOST_DEFINED`; further ones are `LEFT_OUT`. Raises
        one of `DAMAGE`.
        """
        requested, answered, request, answers = self._line(description, _ENDPOINTS, position)
        texts, is_whole = self._reached(description, _read(requested), _read(answered))
        schemas = {json.loads(name): schema for name, schema in texts.items()}
        left_out: Iterable[str] = ()
        if not is_whole:
            left_out = _undefined_names(chain((request, answers), schemas.values()), schemas)
        endpoint = _endpoint(request, answers)
        if not schemas and not left_out:
            return endpoint
        return replace(endpoint, definitions=Definitions(schemas, left_out))

    def _reached(self, description: int, *starts: Iterable[int]) -> tuple[dict[bytes, bytes], bool]:
        """Return name -> schema of the definitions reached from *starts*; and if these are all."""
        schemas: dict[bytes, bytes] = {}
        room, is_whole = MOST_DEFINED, True
        seen: set[int] = set()
        for start in starts:
            pending = deque(start)
            while pending:
                position = pending.popleft()
                if position in seen:
                    continue
                if len(seen) >= MOST_DEFINITIONS:
                    return schemas, False
                seen.add(position)
                targets, name, schema = self._line(description, _DEFINITIONS, position)
                if len(schema) <= room:
                    schemas[name] = schema
                    room -= len(schema)
                    pending.extend(_read(targets))
                else:
                    is_whole = False
        return schemas, is_whole

    def _line(self, description: int, content: int, position: int) -> list[bytes]:
        number = block_number(description, content, position)
        if number not in self._lines:
            first, data = self._fetch(number)
            self._lines.update(zip(count(first), zlib.decompress(data).split(b"\n"), strict=False))
        return self._lines[number].split(b"\t")


def block_number(description: int, content: int, position: int) -> int:
    """Return the number of the block of *description* that begins at *position*.

    The numbers of a description's blocks are in the order of positions.
    """
    return (description << 1 | content) << 31 | position


class Definitions(Mapping[str, Any]):
    """Name -> JSON Schema, parsed on first access: an endpoint may have thousands and use two."""

    def __init__(self, texts: Mapping[str, bytes], left_out: Iterable[str] = ()) -> None:
        self._texts = texts
        self._schemas: dict[str, Any] = dict.fromkeys(texts) | dict.fromkeys(left_out, LEFT_OUT)

    def __getitem__(self, name: str) -> Any:
        schema = self._schemas[name]
        if schema is None:
            schema = self._schemas[name] = json.loads(self._texts[name])
        return schema

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def __iter__(self) -> Iterator[str]:
        return iter(self._schemas)

    def __len__(self) -> int:
        return len(self._schemas)

    def __repr__(self) -> str:
        return repr(dict(self))


def _endpoint(request: bytes, answers: bytes) -> Endpoint:
    value = json.loads(request)
    if answers:
        value["responses"] = json.loads(answers)
    return Endpoint.from_json(value)


def _undefined_names(texts: Iterable[bytes], defined: Container[str]) -> dict[str, None]:
    """Return the names that the JSON *texts* refer to and that are not in *defined*."""
    references = dict.fromkeys(chain.from_iterable(map(_REFERENCE.findall, texts)))
    names = (pair for pair in map(_names, references) if not any(name in defined for name in pair))
    return dict.fromkeys(chain.from_iterable(names))


def _read(positions: bytes) -> Iterator[int]:
    return map(int, positions.split())
