"""The data that curl's options name: percent-encoded pairs, and the parts of a form."""

from __future__ import annotations

import re
from urllib.parse import quote

from httptask.interchange._captured import Part
from httptask.interchange._file_names import below_folder


class UnreadFileError(Exception):
    """The value is in a file, which is not read."""


def is_local(path: str) -> bool:
    """Say whether *path* names a file: `-` and `.` are curl's standard input."""
    return path not in ("", "-", ".")


def url_encoded(value: str) -> str:
    """Return the pair of `--data-urlencode` or `--url-query` as it is sent.

    `content` and `=content` have no name; `name=content` keeps its name as it stands. Raises
    `UnreadFileError` for `@file` and `name@file`.
    """
    name, equals, content = value.partition("=")
    if not equals:
        if "@" in value:
            raise UnreadFileError
        return _encoded(value)
    return f"{name}={_encoded(content)}" if name else _encoded(content)


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def text_part(value: str) -> Part:
    """Return the part of `--form-string`: everything after the first `=` is its text."""
    name, _, content = value.partition("=")
    return Part(name, content)


_SETTING = re.compile(r"\s*(type|filename|headers|encoder)\s*=", re.IGNORECASE)


def form_part(value: str) -> Part:
    """Return the part of `-F`. Raises `ValueError` for what is none, `UnreadFileError` for a text
    that is in a file.
    """
    name, equals, rest = value.partition("=")
    if not equals:
        raise ValueError(f"{value[:40]!r} has no '=' between its name and its content")
    if rest.startswith("<"):
        raise UnreadFileError
    if rest.startswith("("):
        raise ValueError("parts in parts are not carried over")
    is_file = rest.startswith("@")
    content, settings = _split(rest[1:] if is_file else rest)
    filename = settings.get("filename")
    headers = dict(_header(line) for line in settings.get("headers", "").split("\n") if line)
    if not is_file:
        return Part(name, content, None, settings.get("type", ""), filename, headers)
    if not is_local(content):
        raise UnreadFileError
    if "," in content and not rest.startswith('@"'):
        raise ValueError("several files in one part are not carried over; write an option for each")
    reference, _ = below_folder(content)
    own_name = re.split(r"[/\\]", content)[-1]
    return Part(
        name,
        file=reference,
        content_type=settings.get("type", ""),
        filename=own_name if filename is None else filename,
        headers=headers,
    )


def _header(line: str) -> tuple[str, str]:
    name, _, text = line.partition(":")
    return name.strip(), text.strip()


def _split(text: str) -> tuple[str, dict[str, str]]:
    """Return the content of a part, and its settings `;type=`, `;filename=` and `;headers=`."""
    content, at = _word(text, 0)
    settings: dict[str, str] = {}
    while at < len(text):
        match = _SETTING.match(text, at + 1)
        if match is None:  # a semicolon of the content
            more, at = _word(text, at + 1)
            content += ";" + more
            continue
        value, at = _word(text, match.end())
        key = match[1].lower()
        # A media type has parameters of its own: type=text/plain;charset=utf-8
        while key == "type" and at < len(text) and not _SETTING.match(text, at + 1):
            more, at = _word(text, at + 1)
            value += ";" + more
        joined = key == "headers" and key in settings
        settings[key] = f"{settings[key]}\n{value}" if joined else value.strip()
    return content, settings


def _word(text: str, at: int) -> tuple[str, int]:
    """Return the text up to the next semicolon, quotes and backslashes undone, and its end."""
    stripped = len(text) - len(text[at:].lstrip())
    if text.startswith('"', stripped) and (closed := _QUOTED.match(text, stripped)):
        end = text.find(";", closed.end())
        return re.sub(r'\\(["\\])', r"\1", closed[1]), len(text) if end < 0 else end
    end = text.find(";", at)
    end = len(text) if end < 0 else end
    return text[at:end], end


_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
