"""The fields of a form, and the parts of a multipart body.

A field is serialised by its style if its Encoding Object has `style`, `explode` or `allowReserved`,
and by its content type otherwise: text unchanged, arrays and objects as JSON, and each item of an
array separately (OpenAPI 3.2: Encoding Object).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from httptask._core.pointers import pointer as pointer_of
from httptask._core.strict_json import Number
from httptask._http.media_types import FORM, FORM_DATA, charset_of, essence, range_of
from httptask._http.syntax import TOKEN, UNSENDABLE
from httptask._schema.views import Views
from httptask.building._escaping import Encode, UnwritableError
from httptask.building._references import ANY_BYTES, Path, is_pairs, is_reference, reference_of
from httptask.building._styles import pairs, scalar
from httptask.building._text import codec_of
from httptask.building._xml import items_schema, member_schema
from httptask.model.api import MediaType
from httptask.model.exchange import FilePiece

SENDABLE = re.compile(r"[\x20-\x7e]*")
"""Text that may be sent in a header. Names in descriptions are checked: they are not trusted."""
STYLED = frozenset(("style", "explode", "allowReserved"))
"""Keys of an Encoding Object. If any is present, the field is serialised by its style."""
_OF_A_PART = frozenset(("content-type", "content-disposition"))


@dataclass(frozen=True, slots=True)
class Described:
    """The endpoint's description of a media type."""

    media_type: MediaType = field(default_factory=MediaType)
    definitions: Mapping[str, Any] = field(default_factory=dict)
    """The schemas that the media type's schema refers to."""
    name: str = ""
    """The name of the field with this media type: the default name of its XML root."""

    @property
    def encoding(self) -> Mapping[str, Mapping[str, Any]]:
        """The Encoding Objects, by the name of the field."""
        return self.media_type.encoding

    def field(self, name: str) -> Described:
        """Return the description of the field *name*."""
        schema = member_schema(self.media_type.schema, name, self.definitions)
        return Described(MediaType(schema), self.definitions, name)

    @property
    def is_encoded(self) -> bool:
        """Whether the schema has `contentEncoding`: the text encodes bytes, as base64 for
        example.
        """
        views = Views({"$defs": self.definitions})
        return bool(views.view(self.media_type.schema).keywords.get("contentEncoding"))

    def item(self) -> Described:
        """Return the description of the items, if this is the description of an array."""
        return replace(
            self, media_type=MediaType(items_schema(self.media_type.schema, self.definitions))
        )


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form, or a part of a multipart body."""

    name: str | None
    """None: a part without a name."""
    content: str | bytes | FilePiece
    """Text is already escaped if the form needs it."""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class FieldWriter:
    """The functions that write the fields of one kind of form."""

    write: Callable[[Any, str, Described], str | bytes]
    """Writes the value of a field as a media type, and escapes it if the form needs it."""
    name: Encode = str
    """Escapes the name of a field."""
    styled: Callable[[bool], Encode] = lambda _: str
    """Returns the escaping for a style, with or without `allowReserved`; a multipart body has none.
    """
    takes_files: bool = True
    """Whether a field can be a file."""


def fields(value: Any, described: Described, writer: FieldWriter) -> Iterator[Field]:
    """Yield the fields of the form *value*: an object, or pairs of names and values.

    Raises `UnwritableError`.
    """
    for name, item, path in _members(value):
        encoding = described.encoding.get(name, {})
        try:
            if STYLED.isdisjoint(
                key for key, value in encoding.items() if value is not None
            ) or _holds_file(item):
                yield from _fields_by_type(
                    name,
                    item,
                    encoding,
                    described.field(name),
                    writer,
                    path,
                )
                continue
            encode = writer.styled(bool(encoding.get("allowReserved")))
            style, explode = encoding.get("style") or "form", encoding.get("explode")
            for key, text in pairs(
                name, item, style, explode, encode, encoding.get("itemDelimiters", ())
            ):
                yield Field(key, text)
        except UnwritableError as error:
            raise error.below(*path) from error


def form_charset(value: Any, content_type: str) -> str:
    """Return the charset of the form *value*, from *content_type* or the field `_charset_`.

    "" means UTF-8. See RFC 7578, section 4.6, and HTML, "Constructing the entry list". Raises
    `UnwritableError` if the two differ, or if ASCII text has other bytes in the charset: the syntax
    of a form is ASCII.
    """
    charset = charset_of(content_type)
    for name, item, path in _members(value):
        if name == "_charset_" and isinstance(item, str) and item:
            try:
                is_other = codec_of(item) != codec_of(charset or item)
            except UnwritableError as error:
                raise error.below(*path) from error
            if is_other:
                raise UnwritableError("unwritable-charsets", *path, charset=charset, other=item)
            charset = item
            break
    if "=".encode(codec_of(charset)) != b"=":
        raise UnwritableError("unwritable-form-charset", charset=charset)
    return charset


def parts(
    values: list[Any],
    described: Described,
    writer: FieldWriter,
) -> Iterator[Field]:
    """Yield the parts of a multipart body whose value is an array: its items, without names.

    Raises `UnwritableError`.
    """
    for index, item in enumerate(values):
        try:
            yield _with_pointer(_field(None, item, {}, described.item(), writer), (index,))
        except UnwritableError as error:
            raise error.below(index) from error


def _members(value: Any) -> Iterator[tuple[str, Any, Path]]:
    """Yield name, value and path of each member of *value*, an object or pairs."""
    if is_pairs(value):
        yield from (
            (name, item, (index, 1)) for index, (name, item) in enumerate(value) if item is not None
        )
    elif isinstance(value, dict):  # other values, such as an array of parts, have no named fields
        yield from ((name, item, (name,)) for name, item in value.items())


def _holds_file(item: Any) -> bool:
    return is_reference(item) or (isinstance(item, list) and any(map(is_reference, item)))


def _fields_by_type(
    name: str,
    value: Any,
    encoding: Mapping[str, Any],
    described: Described,
    writer: FieldWriter,
    path: Path,
) -> Iterator[Field]:
    """Yield the field *name*; an array becomes one field of this name for each item."""
    if not isinstance(value, list):
        yield _with_pointer(_field(name, value, encoding, described, writer), path)
        return
    for index, item in enumerate(value):
        try:
            yield _with_pointer(
                _field(name, item, encoding, described.item(), writer), (*path, index)
            )
        except UnwritableError as error:
            raise error.below(index) from error


def _field(
    name: str | None,
    item: Any,
    encoding: Mapping[str, Any],
    described: Described,
    writer: FieldWriter,
) -> Field:
    """Return the field *name* with the value *item*; *name* None: a part without a name."""
    name = None if name is None else writer.name(name)
    if is_reference(item):
        if not writer.takes_files:
            raise UnwritableError("unwritable-file-in-form", mediaType=FORM, other=FORM_DATA)
        return _file(name, item, encoding)
    content_type = _field_type(item, encoding)
    if not content_type and writer.takes_files and described.is_encoded:
        content_type = ANY_BYTES  # OpenAPI 3.1.1, section 4.8.15.1.1: the default `contentType`
    return Field(
        name,
        writer.write(item, content_type, described),
        content_type,
        _described_headers(encoding),
    )


def _with_pointer(part: Field, path: Path) -> Field:
    """Return *part*; if its content is a file, with *path* as the file's pointer, for errors."""
    if not isinstance(part.content, FilePiece):
        return part
    return replace(part, content=replace(part.content, pointer=pointer_of(path)))


def _file(
    name: str | None,
    value: Mapping[str, Any],
    encoding: Mapping[str, Any],
) -> Field:
    """Return a field with a file.

    The media type of the file is the type in the reference, else the guessed type if the
    description allows that type, else the first described type, else application/octet-stream.
    """
    file = reference_of(value)
    described = [
        media_type.strip() for media_type in str(encoding.get("contentType") or "").split(",")
    ]
    concrete = [media_type for media_type in described if media_type and "*" not in media_type]
    guessed = file.guessed_type
    fits = guessed and (
        not any(described)
        or any(range_of(media_type).fullmatch(essence(guessed)) for media_type in described)
    )
    content_type = (
        file.content_type or (guessed if fits else "") or (concrete[0] if concrete else ANY_BYTES)
    )
    _check_sendable(content_type)
    headers = {**_described_headers(encoding), **file.headers}
    return Field(
        name,
        file.piece(),
        content_type,
        headers,
        file.filename,
    )


def _described_headers(encoding: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers whose value the description of a part determines.

    The value is the `const`, the `default`, or the only value in `enum`.
    """
    headers = {}
    for name, header in (encoding.get("headers") or {}).items():
        schema = None
        if isinstance(header, Mapping):
            schema = header.get("schema")
        value = None
        if isinstance(schema, Mapping):
            value = _only_value(schema)
        # OpenAPI, Encoding Object: Content-Type is described separately. Names and values are
        # checked, because descriptions are not trusted.
        if (
            isinstance(value, str | Number)
            and TOKEN.fullmatch(name)
            and name.lower() not in _OF_A_PART
        ):
            value_text = scalar(value)
            if not UNSENDABLE.search(value_text):
                headers[name] = value_text
    return headers


def _only_value(schema: Mapping[str, Any]) -> Any:
    options = schema.get("enum")
    only = None
    if isinstance(options, list) and len(options) == 1:
        only = options[0]
    return schema.get("const", schema.get("default", only))


def _field_type(item: Any, encoding: Mapping[str, Any]) -> str:
    """Return the media type of a field; "" means text.

    The first of several described media types is used. A media range counts as not described.
    """
    described = str(encoding.get("contentType") or "").partition(",")[0].strip()
    _check_sendable(described)
    if described and "*" not in described:
        return described
    if isinstance(item, dict | list):
        return "application/json"
    return ""


def _check_sendable(content_type: str) -> None:
    if not SENDABLE.fullmatch(content_type):
        raise UnwritableError("unwritable-part-type", found=content_type)
