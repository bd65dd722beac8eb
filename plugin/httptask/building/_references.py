"""File references, `{"$file": {...}}`: their fields, and where in a request they are allowed.

A reference has a `path` or an `upload`, or contains the bytes: `content` is text, `contentBase64`
is base64. The bytes are sent if the reference is the whole body, a field of a multipart body, or an
item of such a field. With `as`, the reference is replaced by the file's content as text, anywhere
in the request. A reference in another position is refused: it would send a local path to a server.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

from httptask._core.nearest import nearest
from httptask._core.pointers import pointer as pointer_of
from httptask._http.media_types import charset_of
from httptask._http.syntax import FRAMING, TOKEN, UNSENDABLE
from httptask.building._escaping import UnwritableError
from httptask.building._text import encoded_text
from httptask.model.exchange import FilePiece

REFERENCE = "$file"
"""The only member of an object that refers to a file."""

ANY_BYTES = "application/octet-stream"

AS = ("base64", "text")
"""The values of `as`: how the content of a file becomes text."""

_SOURCES = ("path", "upload", "content", "contentBase64")
"""The members that say where the bytes are; a reference has exactly one of them."""
_SETTINGS = (*_SOURCES, "as", "contentType", "filename", "headers")
_ADDED_MEMBERS = ("name", "mediaType", "size", "sha256", "problem")
"""Members that results and uploads add to a reference; authors do not write them."""
_TEXTS = frozenset(("path", "upload", "contentType", "filename"))

_IN_TEXT = re.compile(
    r'(?i)(?:\{|%7B)(?:\s|%20)*\\*(?:"|%22)(?:\$|%24)file\\*(?:"|%22)(?:\s|%20)*(?::|%3A)'
)
"""A reference that an expression has put into a text: as JSON or JSON within JSON, perhaps
percent-encoded.
"""

Path = tuple[str | int, ...]
"""The names and indices that lead to a value."""


@dataclass(frozen=True, slots=True)
class FileReference:
    """A parsed reference `{"$file": {...}}`."""

    settings: Mapping[str, Any]
    name: str
    """The name for messages: the path, if there is one."""
    filename: str
    """The file name in a multipart body."""
    content_type: str
    """The `contentType`, else the `mediaType` of a result or upload, else ""."""
    headers: Mapping[str, str]
    """Additional headers of the file's part in a multipart body."""

    @property
    def guessed_type(self) -> str:
        """The media type for the file's name, else text/plain for inline text, else ""."""
        by_name = (
            mimetypes.guess_type(self.filename, strict=False)[0]
            or mimetypes.guess_type(self.name)[0]
        )
        return by_name or ("text/plain; charset=utf-8" if "content" in self.settings else "")

    def piece(self, *path: str | int) -> FilePiece | bytes:
        """Return the file as a piece of a body; *path* leads to the reference in the body's
        value.
        """
        if self.is_inline:
            return self.content
        return FilePiece(self.name, self.settings, pointer_of(path))

    @property
    def is_inline(self) -> bool:
        """Whether the reference itself contains the bytes."""
        return "content" in self.settings or "contentBase64" in self.settings

    @property
    def content(self) -> bytes:
        """The bytes of an inline file. Raises `UnwritableError`."""
        if "contentBase64" in self.settings:
            return base64.b64decode("".join(self.settings["contentBase64"].split()), validate=True)
        return encoded_text(self.settings["content"], charset_of(self.content_type))


def is_reference(value: Any) -> bool:
    """Say whether *value* is a file reference: an object whose only member is `$file`."""
    return isinstance(value, dict | Mapping) and len(value) == 1 and REFERENCE in value


def is_data(reference: Mapping[str, Any]) -> bool:
    """Say whether *reference* has `as`: then the file's content replaces the reference."""
    settings = reference[REFERENCE]
    return isinstance(settings, Mapping) and settings.get("as") is not None


def reference_of(value: Mapping[str, Any], *path: str | int) -> FileReference:
    """Parse the reference *value*, which is at *path*.

    Raises `UnwritableError` for an invalid reference.
    """
    settings: Mapping[str, Any] = value[REFERENCE]
    for steps, code, params in reference_problems(value):
        raise UnwritableError(code, *path, *steps, **params)
    name = str(
        settings.get("path")
        or settings.get("name")
        or ("upload" if "upload" in settings else "file")
    )
    return FileReference(
        settings=settings,
        name=name,
        filename=settings.get("filename") or settings.get("name") or PurePath(name).name or "file",
        content_type=settings.get("contentType") or settings.get("mediaType") or "",
        headers=settings.get("headers") or {},
    )


# Problems of references


class ReferenceProblem(NamedTuple):
    """A problem of a reference: its path, its code, and the code's parameters."""

    path: Path
    code: str
    params: Mapping[str, Any]


def reference_problems(value: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    """Yield the problems of the reference *value* itself; whether its file exists is not
    checked.
    """
    settings: Any = value[REFERENCE]
    if not isinstance(settings, Mapping):
        yield ReferenceProblem((REFERENCE,), "file-reference", {})
        return
    unknown = list(_unknown_members(settings))
    yield from unknown
    for name in settings.keys() & _TEXTS:
        if not (isinstance(settings[name], str) and settings[name]):
            yield ReferenceProblem(
                (REFERENCE, name),
                "file-member",
                {"name": name, "expected": "text"},
            )
    if settings.get("as") not in (None, *AS):
        yield ReferenceProblem((REFERENCE, "as"), "file-as", {"expected": list(map(repr, AS))})
    # A misspelt source is already reported as an unknown member: do not report a missing source.
    if not any(problem.params.get("near") in _SOURCES for problem in unknown):
        yield from _source_problems(settings)
    yield from _inline_problems(settings)
    yield from _header_problems(settings)


def _unknown_members(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    for name in settings:
        if name not in (*_SETTINGS, *_ADDED_MEMBERS):
            near = nearest(name, _SETTINGS)
            hint = {"near": near[0]} if near else {"known": list(_SETTINGS)}
            yield ReferenceProblem((REFERENCE, name), "file-member-unknown", {"name": name, **hint})


def _source_problems(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    """Yield a problem unless exactly one member says where the bytes are, and the path is safe."""
    sources = [name for name in _SOURCES if name in settings]
    if len(sources) > 1:
        yield ReferenceProblem((REFERENCE,), "file-sources", {"names": list(map(repr, sources))})
    elif not sources:
        why = settings.get("problem")
        if why:
            yield ReferenceProblem((REFERENCE,), "file-not-kept", {"fileMessage": why})
        else:
            yield ReferenceProblem((REFERENCE,), "file-source-missing", {})
    path = settings.get("path")
    if isinstance(path, str):
        # Both separators: a definition written on Windows must be refused on Linux, too.
        if ".." in PurePath(path).parts or ".." in path.replace("\\", "/").split("/"):
            yield ReferenceProblem((REFERENCE, "path"), "file-path-climbs", {"name": path})
        elif "\0" in path:
            yield ReferenceProblem((REFERENCE, "path"), "file-path-nul", {})


def _inline_problems(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    """Yield a problem if the inline content is not text, or cannot be decoded."""
    for name in ("content", "contentBase64"):
        if name not in settings:
            continue
        if not isinstance(settings[name], str):
            yield ReferenceProblem(
                (REFERENCE, name),
                "file-member",
                {"name": name, "expected": "text"},
            )
            return
        try:
            FileReference(settings, "", "", str(settings.get("contentType") or ""), {}).content  # noqa: B018
        except UnwritableError as error:
            yield ReferenceProblem((REFERENCE, name), error.code, error.params)
        except ValueError as error:  # from `base64.b64decode`
            params = {"pythonMessage": str(error)}
            yield ReferenceProblem((REFERENCE, name), "file-base64", params)


def _header_problems(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    """Yield problems of the content type and the headers of a part of a multipart body."""
    content_type = settings.get("contentType") or settings.get("mediaType") or ""
    if isinstance(content_type, str) and (
        UNSENDABLE.search(content_type) or not content_type.isascii()
    ):
        yield ReferenceProblem(
            (REFERENCE, "contentType"),
            "file-content-type",
            {"found": content_type},
        )
    headers = settings.get("headers") or {}
    if not isinstance(headers, Mapping):
        yield ReferenceProblem(
            (REFERENCE, "headers"),
            "file-member",
            {"name": "headers", "expected": "an object"},
        )
        return
    for name, value in headers.items():
        path = (REFERENCE, "headers", name)
        if not TOKEN.fullmatch(name) or name.lower() in (*FRAMING, "content-disposition"):
            yield ReferenceProblem(path, "file-header-name", {"name": name})
        elif name.lower() == "content-type":
            yield ReferenceProblem(path, "file-header-content-type", {})
        elif not isinstance(value, str) or UNSENDABLE.search(value):
            yield ReferenceProblem(path, "file-header-value", {})


# Positions of references


def is_pairs(value: Any) -> bool:
    """Say whether *value* is a list of names and values: `[["a", "1"], ["b", "2"], ["a", "3"]]`."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in value
        )
    )


def file_places(body: Any, *, pairs: bool = True) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the path and value of each file reference in *body* at a position that allows files.

    These positions are the body itself, a field, and an item of a list in a field or of a list that
    is the body. Whether the body's media type can carry files is not checked. With *pairs*, a list
    of names and values counts as fields.
    """
    if is_reference(body):
        fields: list[tuple[Path, Any]] = [((), body)]
    elif isinstance(body, Mapping):
        fields = [((name,), item) for name, item in body.items()]
    elif pairs and is_pairs(body):
        fields = [((index, 1), pair[1]) for index, pair in enumerate(body)]
    else:
        fields = [((), body)]
    for path, item in fields:
        if is_reference(item):
            yield path, item
        elif isinstance(item, list):
            yield from (
                ((*path, index), member)
                for index, member in enumerate(item)
                if is_reference(member)
            )


def data_places(value: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the path and value of each reference in *value* to be replaced by the file's
    content.
    """
    yield from ((path, item) for path, item in references(value) if is_data(item))


def references(value: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the path and value of every file reference in *value*."""
    if not mentions_files(value):
        return
    for steps, item in _walk(value):
        if not isinstance(item, str) and is_reference(item):
            yield _path(steps), item


def misplaced(value: Any, allowed_paths: Collection[Path] = ()) -> Iterator[ReferenceProblem]:
    """Yield a problem for each reference in *value* that cannot be sent at its position.

    *allowed_paths* are the paths at which a file is allowed.
    """
    if not mentions_files(value):
        return
    for steps, item in _walk(value):
        if isinstance(item, str):
            # `in` is cheaper than a search, and most texts have no "file".
            if "file" in item and _IN_TEXT.search(item):
                yield ReferenceProblem(_path(steps), "file-reference-in-text", {})
        elif is_reference(item):
            if not is_data(item) and _path(steps) not in allowed_paths:
                yield from _misplaced_reference(_path(steps), item)
        elif isinstance(item, Mapping) and _is_crowded(item):
            others = [repr(name) for name in item if name != REFERENCE]
            yield ReferenceProblem(_path(steps), "file-reference-crowded", {"names": others})


def _misplaced_reference(path: Path, value: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    """Yield the problem that the reference *value* is not allowed at *path*.

    With a misspelt `as`, only the misspelling is reported: `as` would allow the reference there.
    """
    settings = value[REFERENCE]
    unknown = []
    if isinstance(settings, Mapping):
        unknown = list(_unknown_members(settings))
    for problem in unknown:
        yield problem._replace(path=(*path, *problem.path))
    if not any(problem.params.get("near") == "as" for problem in unknown):
        yield ReferenceProblem(path, "file-misplaced", {})


def _is_crowded(value: Mapping[str, Any]) -> bool:
    """Say whether *value* has other members beside a reference: the path would be sent as data."""
    settings = value.get(REFERENCE)
    return isinstance(settings, Mapping) and not settings.keys().isdisjoint(_SOURCES)


def text_places(value: Any, matches: Callable[[str], bool]) -> Iterator[Path]:
    """Yield the path of each text in *value* that *matches* accepts, except inside references."""
    yield from (
        _path(steps) for steps, item in _walk(value) if isinstance(item, str) and matches(item)
    )


def with_values(value: Any, replaced: Mapping[Path, Any]) -> Any:
    """Return a copy of *value* in which the values at the paths in *replaced* are replaced.

    Only the objects and lists on these paths are copied; the rest is shared with *value*.
    """
    if () in replaced:
        return replaced[()]
    inner: dict[str | int, dict[Path, Any]] = {}
    for (step, *rest), new in replaced.items():
        inner.setdefault(step, {})[tuple(rest)] = new
    copy: Any = list(value) if isinstance(value, list) else dict(value)
    for step, deeper in inner.items():
        copy[step] = with_values(copy[step], deeper)
    return copy


_Steps = tuple[Any, str | int] | None
"""A path as a linked list: the path before its last step, and that step.

Building a whole `Path` for every value would be too slow for deeply nested values.
"""


def mentions_files(value: Any) -> bool:
    """Say whether *value* may contain a reference, or a text with a reference in it.

    This is a fast check that every request passes; most requests contain no file.
    """
    queue = [value]
    while queue:
        item = queue.pop()
        item_type = type(item)
        if item_type is int:
            continue
        if item_type is str:
            if "file" in item:
                return True
        elif item_type is dict:
            if REFERENCE in item:
                return True
            queue += item.values()
        elif item_type is list:
            queue += item
        elif isinstance(item, str | list | Mapping):
            return True
    return False


def _walk(value: Any) -> Iterator[tuple[_Steps, Any]]:
    """Yield every object, array and string in *value*, in document order.

    The contents of references are left out.
    """
    queue: list[tuple[_Steps, Any]] = [(None, value)]
    while queue:
        steps, item = queue.pop()
        yield steps, item
        # For speed, `str` comes first: most values are texts, and `isinstance` with an abstract
        # class is slow.
        if isinstance(item, str) or is_reference(item):
            continue
        members: Iterable[tuple[Any, Any]] = ()
        if isinstance(item, Mapping):
            members = reversed(list(item.items()))
        elif isinstance(item, list):
            members = ((index, item[index]) for index in range(len(item) - 1, -1, -1))
        queue += [
            ((steps, name), member)
            for name, member in members
            if isinstance(member, str | list | dict | Mapping)
        ]


def _path(steps: _Steps) -> Path:
    path: list[str | int] = []
    while steps is not None:
        steps, step = steps
        path.append(step)
    return tuple(reversed(path))
