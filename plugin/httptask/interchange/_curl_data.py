"""Parse the values of curl's data options: percent-encoded pairs, and the parts of a form."""

from __future__ import annotations

import re
from urllib.parse import quote

from httptask.interchange._captured import Part
from httptask.interchange._file_names import below_folder


class UnreadFileError(Exception):
    """The value is in a file, and files are not read."""


def is_local(path: str) -> bool:
    """Say whether *path* names a file. `-` and `.` are curl's standard input."""
    return path not in ("", "-", ".")


def url_encoded(value: str) -> str:
    """Return *value*, of `--data-urlencode` or `--url-query`, as curl sends it.

    `content` and `=content` have no name. In `name=content`, only the content is encoded. Raises
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
    """Return the part for `--form-string`. Everything after the first `=` is its text."""
    name, _, content = value.partition("=")
    return Part(name, content)


_SETTING = re.compile(r"\s*(type|filename|headers|encoder)\s*=", re.IGNORECASE)


def form_part(value: str) -> Part:
    """Return the part for *value* of `-F`.

    Raises `ValueError` if *value* is invalid or cannot be converted, and `UnreadFileError` if the
    text is in a file.
    """
    name, equals, text = value.partition("=")
    if not equals:
        raise ValueError(f"{value[:40]!r} has no '=' between its name and its content")
    if text.startswith("<"):
        raise UnreadFileError
    if text.startswith("("):
        raise ValueError("parts in parts are not carried over")
    is_file = text.startswith("@")
    content, settings = _split(text[1:] if is_file else text)
    filename = settings.get("filename")
    header_lines = settings.get("headers", "").split("\n")
    headers = dict(_header(line) for line in header_lines if line)
    if not is_file:
        return Part(name, content, None, settings.get("type", ""), filename, headers)
    if not is_local(content):
        raise UnreadFileError
    # In curl, a comma separates the names of files unless the name is quoted.
    if "," in content and not text.startswith('@"'):
        raise ValueError("several files in one part are not carried over; write an option for each")
    reference, _ = below_folder(content)
    file_name = re.split(r"[/\\]", content)[-1]
    return Part(
        name,
        file=reference,
        content_type=settings.get("type", ""),
        filename=file_name if filename is None else filename,
        headers=headers,
    )


def _header(line: str) -> tuple[str, str]:
    name, _, text = line.partition(":")
    return name.strip(), text.strip()


def _split(text: str) -> tuple[str, dict[str, str]]:
    """Return (content of a part, its settings `;type=`, `;filename=` and `;headers=`)."""
    content, position = _word(text, 0)
    settings: dict[str, str] = {}
    while position < len(text):
        match = _SETTING.match(text, position + 1)
        if match is None:  # the semicolon is part of the content
            continuation, position = _word(text, position + 1)
            content += ";" + continuation
            continue
        value, position = _word(text, match.end())
        key = match[1].lower()
        # A media type may have parameters, too: type=text/plain;charset=utf-8
        while key == "type" and position < len(text) and not _SETTING.match(text, position + 1):
            continuation, position = _word(text, position + 1)
            value += ";" + continuation
        joined = key == "headers" and key in settings
        settings[key] = f"{settings[key]}\n{value}" if joined else value.strip()
    return content, settings


def _word(text: str, start: int) -> tuple[str, int]:
    """Return (text up to the next semicolon, without quotes and backslashes; its end)."""
    text_start = len(text) - len(text[start:].lstrip())
    if text.startswith('"', text_start) and (closed := _QUOTED.match(text, text_start)):
        end = text.find(";", closed.end())
        content = re.sub(r'\\(["\\])', r"\1", closed[1])
        return content, len(text) if end < 0 else end
    end = text.find(";", start)
    end = len(text) if end < 0 else end
    return text[start:end], end


_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
