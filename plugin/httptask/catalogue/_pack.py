"""Endpoints as text in compressed blocks, and back: what goes into the catalogue's rows, without
the catalogue.

The endpoints of an API are *packed* as lines, and so are the definitions their schemas refer to:
each definition once, however many endpoints need it. A line names the definitions it refers to by
their positions, so that the ones of an endpoint are gathered (`Reader`) without reading what they
say. Neighbours share a block, because they are alike: together they take a fourteenth of their
size, and one is opened by decompressing 64 KiB.

    line of an endpoint      what its request refers to, what its responses refer to, the endpoint,
    its responses
    line of a definition     what it refers to, its name, the schema

The fields of a line are parted by tabs, positions by spaces, lines by line feeds: JSON text holds
none of them raw.
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
"""Bytes of text after which a block is full. Twice as much saves a tenth of the space and costs as
much more time.
"""

MOST_DEFINITIONS = 2_000
"""Definitions that one endpoint is opened with."""
MOST_DEFINED = 2 * 1024 * 1024
"""Bytes of JSON text of the definitions that one endpoint is opened with."""

_MOST_WRITTEN = 8 * 1024 * 1024
"""Bytes of texts that are kept while an API is packed."""

LEFT_OUT = {
    "$comment": f"left out: what this endpoint refers to is more than {MOST_DEFINED // 2**20} MiB"
}
"""What stands for a definition beyond these bounds: any value."""
_UNDEFINED = {"$comment": "left out: the description does not define it"}

_LEVEL = 6
"""zlib's level: 9 saves another hundredth."""

_ENDPOINTS, _DEFINITIONS = 0, 1
"""The two kinds of block."""

# What contains itself ends in a RecursionError either way.
_JSON: dict[str, Any] = {"allow_nan": False, "separators": (",", ":"), "check_circular": False}
_ENCODER = json.JSONEncoder(ensure_ascii=False, **_JSON)
_ENCODER_TO_ASCII = json.JSONEncoder(**_JSON)

# As `_dumped` writes it. It may find one more in an example, which does no harm.
_REFERENCE = re.compile(rb'"\$ref":"#/\$defs/((?:[^"\\]|\\.)*+)"')

DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error)
"""What reading a damaged catalogue may raise here."""


class Entry(NamedTuple):
    """One endpoint, as its row and its words in the index have it."""

    given: int
    """Its place among all endpoints given."""
    id: str
    method: str
    path: str
    title: str
    deprecated: bool
    identity: int
    fingerprint: int
    """Equal where the endpoint and every definition it needs, whether directly or not, are
    equal.
    """
    bucket: int
    columns: tuple[str, ...]
    """See `_search.indexed`."""


class Block(NamedTuple):
    """Some neighbours, compressed."""

    kind: int
    first: int
    """The position of its first line."""
    data: bytes


@dataclass(frozen=True, slots=True)
class PreparedApi:
    """The endpoints of one API; each stands at its place in *entries*."""

    provider: str
    name: str
    title: str
    version: str
    entries: tuple[Entry, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` made of one source, for `Catalogue.put_prepared`. It can be pickled, and is
    far smaller than the source.
    """

    source: str
    digest: bytes
    whole: bool
    apis: tuple[PreparedApi, ...]
    origin: Origin | None = None
    """Where the source came from; None where nobody can read it again."""

    @property
    def count(self) -> int:
        """How many endpoints were given."""
        return sum(len(api.entries) for api in self.apis)


def prepare(
    endpoints: Iterable[Endpoint], *, source: str, digest: bytes = b"", whole: bool = False
) -> Prepared:
    """Do all the work of `Catalogue.put` that needs no catalogue, so that another process can do
    it.

    The arguments are those of `Catalogue.put`. Each endpoint is packed before the next one is asked
    for, and the definitions it needs are looked up. Raises `CatalogueError` for an endpoint that
    JSON cannot hold.
    """
    packers: dict[tuple[bytes, str], _Packer] = {}
    for given, endpoint in enumerate(endpoints):
        api = folded(endpoint.provider), endpoint.api.name
        packer = packers.get(api) or packers.setdefault(api, _Packer(endpoint))
        packer.add(given, endpoint if endpoint.source else replace(endpoint, source=source))
    return Prepared(source, digest, whole, tuple(packer.packed() for packer in packers.values()))


def folded(provider: str) -> bytes:
    """Return *provider* as it is compared: without the case of ASCII letters, like SQLite's
    NOCASE.
    """
    return provider.encode("utf-8", "surrogatepass").lower()


def _hash(*parts: bytes) -> bytes:
    """Return 8 bytes that differ where *parts* do."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)  # as SQLite's integers are


def _identity(endpoint: Endpoint) -> int:
    texts = (endpoint.api.name, endpoint.path, endpoint.method.upper())
    return _number(
        _hash(folded(endpoint.provider), *(text.encode("utf-8", "surrogatepass") for text in texts))
    )


def _dumped(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return _ENCODER_TO_ASCII.encode(value).encode("ascii")


# --- packing ------------------------------------------------------------------------------------


class _Lines:
    """Gathers lines of one kind into blocks."""

    def __init__(self, kind: int) -> None:
        self._kind = kind
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
        self._blocks.append(Block(self._kind, self._first, data))
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

    def add(self, given: int, endpoint: Endpoint) -> None:
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
            given,
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
        """Return everything that was added."""
        first, deep = self._first, self._definitions.fingerprints()
        entries = tuple(
            entry._replace(
                fingerprint=_number(_hash(own, b"".join(deep[position] for position in positions)))
            )
            for entry, own, positions in self._entries
        )
        blocks = (*self._endpoints.blocks(), *self._definitions.lines.blocks())
        return PreparedApi(
            first.provider, first.api.name, first.api.title, first.api.version, entries, blocks
        )


class _Texts:
    """Writes endpoints as JSON texts; parameters and responses that they share are written once."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[Parameter | Response, bytes]] = {}
        """`id` of an object -> the object, so that no other one gets its `id`, and its text."""
        self._room = _MOST_WRITTEN

    def request(self, endpoint: Endpoint) -> bytes:
        """Return the JSON text of *endpoint* without its responses and definitions."""
        value = endpoint.to_json(shared=False)
        behind = {name: value.pop(name) for name in list(value)[list(value).index("parameters") :]}
        behind.pop("parameters")
        texts = [self._text(parameter) for parameter in endpoint.parameters]
        parameters = b'"parameters":[%s]' % b",".join(texts)
        before, after = _dumped(value)[:-1], _dumped(behind)[1:]
        return b"%s,%s%s%s" % (before, parameters, b"," if behind else b"", after)

    def responses(self, endpoint: Endpoint) -> bytes:
        """Return the JSON text of the responses of *endpoint*; an empty one when it has none."""
        items = endpoint.responses.items()
        fields = [_dumped(status) + b":" + self._text(response) for status, response in items]
        return b"{%s}" % b",".join(fields) if fields else b""

    def _text(self, part: Parameter | Response) -> bytes:
        known = self._written.get(id(part))
        if known is not None:
            return known[1]
        text = _dumped(part.to_json())
        self._room -= len(text)
        if self._room < 0:
            self._written.clear()
            self._room = _MOST_WRITTEN
        self._written[id(part)] = part, text
        return text


class _DefinitionPacker:
    """Packs the definitions of one API in the order in which they are met."""

    def __init__(self) -> None:
        self.lines = _Lines(_DEFINITIONS)
        self._mapping: Mapping[str, Any] = {}
        self._known: dict[bytes, int] = {}
        """What stands in a reference -> the definition's position, for the present mapping."""
        self._names: dict[str, int] = {}
        self._count = 0
        self._waiting: deque[str] = deque()
        """Names that have their positions, in their order, but are not packed yet."""
        self._own: list[bytes] = []
        self._targets: list[list[int]] = []

    def positions(self, text: bytes) -> list[int]:
        """Return the positions of the definitions that the JSON *text* refers to, each once."""
        return [self._position(reference) for reference in dict.fromkeys(_REFERENCE.findall(text))]

    def open(self, definitions: Mapping[str, Any]) -> None:
        """Look up references in *definitions* from now on."""
        if (
            definitions is not self._mapping
        ):  # another description's: its names may mean something else
            self._mapping, self._known, self._names = definitions, {}, {}

    def pack(self) -> None:
        """Pack the definitions that got a position since the last time, and what they refer to."""
        while self._waiting:
            name = self._waiting.popleft()
            schema = _dumped(self._mapping.get(name, _UNDEFINED))
            targets = self.positions(schema)
            self.lines.add(_written(targets), _dumped(name), schema)
            self._own.append(_hash(name.encode("utf-8", "surrogatepass"), schema))
            self._targets.append(targets)

    def fingerprints(self) -> list[bytes]:
        """Return for each definition a hash of it and of all that it refers to, directly or not."""
        deep = [b""] * self._count
        for members in components(range(self._count), self._targets.__getitem__):
            # Those of the group itself have none yet.
            reached = {deep[target] for member in members for target in self._targets[member]} - {
                b""
            }
            own = sorted(self._own[member] for member in members)
            together = _hash(b"".join(own), b"".join(sorted(reached)))
            for member in members:
                deep[member] = _hash(self._own[member], together)
        return deep

    def _position(self, reference: bytes) -> int:
        if reference not in self._known:
            name = _name(reference, self._mapping)
            if name not in self._names:
                self._names[name] = self._count
                self._count += 1
                self._waiting.append(name)
            self._known[reference] = self._names[name]
        return self._known[reference]


def _name(reference: bytes, definitions: Container[str]) -> str:
    """Return the name of the definition that *reference*, what follows `#/$defs/` in JSON text,
    points at or into.
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
    """Opens what was packed. *fetch* returns the last block whose number is not above the one it
    takes: (number, data).

    What was opened is kept: one reader is for one look at the catalogue.
    """

    def __init__(self, fetch: Callable[[int], tuple[int, bytes]]) -> None:
        self._fetch = fetch
        self._lines: dict[int, bytes] = {}

    def endpoint(self, description: int, position: int) -> Endpoint:
        """Return the endpoint at *position* of *description*, without its definitions. Raises one
        of `DAMAGE`.
        """
        _, _, request, answers = self._line(description, _ENDPOINTS, position)
        return _endpoint(request, answers)

    def complete(self, description: int, position: int) -> Endpoint:
        """Return the endpoint at *position* of *description* with every definition it needs. Raises
        one of `DAMAGE`.

        The definitions are gathered breadth first, all for the request before those for the
        responses, within `MOST_DEFINITIONS` and `MOST_DEFINED`; what is beyond stands there as
        `LEFT_OUT`.
        """
        requested, answered, request, answers = self._line(description, _ENDPOINTS, position)
        found, is_whole = self._reached(description, _read(requested), _read(answered))
        schemas = {json.loads(name): schema for name, schema in found.items()}
        left_out = (
            () if is_whole else _unknown(chain((request, answers), schemas.values()), schemas)
        )
        endpoint = _endpoint(request, answers)
        return (
            replace(endpoint, definitions=Definitions(schemas, left_out))
            if schemas or left_out
            else endpoint
        )

    def _reached(self, description: int, *starts: Iterable[int]) -> tuple[dict[bytes, bytes], bool]:
        """Return name -> schema of the definitions that are reached from *starts*, and whether
        these are all.
        """
        found: dict[bytes, bytes] = {}
        room, is_whole = MOST_DEFINED, True
        seen: set[int] = set()
        for start in starts:
            waiting = deque(start)
            while waiting:
                position = waiting.popleft()
                if position in seen:
                    continue
                if len(seen) >= MOST_DEFINITIONS:
                    return found, False
                seen.add(position)
                targets, name, schema = self._line(description, _DEFINITIONS, position)
                if len(schema) <= room:
                    found[name] = schema
                    room -= len(schema)
                    waiting.extend(_read(targets))
                else:
                    is_whole = False
        return found, is_whole

    def _line(self, description: int, kind: int, position: int) -> list[bytes]:
        number = block_number(description, kind, position)
        if number not in self._lines:
            first, data = self._fetch(number)
            self._lines.update(zip(count(first), zlib.decompress(data).split(b"\n"), strict=False))
        return self._lines[number].split(b"\t")


def block_number(description: int, kind: int, position: int) -> int:
    """Return the number of the block of *description* that begins at *position*: they are in order
    within a description.
    """
    return (description << 1 | kind) << 31 | position


class Definitions(Mapping[str, Any]):
    """Name -> JSON Schema; each is parsed when it is looked at, because an endpoint may have
    thousands and need two.
    """

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


def _unknown(texts: Iterable[bytes], known: Container[str]) -> dict[str, None]:
    """Return the names that the JSON *texts* refer to, without those *known*."""
    references = dict.fromkeys(chain.from_iterable(map(_REFERENCE.findall, texts)))
    names = (pair for pair in map(_names, references) if not any(name in known for name in pair))
    return dict.fromkeys(chain.from_iterable(names))


def _read(positions: bytes) -> Iterator[int]:
    return map(int, positions.split())
