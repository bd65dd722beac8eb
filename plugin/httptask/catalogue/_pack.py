"""Pack endpoints into compressed blocks of text. This needs no catalogue; `_reader` reads them.

Each endpoint of an API is one line, and so is each definition that the schemas refer to, however
many endpoints need it. A line names the definitions that it refers to by their positions, so that
`Reader` collects the definitions of an endpoint without parsing them. Consecutive lines are alike,
so a block of them compresses to a fourteenth; reading one line decompresses 64 KiB.

    line of an endpoint      positions of the definitions that the request refers to, positions of
                             those that the responses refer to, the endpoint, its responses
    line of a definition     positions of the definitions that it refers to, its name, its schema

Tabs separate the fields of a line, spaces the positions, line feeds the lines. Compact JSON text
contains no raw tabs or line feeds.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from httptask._schema.graph import components
from httptask.catalogue import _index
from httptask.catalogue._json_text import REFERENCE, Texts, dumped, names_in
from httptask.catalogue._origin import Origin
from httptask.catalogue._reader import DEFINITIONS, ENDPOINTS
from httptask.errors import CatalogueError
from httptask.model.api import Endpoint

BLOCK = 64 * 1024
"""The bytes of text after which a block is full.

Blocks of twice the size would save a tenth of the space and cost a tenth more time.
"""

_UNDEFINED = {"$comment": "left out: the description does not define it"}

_LEVEL = 3
"""The compression level: 5 would save an eighth of the space and take 75% more time."""


class Entry(NamedTuple):
    """One endpoint: the values of its row and the terms for the index."""

    order: int
    """The position of the endpoint among all that were passed to `prepare`, from 0."""
    id: str
    method: str
    path: str
    title: str
    deprecated: bool
    identity: int
    fingerprint: int
    """A hash of the endpoint and all definitions that it needs, directly or indirectly."""
    bucket: int
    """See `_index.number_bucket`."""
    columns: tuple[str, ...]
    """See `_index.indexed`."""


class Block(NamedTuple):
    """Consecutive lines, compressed."""

    content: int
    """`ENDPOINTS` or `DEFINITIONS`."""
    first: int
    """The position of the block's first line."""
    data: bytes


@dataclass(frozen=True, slots=True)
class PreparedApi:
    """The packed endpoints of one API. The index of an entry is the endpoint's position."""

    provider: str
    name: str
    title: str
    version: str
    entries: tuple[Entry, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The packed endpoints of one source, for `Catalogue.put_prepared`.

    A `Prepared` can be pickled, and is far smaller than the source.
    """

    source: str
    digest: bytes
    whole: bool
    apis: tuple[PreparedApi, ...]
    origin: Origin | None = None
    """Where the source came from. None if it cannot be read again."""

    @property
    def count(self) -> int:
        """The number of endpoints."""
        return sum(len(api.entries) for api in self.apis)


def prepare(
    endpoints: Iterable[Endpoint],
    *,
    source: str,
    digest: bytes = b"",
    whole: bool = False,
) -> Prepared:
    """Pack *endpoints* for `Catalogue.put_prepared`.

    This is the part of `Catalogue.put` that needs no catalogue, so that another process can do it;
    the arguments are the same. Each endpoint is packed with its definitions before the next one is
    taken from *endpoints*. Raises `CatalogueError` if JSON cannot represent an endpoint.
    """
    packers: dict[tuple[bytes, str], _Packer] = {}
    for order, endpoint in enumerate(endpoints):
        api = folded(endpoint.provider), endpoint.api.name
        packer = packers.get(api) or packers.setdefault(api, _Packer(endpoint))
        packer.add(order, endpoint if endpoint.source else replace(endpoint, source=source))
    return Prepared(source, digest, whole, tuple(packer.packed() for packer in packers.values()))


def folded(provider: str) -> bytes:
    """Return *provider* as bytes for comparison, with ASCII letters in lower case.

    SQLite's NOCASE collation compares in the same way.
    """
    return provider.encode("utf-8", "surrogatepass").lower()


def _hash(*parts: bytes) -> bytes:
    """Return a hash of *parts*: 8 bytes."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _number(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)  # signed, like SQLite's integers


def _identity(endpoint: Endpoint) -> int:
    """Return a hash of the properties that identify *endpoint*: provider, API, path and method."""
    texts = (endpoint.api.name, endpoint.path, endpoint.method.upper())
    encoded = (text.encode("utf-8", "surrogatepass") for text in texts)
    return _number(_hash(folded(endpoint.provider), *encoded))


class _Lines:
    """Collects lines, of endpoints or of definitions, into blocks."""

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
        self._lines = []
        self._bytes = 0


class _Packer:
    """Packs the endpoints of one API."""

    def __init__(self, first: Endpoint) -> None:
        self._first = first
        self._endpoints = _Lines(ENDPOINTS)
        self._definitions = _DefinitionPacker()
        self._texts = Texts()
        self._entries: list[tuple[Entry, bytes, list[int]]] = []

    def add(self, order: int, endpoint: Endpoint) -> None:
        """Pack *endpoint* and those definitions it needs that are not packed yet."""
        try:
            request, in_request = self._texts.request(endpoint)
            answers, in_answers = self._texts.responses(endpoint)
            self._definitions.open(endpoint.definitions)
            requested = self._definitions.positions(in_request)
            answered = self._definitions.positions(in_answers)
            self._definitions.pack()
        except (RecursionError, TypeError, ValueError) as error:
            raise CatalogueError(
                "catalogue-endpoint-not-json",
                name=endpoint.id,
                pythonMessage=str(error),
            ) from error
        self._endpoints.add(
            _written(requested),
            _written(answered),
            request,
            answers,
        )
        entry = Entry(
            order,
            endpoint.id,
            endpoint.method.upper(),
            endpoint.path,
            endpoint.title,
            endpoint.deprecated,
            _identity(endpoint),
            0,
            _index.number_bucket(endpoint),
            _index.indexed(endpoint),
        )
        self._entries.append((entry, _hash(request, answers), requested + answered))

    def packed(self) -> PreparedApi:
        """Return the API with all endpoints that were added."""
        first = self._first
        fingerprints = self._definitions.fingerprints()
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
            first.provider,
            first.api.name,
            first.api.title,
            first.api.version,
            entries,
            blocks,
        )


class _DefinitionPacker:
    """Packs the definitions of one API, in the order in which they are first referred to."""

    def __init__(self) -> None:
        self.lines = _Lines(DEFINITIONS)
        self._mapping: Mapping[str, Any] = {}
        self._positions: dict[bytes, int] = {}
        """Text of a reference after `#/$defs/` -> the definition's position in `_mapping`."""
        self._names: dict[str, int] = {}
        """Name of a definition in `_mapping` -> its position."""
        self._count = 0
        self._pending: deque[str] = deque()
        """The names of definitions that have a position but are not packed yet, in order."""
        self._own: list[bytes] = []
        """Position -> hash of the definition alone, without the definitions it refers to."""
        self._targets: list[list[int]] = []
        """Position -> positions of the definitions it refers to."""

    def positions(self, references: Iterable[bytes]) -> list[int]:
        """Return the positions of the definitions that *references* point to, each once."""
        return [self._position(reference) for reference in dict.fromkeys(references)]

    def open(self, definitions: Mapping[str, Any]) -> None:
        """Resolve references in *definitions* from now on."""
        # Another mapping comes from another description, where a name may mean something else.
        if definitions is not self._mapping:
            self._mapping = definitions
            self._positions = {}
            self._names = {}

    def pack(self) -> None:
        """Pack the pending definitions and all definitions that they refer to."""
        while self._pending:
            name = self._pending.popleft()
            schema = dumped(self._mapping.get(name, _UNDEFINED))
            targets = self.positions(REFERENCE.findall(schema))
            self.lines.add(_written(targets), dumped(name), schema)
            self._own.append(_hash(name.encode("utf-8", "surrogatepass"), schema))
            self._targets.append(targets)

    def fingerprints(self) -> list[bytes]:
        """Return a hash for each definition and all that it refers to, directly or indirectly."""
        fingerprints = [b""] * self._count
        # Definitions that refer to each other in a circle are one component: each depends on all.
        for members in components(range(self._count), self._targets.__getitem__):
            # b"" stands for the members of this component, which have no fingerprint yet.
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
    """Return the name of the definition that *reference* points to or into.

    *reference* is the JSON text after `#/$defs/`.
    """
    whole_name, first_part = names_in(reference)
    if first_part in definitions and whole_name not in definitions:
        return first_part
    return whole_name


def _written(positions: Iterable[int]) -> bytes:
    return " ".join(map(str, positions)).encode("ascii")
