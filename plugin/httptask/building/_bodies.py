"""Serialising a body as a media type: one table, with a row for each family of media types.

See the Media Type Object of OpenAPI 3.2. A file reference is replaced by the file's bytes if it is
the whole body, or a part of a multipart body. `{"$text": "…"}` holds text that is already written
in the media type: it is sent unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, cast

from httptask._core.strict_json import dump
from httptask._http.media_types import (
    FORM,
    FORM_DATA,
    JSON_TYPES,
    RELATED,
    XML,
    carries_files,
    charset_of,
    essence,
    range_of,
)
from httptask._http.sequences import EVENT_FIELDS, SEQUENCES, EventError, sequence_of
from httptask.building._escaping import (
    RESERVED_IN_QUERY,
    Encode,
    UnwritableError,
    encoded,
    leaving,
    plus_encoded,
)
from httptask.building._fields import SENDABLE, Described, FieldWriter, fields, form_charset, parts
from httptask.building._multipart import boundary_of, multipart
from httptask.building._references import (
    ANY_BYTES,
    FileReference,
    file_places,
    is_pairs,
    is_reference,
    reference_of,
)
from httptask.building._styles import scalar
from httptask.building._text import codec_of, encoded_text, uncovered
from httptask.building._xml import member_names, xml_text
from httptask.model.api import MediaType
from httptask.model.exchange import StreamedBody

_FORMS = (FORM, FORM_DATA)
_ANY_TEXT = "text/plain; charset=utf-8"
_PROLOG = re.compile(
    r"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][\w.-]*)["']"""
)  # XML 1.0, section 4.3.3

TEXT = "$text"
"""The only member of an object that holds text to be sent unchanged."""


@dataclass(frozen=True, slots=True)
class Body:
    """A serialised value."""

    content_type: str
    """The media type as sent; for a multipart body, with its boundary."""
    content: bytes | StreamedBody
    """The pointers of the files in it are relative to the body."""


def body(value: Any, content_type: str, described: Described | None = None) -> Body:
    """Serialise *value* as *content_type*; *described* is the endpoint's description of that type.

    Raises `UnwritableError` for a value that cannot be written in the media type.
    """
    if is_reference(value):
        piece = reference_of(value).piece()
        return Body(content_type, piece if isinstance(piece, bytes) else StreamedBody((piece,)))
    if is_text(value):
        return Body(content_type, _unchanged_text(value[TEXT], content_type))
    row = _row(value, content_type)
    if row is None:
        name = essence(content_type)
        expected = (
            "an object, whose fields are sent, or pairs of names and values"
            if name in _FORMS
            else "a string, which is sent as it is"
        )
        raise UnwritableError("unwritable-body", mediaType=name, expected=expected)
    return row.write(value, content_type, described or Described())


def is_text(value: Any) -> bool:
    """Say whether *value* is text to send unchanged: an object whose only member is `$text`."""
    return isinstance(value, Mapping) and len(value) == 1 and TEXT in value


def chosen(value: Any, content: Mapping[str, MediaType]) -> str:
    """Return the media type in *content*, the described media types, that suits *value* best.

    Text gets the first media type that can carry text. A file gets its own media type if that is in
    *content*. Other values get the first media type by `rank`, which prefers multipart for an
    object with a file in a field. For a range such as `*/*`, or without a description, text becomes
    text/plain, a file keeps its own type, fields with files become multipart/form-data, and
    everything else becomes JSON. Raises `UnwritableError` when no media type in *content* can carry
    *value*.
    """
    if is_reference(value):
        return _chosen_for_file(reference_of(value), content)
    if is_text(value):
        value = ""
    names = list(content) or ["*/*"]
    if not isinstance(value, str):
        # A stable sort: of two media types of equal rank, the one that the description names first
        # wins.
        names.sort(key=lambda name: rank(name, files=_holds_file(value)))
    for name in names:
        concrete = _concrete(name, value)
        if concrete is not None and writable(value, concrete):
            return concrete
    is_open = all("*" in name for name in content)
    if is_open:
        raise UnwritableError("unwritable-in-ranges", mediaTypes=list(content))
    raise UnwritableError("unwritable-in-any", mediaTypes=list(content))


def writable(value: Any, name: str) -> bool:
    """Say whether *value* can be serialised as *name*, a media type or a media range."""
    concrete = _concrete(name, value)
    return concrete is not None and _row(value, concrete) is not None


def rank(name: str, *, files: bool = False) -> int:
    """Return the rank of the media type *name* for an object; lower is better.

    The order is JSON, URL-encoded form, multipart/form-data, XML, others. With *files* in the
    fields multipart is best: no other type can carry files.
    """
    media_type = essence(name)
    if files and (carries_files(media_type) or range_of(media_type).fullmatch(FORM_DATA)):
        return 0
    if JSON_TYPES.fullmatch(media_type):
        return 1
    if media_type in _FORMS:
        return 2 + _FORMS.index(media_type)
    return 4 if XML.fullmatch(media_type) else 5


def offers(content: Mapping[str, Any], content_type: str) -> bool:
    """Say whether *content_type*, without its parameters, is in *content*.

    The keys of *content* are media types and media ranges.
    """
    media_type = essence(content_type)
    return any(range_of(name).fullmatch(media_type) for name in content)


def _holds_file(value: Any) -> bool:
    return next(file_places(value), None) is not None


def _chosen_for_file(file: FileReference, content: Mapping[str, MediaType]) -> str:
    """Return the media type for *file*: its own if *content* allows that type, else the first
    described type that is not a form, else application/octet-stream.
    """
    media_types = [
        media_type for media_type in (file.content_type, file.guessed_type) if media_type
    ]
    for media_type in media_types:
        if not content or offers(content, media_type):
            return media_type
    # A described type that is not a range is taken although it does not match the file: the
    # description asks for that type. A form type is not taken: one file cannot be a form's fields.
    without_ranges = [name for name in content if "*" not in name and essence(name) not in _FORMS]
    if without_ranges and SENDABLE.fullmatch(without_ranges[0]) and not file.content_type:
        return without_ranges[0]
    if not content or offers(content, ANY_BYTES):
        return ANY_BYTES
    raise UnwritableError(
        "unwritable-file-type",
        name=file.name,
        known=list(content),
        **({"mediaTypes": media_types} if media_types else {}),
    )


def _concrete(name: str, value: Any) -> str | None:
    """Return the media type to use for *value* when *name* is a media range, else *name* itself.

    Returns None for a range without a default type, and for a name that cannot be sent.
    """
    media_type = essence(name)
    if media_type in ("", "*/*", "*"):
        if isinstance(value, str):
            return _ANY_TEXT
        return FORM_DATA if _holds_file(value) else "application/json"
    if media_type == "text/*":
        return _ANY_TEXT
    if media_type in ("application/*", "application/*+json"):
        return "application/json"
    if media_type == "multipart/*":
        is_parts = isinstance(value, list) and not is_pairs(value)
        return "multipart/mixed" if is_parts else FORM_DATA
    if "*" in media_type or not SENDABLE.fullmatch(name):
        return None
    return name


# The functions of the table's rows


def _json(value: Any, content_type: str, described: Described) -> Body:
    codec = codec_of(charset_of(content_type))
    try:
        return Body(content_type, _json_text(value).encode(codec))
    except UnicodeEncodeError:  # JSON can escape any character
        return Body(content_type, _json_text(value, ascii_only=True).encode(codec))


def _json_text(value: Any, *, ascii_only: bool = False) -> str:
    try:
        return dump(value, compact=True, ascii_only=ascii_only)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableError("unwritable-json", pythonMessage=str(error)) from error


def _form(value: Any, content_type: str, described: Described) -> Body:
    charset = form_charset(value, content_type)
    codec = codec_of(charset)
    plus = partial(plus_encoded, codec=codec)

    def write(item: Any, media_type: str, described: Described) -> str:
        content = (
            _field_content(item, essence(media_type), described)
            if media_type or is_text(item)
            else scalar(item)
        )
        return plus(content.decode("utf-8") if isinstance(content, bytes) else content)

    def styled(allow_reserved: bool) -> Encode:  # like a query (OpenAPI, Encoding Object)
        if allow_reserved:
            return leaving(RESERVED_IN_QUERY, codec)
        return partial(encoded, codec=codec)

    writer = FieldWriter(write, plus, styled, takes_files=False)
    try:
        pairs = [
            f"{field.name}={cast(str, field.content)}" for field in fields(value, described, writer)
        ]
    except UnicodeEncodeError as error:
        raise uncovered(error, charset) from error
    return Body(content_type, "&".join(pairs).encode("ascii"))


def _multipart(value: Any, content_type: str, described: Described) -> Body:
    # In other multipart types each part names its charset; a parameter of the body means nothing.
    is_form = essence(content_type) == FORM_DATA
    charset = form_charset(value, content_type) if is_form else ""
    writer = FieldWriter(partial(_field_content, charset=charset))
    if isinstance(value, list) and not (is_form and is_pairs(value)):
        written_parts = list(parts(value, described, writer))
    else:
        written_parts = list(fields(_in_order(value, content_type, described), described, writer))
    return Body(*multipart(written_parts, content_type, charset))


def _in_order(value: Any, content_type: str, described: Described) -> Any:
    """Return *value* with the fields of a multipart/related body in the order of its schema.

    The first described field is therefore the root (RFC 2387).
    """
    if essence(content_type) != RELATED:
        return value
    described_names = [
        name
        for name in member_names(described.media_type.schema, described.definitions)
        if name in value
    ]
    return {
        name: value[name]
        for name in (*described_names, *(name for name in value if name not in described_names))
    }


def _field_content(
    item: Any,
    content_type: str,
    described: Described,
    charset: str = "",
) -> bytes:
    """Serialise *item*, the value of a field, as *content_type*; "" means text.

    *charset* is the charset for plain text whose content type names none.
    """
    # A charset of its own beats the default of the form (RFC 7578, section 4.6).
    if charset and essence(content_type) in ("", "text/plain") and not charset_of(content_type):
        content_type = f"text/plain; charset={charset}"
    if is_text(item):
        return _unchanged_text(item[TEXT], content_type)
    row = None
    if content_type and not carries_files(content_type):
        row = _row(item, content_type)
    content = None
    if row is not None:
        content = row.write(item, content_type, described).content
    if isinstance(content, bytes):
        return content
    if isinstance(item, dict | list):
        raise UnwritableError("unwritable-field", mediaType=content_type)
    return encoded_text(scalar(item), charset_of(content_type))


def _xml(value: Any, content_type: str, described: Described) -> Body:
    text = xml_text(
        value,
        described.media_type.schema,
        described.definitions,
        described.name,
    )
    charset = charset_of(content_type)
    declared = f'<?xml version="1.0" encoding="{(charset or "utf-8").upper()}"?>\n'
    return Body(content_type, encoded_text(declared + text, charset))


def _text(value: Any, content_type: str, described: Described) -> Body:
    return Body(content_type, encoded_text(scalar(value), charset_of(content_type)))


# Text that is already written in the media type


def _unchanged_text(text: Any, content_type: str) -> bytes:
    if not isinstance(text, str):
        raise UnwritableError("unwritable-text", TEXT, name=TEXT)
    if carries_files(content_type):
        return _multipart_text(text, content_type)
    return encoded_text(
        text,
        (
            _charset_of_xml(text, content_type)
            if XML.fullmatch(essence(content_type))
            else charset_of(content_type)
        ),
    )


def _multipart_text(text: str, content_type: str) -> bytes:
    boundary = boundary_of(content_type)
    if not boundary or f"--{boundary}" not in text:
        raise UnwritableError("unwritable-boundary-missing", mediaType=essence(content_type))
    is_form = essence(content_type) == FORM_DATA
    return encoded_text(text, charset_of(content_type) if is_form else "")


def _charset_of_xml(text: str, content_type: str) -> str:
    """Return the charset of the XML *text*: from *content_type*, else from the text's prolog.

    See RFC 7303, section 3. Raises `UnwritableError` if the two differ.
    """
    declared = charset_of(content_type)
    prolog = _PROLOG.match(text)
    if prolog is None:
        return declared
    if declared and codec_of(declared) != codec_of(prolog[1]):
        raise UnwritableError("unwritable-xml-charset", charset=declared, prolog=prolog[1])
    return declared or prolog[1]


def _items(value: Any, content_type: str, described: Described) -> Body:
    sequence = sequence_of(essence(content_type))
    assert sequence is not None  # noqa: S101 - the row matches only sequences
    item_texts = []
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        path = (index,) if isinstance(value, list) else ()
        try:
            write = _json_text
            if _has_lone_surrogate(item):
                write = partial(_json_text, ascii_only=True)
            item_texts.append(sequence.write(item, write))
        except UnwritableError as error:
            raise error.below(*path) from error
        except EventError as error:
            if error.field:
                raise UnwritableError("unwritable-event-line", *path, name=error.field) from error
            raise UnwritableError("unwritable-event", *path, known=list(EVENT_FIELDS)) from error
    return Body(content_type, encoded_text("".join(item_texts), charset_of(content_type)))


def _has_lone_surrogate(value: Any) -> bool:
    """Say whether *value* holds a lone surrogate, which can only be written as a JSON escape."""
    return re.search("[\ud800-\udfff]", _json_text(value)) is not None


def _unchanged(value: Any, content_type: str, described: Described) -> Body:
    return Body(content_type, _unchanged_text(value, content_type))


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the table: a family of media types."""

    names: re.Pattern[str]
    fits: Callable[[Any], bool]
    """Returns whether a value can be written in these media types."""
    write: Callable[[Any, str, Described], Body]


def _instance_of(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


def _has_fields(value: Any) -> bool:
    return isinstance(value, dict) or is_pairs(value)


_ROWS = (
    _Row(JSON_TYPES, _instance_of(object), _json),
    _Row(re.compile(re.escape(FORM)), _has_fields, _form),
    _Row(re.compile(re.escape(FORM_DATA)), _has_fields, _multipart),
    _Row(re.compile(r"multipart/.+"), _instance_of(dict, list), _multipart),
    _Row(SEQUENCES, _instance_of(dict, list), _items),
    # YAML is written as JSON, which YAML 1.2 includes.
    _Row(
        re.compile(r"(application|text)/(x-|vnd\.)?yaml|[^/]+/[^/]+\+yaml"),
        _instance_of(dict, list),
        _json,
    ),
    _Row(XML, _instance_of(dict, list, bool, int, float, Decimal), _xml),
    _Row(re.compile(r"text/plain"), _instance_of(bool, int, float, Decimal), _text),
    _Row(re.compile(r".*", re.DOTALL), _instance_of(str), _unchanged),
)


def _row(value: Any, content_type: str) -> _Row | None:
    name = essence(content_type)
    return next((row for row in _ROWS if row.fits(value) and row.names.fullmatch(name)), None)
