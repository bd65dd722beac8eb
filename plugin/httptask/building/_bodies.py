"""How a value is written as a media type: one table, a row for each kind (OpenAPI 3.2: Media Type and Encoding Object).

A field of a form is written by its style when its Encoding Object has `style`, `explode` or `allowReserved`, and by its
content type otherwise: text as it is, arrays and objects as JSON, an array's items each on its own. A reference to a file
stands for the file's bytes where it is a whole body, or a field of a multipart body or an item of one; anywhere else it is data.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import httpx

from httptask._syntax import TOKEN, UNSENDABLE
from httptask.building._escaping import ESCAPED, RESERVED, Encode, UnwritableError
from httptask.building._files import ANY_BYTES, FileReference, is_reference, reference_of
from httptask.building._styles import pairs, scalar
from httptask.building._xml import xml_text
from httptask.model.api import MediaType
from httptask.model.exchange import FilePiece, StreamedBody

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_FORMS = (FORM, MULTIPART)
_ANY_TEXT = "text/plain; charset=utf-8"
_STYLED = frozenset(("style", "explode", "allowReserved"))
_JSON = re.compile(r"(application|text)/json|[^/]+/[^/]+\+json")
_XML = re.compile(r"(application|text)/xml|[^/]+/[^/]+\+xml")  # RFC 7303, section 4.2
_CHARSET = re.compile(r'(?i);\s*charset="?([\w.:-]+)')
_SENDABLE = re.compile(r"[\x20-\x7e]*")  # a described name is a stranger's, and becomes a header
_BOUNDARY = re.compile(r'(?i);\s*boundary=(?:"([^"]*)"|([^\s;"]*))')
_BOUNDARY_TEXT = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, section 5.1.1


@dataclass(frozen=True, slots=True)
class Body:
    """A value as a media type."""

    content_type: str
    """As sent: with the boundary that a multipart body has."""
    content: bytes | StreamedBody
    """The places of files are pointers below the body."""


@dataclass(frozen=True, slots=True)
class Described:
    """What an endpoint says of one media type."""

    media_type: MediaType = field(default_factory=MediaType)
    definitions: Mapping[str, Any] = field(default_factory=dict)
    """The schemas that the media type's own refers to."""

    @property
    def encoding(self) -> Mapping[str, Mapping[str, Any]]:
        """The Encoding Objects by field."""
        return self.media_type.encoding


def body(value: Any, content_type: str, described: Described | None = None) -> Body:
    """Return *value* as *content_type*; *described* is what the endpoint says of that type.

    Raises `UnwritableError` for a value that the media type has no form for.
    """
    if is_reference(value):
        return Body(content_type, StreamedBody((reference_of(value).piece(),)))
    row = _row(value, content_type)
    if row is None:
        kind = essence(content_type)
        expected = (
            "an object, whose fields are sent, or a string" if kind in _FORMS else "a string, which is sent as it is"
        )
        raise UnwritableError(f"a body of media type {kind} cannot be written from this value: expected {expected}")
    return row.write(value, content_type, described or Described())


def chosen(value: Any, content: Mapping[str, MediaType]) -> str:
    """Return the media type of *content* (by media type, as described) that carries *value* best.

    Text is sent as the first one; an object as the first by `rank`, but as multipart when a field of it is a file; a file as
    what it is, where that is among them. Where the description leaves it open, text is sent as text, a file as what it is,
    and everything else as JSON. Raises `UnwritableError` when the media types are named and none carries *value*.
    """
    if is_reference(value):
        return _chosen_for_file(reference_of(value), content)
    free = _ANY_TEXT if isinstance(value, str) else "application/json"
    names = list(content) or ["*/*"]
    if not isinstance(value, str):
        names.sort(key=lambda name: rank(name, files=_holds_file(value)))
    for name in names:
        concrete = _concrete(name, free)
        if concrete is not None and _row(value, concrete) is not None:
            return concrete
    raise UnwritableError(
        f"no media type of this endpoint can be written from this value: {', '.join(content)}; expected a string"
    )


def rank(name: str, *, files: bool = False) -> int:
    """Return how early the media type *name* is taken for an object, 0 first: JSON, then a form, multipart, the rest.

    With *files* in its fields multipart comes first: nothing else carries them.
    """
    kind = essence(name)
    if kind == MULTIPART and files:
        return 0
    return 1 if _JSON.fullmatch(kind) else 2 + _FORMS.index(kind) if kind in _FORMS else 4


def offers(content: Mapping[str, Any], content_type: str) -> bool:
    """Say whether *content* (by media type or range of them) has *content_type*, whatever its parameters."""
    kind = essence(content_type)
    return any(_ranges(essence(name)).fullmatch(kind) for name in content)


def file_places(value: Any) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Yield the references to files in a body's *value* that stand where files may: where, and what.

    Whether they are files there, or data, is a question of the body's media type.
    """
    if is_reference(value):
        yield (), value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if is_reference(item):
                yield (name,), item
            elif isinstance(item, list):
                yield from (((name, index), each) for index, each in enumerate(item) if is_reference(each))


def _holds_file(value: Any) -> bool:
    return next(file_places(value), None) is not None


def _chosen_for_file(file: FileReference, content: Mapping[str, MediaType]) -> str:
    kinds = [kind for kind in (file.content_type, file.guessed_type) if kind]
    for kind in kinds:
        if not content or offers(content, kind):
            return kind
    # What is named must be meant; a form's parts cannot come out of one file.
    named = [name for name in content if "*" not in name and essence(name) not in _FORMS]
    if named and _SENDABLE.fullmatch(named[0]) and not file.content_type:
        return named[0]
    if not content or offers(content, ANY_BYTES):
        return ANY_BYTES
    raise UnwritableError(
        f"no media type of this endpoint is that of the file {file.name!r}, {' or '.join(kinds) or 'which is not known'}: "
        f"offered are {', '.join(content)}; say the right one in the file's 'contentType'"
    )


def _ranges(kind: str) -> re.Pattern[str]:
    """Return what matches the media types of the range *kind* (RFC 9110, section 12.5.1)."""
    if kind in ("", "*"):
        kind = "*/*"
    return re.compile("[^/]*".join(map(re.escape, kind.split("*"))))


def essence(content_type: str) -> str:
    """Return *content_type* without its parameters, in lower case (RFC 9110, section 8.3.1)."""
    return content_type.partition(";")[0].strip().lower()


def _concrete(name: str, free: str) -> str | None:
    """Return a media type that the media type range *name* allows; None when its name does not say enough to write one."""
    kind = essence(name)
    if kind in ("", "*/*", "*"):
        return free
    if kind == "text/*":
        return _ANY_TEXT
    if kind in ("application/*", "application/*+json"):
        return "application/json"
    return None if "*" in kind or not _SENDABLE.fullmatch(name) else name


def is_json(content_type: str) -> bool:
    """Say whether *content_type* is JSON's, or one that is built on it (RFC 6839, section 3.1)."""
    return _JSON.fullmatch(essence(content_type)) is not None


# The rows


_Part = tuple[str, tuple[str | None, bytes, str | None, dict[str, str]]]
"""Name, and file name, content, media type and headers, as httpx takes them."""


def _json(value: Any, content_type: str, described: Described) -> Body:
    return Body(content_type, _json_text(value).encode("utf-8"))


def _json_text(value: Any, *, ascii_only: bool = False) -> str:
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False)
        text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: only its escape can be sent
        return _json_text(value, ascii_only=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableError(f"cannot be written as JSON: {error}") from error
    return text


def _text(value: Any, content_type: str, described: Described) -> Body:
    return Body(content_type, _encoded(scalar(value), _charset(content_type)))


def _charset(content_type: str) -> str:
    match = _CHARSET.search(content_type)
    return match[1] if match else "utf-8"


def _encoded(text: str, charset: str) -> bytes:
    try:
        return text.encode(charset)
    except (LookupError, UnicodeError) as error:
        raise UnwritableError(f"cannot be written in the charset {charset!r}: {error}") from error


def _form(value: Any, content_type: str, described: Described) -> Body:
    fields = _fields(value, described, escaped=True)
    return Body(content_type, "&".join(f"{field.name}={field.text}" for field in fields).encode("ascii"))


def _xml(value: Any, content_type: str, described: Described) -> Body:
    text = xml_text(value, described.media_type.schema, described.definitions)
    charset = _charset(content_type)
    declared = f'<?xml version="1.0" encoding="{charset.upper()}"?>\n'
    return Body(content_type, _encoded(declared + text, charset))


def _multipart(value: Any, content_type: str, described: Described) -> Body:
    fields = list(_fields(value, described, escaped=False))
    files = [each.file for each in fields if each.file is not None]
    mark = f"httptask-{secrets.token_hex(16)}".encode() if files else b""
    try:
        parts = [_part(each, mark) for each in fields]
        content_type, boundary = _bounded(content_type, parts, files=bool(files))
        if not parts:  # the library takes no parts for no body
            return Body(content_type, f"--{boundary}--\r\n".encode())
        header = {"Content-Type": f"{MULTIPART}; boundary={boundary}"}
        content = httpx.Request("POST", "http://_", files=parts, headers=header).read()
    except UnicodeEncodeError as error:
        raise UnwritableError(f"cannot be written as UTF-8: {error}") from error
    if not files:
        return Body(content_type, content)
    # The library has written everything but the files, and a mark, which nobody can guess, for each of these.
    first, *others = content.split(mark)
    pieces: list[bytes | FilePiece] = [first]
    for file, other in zip(files, others, strict=True):
        pieces += [file, other]
    return Body(content_type, StreamedBody(tuple(pieces)))


def _part(part: _Field, mark: bytes) -> _Part:
    content = part.text.encode("utf-8") if part.file is None else mark
    return part.name, (part.filename, content, part.content_type, dict(part.headers))


def _bounded(content_type: str, parts: list[_Part], *, files: bool) -> tuple[str, str]:
    """Return *content_type* with a boundary that no part holds, and the boundary."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        boundary = f"httptask-{secrets.token_hex(16) if files else _digest(parts)}"
        return f"{content_type}; boundary={boundary}", boundary
    boundary = match[1] or match[2] or ""
    if files:
        raise UnwritableError(
            f"leave the boundary {boundary!r} of Content-Type out: a file may hold it, nobody has read it"
        )
    if not _BOUNDARY_TEXT.fullmatch(boundary) or any(f"--{boundary}".encode() in part[1][1] for part in parts):
        raise UnwritableError(
            f"the boundary {boundary!r} of Content-Type is not valid, or stands in a part; leave it out"
        )
    return content_type, boundary


def _digest(parts: list[_Part]) -> str:
    """Return what is made of the parts themselves: the same request is written the same way each time, and none can hold it.

    Of a file only the reference is known here: whoever wrote the file could foresee what is made of that.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(repr(part).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One row of the table."""

    names: re.Pattern[str]
    values: tuple[type, ...]
    """What can be written as it."""
    write: Callable[[Any, str, Described], Body]


_KINDS = (
    _Kind(_JSON, (object,), _json),
    _Kind(re.compile(re.escape(FORM)), (dict,), _form),
    _Kind(re.compile(re.escape(MULTIPART)), (dict,), _multipart),
    _Kind(
        re.compile(r"(application|text)/(x-|vnd\.)?yaml|[^/]+/[^/]+\+yaml"), (dict, list), _json
    ),  # YAML 1.2 takes JSON
    _Kind(_XML, (dict, list, bool, int, float), _xml),
    _Kind(re.compile(r"text/plain"), (bool, int, float), _text),
    _Kind(re.compile(r".*", re.DOTALL), (str,), _text),
)


def _row(value: Any, content_type: str) -> _Kind | None:
    kind = essence(content_type)
    return next((row for row in _KINDS if isinstance(value, row.values) and row.names.fullmatch(kind)), None)


# Fields of a form


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    text: str = ""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    filename: str | None = None
    file: FilePiece | None = None
    """What is sent instead of the text."""


def _fields(value: Mapping[str, Any], described: Described, *, escaped: bool) -> Iterator[_Field]:
    """Yield the fields of the form *value*; *escaped* for a form in a URL's syntax."""
    for name, item in value.items():
        encoding = described.encoding.get(name, {})
        styled = any(encoding.get(each) is not None for each in _STYLED) and not _holds_file({name: item})
        try:
            yield from (_styled if styled else _typed)(name, item, encoding, escaped=escaped)
        except UnwritableError as error:
            raise UnwritableError(str(error), name, *error.path) from error


def _styled(name: str, value: Any, encoding: Mapping[str, Any], *, escaped: bool) -> Iterator[_Field]:
    # OpenAPI, Encoding Object: as in a query; in multipart/form-data nothing is percent-encoded.
    escapes = RESERVED if encoding.get("allowReserved") else ESCAPED
    encode: Encode = escapes["query"] if escaped else str
    for key, text in pairs(name, value, encoding.get("style") or "form", encoding.get("explode"), encode):
        yield _Field(key, text)


def _typed(name: str, value: Any, encoding: Mapping[str, Any], *, escaped: bool) -> Iterator[_Field]:
    encode: Encode = _plus if escaped else str
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if is_reference(item):
            if escaped:
                raise UnwritableError(f"a file cannot be sent in {FORM}; {MULTIPART} carries files")
            yield _file_field(name, item, encoding, (index,) if isinstance(value, list) else ())
            continue
        content_type = _field_type(item, encoding)
        if is_json(content_type):
            text = _json_text(item)
        elif isinstance(item, dict | list):
            raise UnwritableError(f"a field of media type {content_type} is sent as text: expected a string")
        else:
            text = scalar(item)
        yield _Field(encode(name), encode(text), content_type or None, _described_headers(encoding))


def _file_field(name: str, value: Mapping[str, Any], encoding: Mapping[str, Any], path: tuple[int, ...]) -> _Field:
    file = reference_of(value, *path)
    said = [each.strip() for each in str(encoding.get("contentType") or "").split(",")]
    named = [each for each in said if each and "*" not in each]
    guessed = file.guessed_type
    fits = guessed and (not any(said) or any(_ranges(essence(each)).fullmatch(guessed) for each in said))
    content_type = file.content_type or (guessed if fits else "") or (named[0] if named else ANY_BYTES)
    if not _SENDABLE.fullmatch(content_type):
        raise UnwritableError(f"its described media type {content_type!r} cannot stand in a header")
    headers = {**_described_headers(encoding), **file.headers}
    return _Field(name, "", content_type, headers, file.filename, file.piece(name, *path))


def _described_headers(encoding: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of a part whose description says their value: a constant, a default, or the only one allowed."""
    headers = {}
    for name, header in (encoding.get("headers") or {}).items():
        schema = header.get("schema") if isinstance(header, Mapping) else None
        value = _only_value(schema) if isinstance(schema, Mapping) else None
        # OpenAPI, Encoding Object: Content-Type is described separately. A description is a stranger's.
        if isinstance(value, str | int | float) and TOKEN.fullmatch(name) and name.lower() not in _OF_A_PART:
            text = scalar(value)
            if not UNSENDABLE.search(text):
                headers[name] = text
    return headers


_OF_A_PART = frozenset(("content-type", "content-disposition"))


def _only_value(schema: Mapping[str, Any]) -> Any:
    options = schema.get("enum")
    only = options[0] if isinstance(options, list) and len(options) == 1 else None
    return schema.get("const", schema.get("default", only))


def _field_type(item: Any, encoding: Mapping[str, Any]) -> str:
    """Return the media type of a field; "" is text. Of several the first is taken; a range says nothing that can be sent."""
    said = str(encoding.get("contentType") or "").partition(",")[0].strip()
    if not _SENDABLE.fullmatch(said):
        raise UnwritableError(f"its described media type {said!r} cannot stand in a header")
    if said and "*" not in said:
        return said
    return "application/json" if isinstance(item, dict | list) else ""


def _plus(text: str) -> str:
    return quote_plus(text, errors="surrogatepass")  # the URL Standard, section 5.2: a space is "+"
