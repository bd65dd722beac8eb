"""File references, `{"$file": {...}}`: their fields, and where in a request they are allowed.

A reference names its bytes by `path`, by `upload`, or contains them: `content` is text,
`contentBase64` is base64. Its bytes are sent where it is a whole body, a field of a multipart body,
or an item of one of these. With `as` its content becomes data: text that may be anywhere. A
reference anywhere else is refused: it would tell a stranger a local path.
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
"""The only member of a value that stands for a file."""

ANY_BYTES = "application/octet-stream"

AS = ("base64", "text")
"""How the content of a file can become data."""

_SOURCES = ("path", "upload", "content", "contentBase64")
"""Where the bytes are; a reference has exactly one of them."""
_SETTINGS = (*_SOURCES, "as", "contentType", "filename", "headers")
_SEEN = ("name", "mediaType", "size", "sha256", "problem")
"""Members of the reference that a result or an upload is; an author need not write them."""
_TEXTS = frozenset(("path", "upload", "contentType", "filename"))

_IN_TEXT = re.compile(
    r'(?i)(?:\{|%7B)(?:\s|%20)*\\*(?:"|%22)(?:\$|%24)file\\*(?:"|%22)(?:\s|%20)*(?::|%3A)'
)
"""A reference inside a text, by an expression: JSON, or JSON in JSON, percent-encoded or not."""

Path = tuple[str | int, ...]
"""Names and indices that lead to a value."""


@dataclass(frozen=True, slots=True)
class FileReference:
    """What a value `{"$file": {...}}` says."""

    settings: Mapping[str, Any]
    name: str
    """What a person calls the file."""
    filename: str
    """The name that a multipart body gives it; never with a folder."""
    content_type: str
    """As said, or as seen when it came; "" when nothing says."""
    headers: Mapping[str, str]
    """Headers of its part of a multipart body."""

    @property
    def guessed_type(self) -> str:
        """The media type by the file's name, or of inline text; "" when nothing suggests one."""
        by_name = (
            mimetypes.guess_type(self.filename, strict=False)[0]
            or mimetypes.guess_type(self.name)[0]
        )
        return by_name or ("text/plain; charset=utf-8" if "content" in self.settings else "")

    def piece(self, *path: str | int) -> FilePiece | bytes:
        """Return the file as a piece of a body, in whose value *path* leads to the reference."""
        return (
            self.content
            if self.is_inline
            else FilePiece(self.name, self.settings, pointer_of(path))
        )

    @property
    def is_inline(self) -> bool:
        """Whether the reference holds the bytes itself."""
        return "content" in self.settings or "contentBase64" in self.settings

    @property
    def content(self) -> bytes:
        """The bytes of an inline file. Raises `UnwritableError`."""
        if "contentBase64" in self.settings:
            return base64.b64decode("".join(self.settings["contentBase64"].split()), validate=True)
        return encoded_text(self.settings["content"], charset_of(self.content_type))


def is_reference(value: Any) -> bool:
    """Say whether *value* stands for a file: an object whose one member is `$file`."""
    return isinstance(value, dict | Mapping) and len(value) == 1 and REFERENCE in value


def is_data(reference: Mapping[str, Any]) -> bool:
    """Say whether *reference* stands for the content of a file, as text among other data."""
    settings = reference[REFERENCE]
    return isinstance(settings, Mapping) and settings.get("as") is not None


def reference_of(value: Mapping[str, Any], *path: str | int) -> FileReference:
    """Parse the reference *value*, at *path*.

    Raises `UnwritableError` for one that names no file.
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


# What is wrong with one


class ReferenceProblem(NamedTuple):
    """What is wrong with a reference."""

    path: Path
    code: str
    params: Mapping[str, Any]


def reference_problems(value: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    """Yield what is wrong with the reference *value*, whatever files there are."""
    settings: Any = value[REFERENCE]
    if not isinstance(settings, Mapping):
        yield ReferenceProblem((REFERENCE,), "file-reference", {})
        return
    unknown = list(_unknown_members(settings))
    yield from unknown
    for name in settings.keys() & _TEXTS:
        if not (isinstance(settings[name], str) and settings[name]):
            yield ReferenceProblem(
                (REFERENCE, name), "file-member", {"name": name, "expected": "text"}
            )
    if settings.get("as") not in (None, *AS):
        yield ReferenceProblem((REFERENCE, "as"), "file-as", {"expected": list(map(repr, AS))})
    # A misspelt source is the one that is missing.
    if not any(problem.params.get("near") in _SOURCES for problem in unknown):
        yield from _source_problems(settings)
    yield from _inline_problems(settings)
    yield from _header_problems(settings)


def _unknown_members(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    for name in settings:
        if name not in (*_SETTINGS, *_SEEN):
            near = nearest(name, _SETTINGS)
            hint = {"near": near[0]} if near else {"known": list(_SETTINGS)}
            yield ReferenceProblem((REFERENCE, name), "file-member-unknown", {"name": name, **hint})


def _source_problems(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
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
        if ".." in PurePath(path).parts or ".." in path.replace("\\", "/").split("/"):
            yield ReferenceProblem((REFERENCE, "path"), "file-path-climbs", {"name": path})
        elif "\0" in path:
            yield ReferenceProblem((REFERENCE, "path"), "file-path-nul", {})


def _inline_problems(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    for name in ("content", "contentBase64"):
        if name not in settings:
            continue
        if not isinstance(settings[name], str):
            yield ReferenceProblem(
                (REFERENCE, name), "file-member", {"name": name, "expected": "text"}
            )
            return
        try:
            FileReference(settings, "", "", str(settings.get("contentType") or ""), {}).content  # noqa: B018
        except UnwritableError as error:
            yield ReferenceProblem((REFERENCE, name), error.code, error.params)
        except ValueError as error:  # what base64 and its digits raise
            params = {"pythonMessage": str(error)}
            yield ReferenceProblem((REFERENCE, name), "file-base64", params)


def _header_problems(settings: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    content_type = settings.get("contentType") or settings.get("mediaType") or ""
    if isinstance(content_type, str) and (
        UNSENDABLE.search(content_type) or not content_type.isascii()
    ):
        yield ReferenceProblem(
            (REFERENCE, "contentType"), "file-content-type", {"found": content_type}
        )
    headers = settings.get("headers") or {}
    if not isinstance(headers, Mapping):
        yield ReferenceProblem(
            (REFERENCE, "headers"), "file-member", {"name": "headers", "expected": "an object"}
        )
        return
    for name, text in headers.items():
        at = (REFERENCE, "headers", name)
        if not TOKEN.fullmatch(name) or name.lower() in (*FRAMING, "content-disposition"):
            yield ReferenceProblem(at, "file-header-name", {"name": name})
        elif name.lower() == "content-type":
            yield ReferenceProblem(at, "file-header-content-type", {})
        elif not isinstance(text, str) or UNSENDABLE.search(text):
            yield ReferenceProblem(at, "file-header-value", {})


# Where they stand


def is_pairs(value: Any) -> bool:
    """Say whether *value* is pairs of names and values: `[["a", "1"], ["b", "2"], ["a", "3"]]`."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in value
        )
    )


def file_places(body: Any, *, pairs: bool = True) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the references to files in *body* that stand where files may: where, and what.

    Whether they may in truth is a question of the body's media type: only multipart bodies carry
    files in their fields. A form may be written as *pairs* of names and values.
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
    """Yield the references in *value* whose content is to stand there as text: where, and what."""
    yield from ((path, item) for path, item in references(value) if is_data(item))


def references(value: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every reference to a file in *value*: where, and what."""
    if not mentions_files(value):
        return
    for steps, item in _walked(value):
        if not isinstance(item, str) and is_reference(item):
            yield _path(steps), item


def misplaced(value: Any, carried: Collection[Path] = ()) -> Iterator[ReferenceProblem]:
    """Yield the references in *value* that cannot be sent where they are.

    *carried* are the positions that can carry files.
    """
    if not mentions_files(value):
        return
    for steps, item in _walked(value):
        if isinstance(item, str):
            if "file" in item and _IN_TEXT.search(item):
                yield ReferenceProblem(_path(steps), "file-reference-in-text", {})
        elif is_reference(item):
            if not is_data(item) and _path(steps) not in carried:
                yield from _misplaced_reference(_path(steps), item)
        elif isinstance(item, Mapping) and _is_crowded(item):
            others = [repr(name) for name in item if name != REFERENCE]
            yield ReferenceProblem(_path(steps), "file-reference-crowded", {"names": others})


def _misplaced_reference(path: Path, value: Mapping[str, Any]) -> Iterator[ReferenceProblem]:
    """Yield that *value* cannot stand at *path*. A misspelt `as` would have made it data."""
    settings = value[REFERENCE]
    unknown = list(_unknown_members(settings)) if isinstance(settings, Mapping) else []
    for problem in unknown:
        yield problem._replace(path=(*path, *problem.path))
    if not any(problem.params.get("near") == "as" for problem in unknown):
        yield ReferenceProblem(path, "file-misplaced", {})


def _is_crowded(value: Mapping[str, Any]) -> bool:
    """Say whether *value* has other members beside a reference: its path would be sent as data."""
    settings = value.get(REFERENCE)
    return isinstance(settings, Mapping) and not settings.keys().isdisjoint(_SOURCES)


def text_places(value: Any, matches: Callable[[str], bool]) -> Iterator[Path]:
    """Yield where in *value* the texts stand that *matches* accepts; references are passed over."""
    yield from (
        _path(steps) for steps, item in _walked(value) if isinstance(item, str) and matches(item)
    )


def with_values(value: Any, replaced: Mapping[Path, Any]) -> Any:
    """Return a copy of *value* with other values at the paths *replaced*.

    All that is not on the way to them is shared with *value*.
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
"""A path as a pair: the path before its last step, and that step.

Values may be nested so deeply that whole paths would cost too much.
"""


def mentions_files(value: Any) -> bool:
    """Say whether *value* may contain a reference, or the text of one.

    This is a fast check for every request: most contain none.
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


def _walked(value: Any) -> Iterator[tuple[_Steps, Any]]:
    """Yield every object, array and string in *value* in document order.

    What a reference contains is left out.
    """
    queue: list[tuple[_Steps, Any]] = [(None, value)]
    while queue:
        steps, item = queue.pop()
        yield steps, item
        # Texts are most of what there is, and asking an abstract class is slow: every request is
        # walked.
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
