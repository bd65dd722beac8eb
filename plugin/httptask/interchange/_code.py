"""Write a request as code: for HTTPie, Python's httpx, JavaScript's fetch, and Go.

A table says how each language writes text, octets, environment variables and files, and the program
around them. The code contains no secrets: it reads them from environment variables.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from httptask._core.redaction import MASK
from httptask.building import (
    Piece,
    SecretVariables,
    Variable,
    body_commands,
    body_text,
    curl_command,
    own_headers,
    quoted,
)
from httptask.errors import InterchangeError
from httptask.model.exchange import FilePiece, SentRequest, StreamedBody


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language writes the pieces of a request."""

    text: Callable[[str], str]
    """Text -> a string literal."""
    octets: Callable[[bytes], str]
    """Octets -> an expression for them."""
    as_octets: Callable[[str], str]
    """An expression for a text -> an expression for its octets in UTF-8."""
    variable: Callable[[str], str]
    """Name of an environment variable -> an expression for its value."""
    file: Callable[[str], str]
    """Name of a file -> an expression for its octets."""
    joined: Callable[[Sequence[str]], str]
    """Expressions for octets -> an expression for all of them, one after the other."""
    comment: str
    plus: str
    """The operator between texts in the arguments of a call."""
    frame: Callable[[_Parts], Iterator[str]]
    """The parts of a request -> the lines of the program."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a request, as expressions of a language."""

    request: SentRequest
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    """Empty means no body."""

    def use(self, name: str) -> bool:
        """Say whether an expression uses *name*; the text of a literal does not count."""
        header_values = [value for _, value in self.headers]
        expressions = [self.url, self.body, *header_values]
        return any(name in _LITERAL.sub("", expression) for expression in expressions)


_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
"""A string literal of Python, JavaScript or Go."""


def code_of(request: SentRequest, language: str) -> str:
    """Return *request* as a command or a program in *language*, one of `LANGUAGES`.

    Each masked value becomes an environment variable, which a comment explains. Names of files are
    relative to the folder of files, in which the code must be run. Raises `InterchangeError` if the
    language cannot express the request.
    """
    if language == "curl":
        return curl_command(request)
    if language == "httpie":
        return _httpie(request)
    row = _LANGUAGES[language]
    secrets = SecretVariables.of(request)
    parts = _Parts(
        request,
        row.text(request.method),
        _expression(secrets.in_url(request.url), row, row.plus),
        tuple(
            (
                row.text(name),
                _expression(secrets.pieces(value, f"the header {name}", name), row, row.plus),
            )
            for name, value in own_headers(request)
        ),
        _body(request.body, secrets, row),
    )
    program = "\n".join(row.frame(parts))
    return "".join(secrets.comments(row.comment)) + program + "\n"


def _expression(pieces: Sequence[Piece], row: _Language, plus: str = " + ") -> str:
    return plus.join(
        row.variable(piece.name) if isinstance(piece, Variable) else row.text(piece)
        for piece in pieces
    )


def _body(body: bytes | StreamedBody, secrets: SecretVariables, row: _Language) -> str:
    """Return an expression for *body* in the language *row*, or "" without a body."""
    if not body:
        return ""
    text = body_text(body)
    if text is not None:
        return row.as_octets(_expression(secrets.pieces(text, "the body", "body"), row))
    written: list[str] = []
    for piece in body.pieces if isinstance(body, StreamedBody) else (body,):
        if isinstance(piece, FilePiece):
            written.append(row.file(piece.name))
            continue
        for index, data in enumerate(piece.split(MASK.encode())):
            if index:
                mask = secrets.pieces(MASK, "the body", "body")
                written.append(row.as_octets(_expression(mask, row)))
            if data:
                written.append(row.octets(data))
    if len(written) == 1:
        return written[0]
    return row.joined(written)


# HTTPie: a command, like curl's

_LIKE_A_SEPARATOR = re.compile(r"[:=@;]")
_UNESCAPED = re.compile(r"\\(?=[:;=@])")


def _httpie(request: SentRequest) -> str:
    secrets = SecretVariables.of(request)
    text = body_text(request.body)
    words = ["http"]
    before = ""
    if text is None and request.body:
        before = f"{body_commands(request.body, secrets)} | "
    else:
        words.append("--ignore-stdin")
    if text is not None:
        words.append("--raw " + quoted(secrets.pieces(text, "the body", "body")))
    words.append(quoted([request.method]))
    words.append(quoted(secrets.in_url(request.url)))
    lines = [" ".join(words)]
    for name, value in own_headers(request):
        item = _httpie_item(name, value)
        lines.append(quoted(secrets.pieces(item, f"the header {name}", name)))
    return "".join(secrets.comments("#")) + before + " \\\n  ".join(lines)


def _httpie_item(name: str, value: str) -> str:
    """Return a header as an item of HTTPie, with a backslash before a separator in front."""
    if _UNESCAPED.search(value):
        raise InterchangeError(f"HTTPie cannot say the header {name}: it would drop a backslash")
    if not value:
        return f"{name};"
    return f"{name}:" + ("\\" if _LIKE_A_SEPARATOR.match(value) else "") + value


# Python


def _python_text(text: str) -> str:
    if text.isprintable():
        return json.dumps(text, ensure_ascii=False)
    return repr(text)


def _python(parts: _Parts) -> Iterator[str]:
    modules = [name for name in ("base64", "os", "pathlib") if parts.use(f"{name}.")]
    yield from (f"import {module}" for module in modules)
    yield from ([""] if modules else [])
    yield from ("import httpx", "", "response = httpx.request(")
    yield f"    {parts.method},"
    yield f"    {parts.url},"
    if parts.headers:
        yield "    headers=["
        for name, value in parts.headers:
            # httpx encodes strings as ASCII: pass other values as octets.
            is_ascii = value.isascii()
            yield (
                f"        ({name}, {value}),"
                if is_ascii
                else (f"        ({name}.encode(), ({value}).encode()),")
            )
        yield "    ],"
    if parts.body:
        yield f"    content={parts.body},"
    yield from (")", "print(response.status_code)", "print(response.text)")


# JavaScript: a module for Node.js, and for browsers unless it reads a file


def _javascript_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _javascript(parts: _Parts) -> Iterator[str]:
    if parts.body and parts.request.method in ("GET", "HEAD"):
        raise InterchangeError(f"fetch sends no body with the method {parts.request.method}")
    if parts.use("readFile("):
        yield from ('import { readFile } from "node:fs/promises";', "")
    yield f"const response = await fetch({parts.url}, {{"
    yield f"  method: {parts.method},"
    if parts.headers:
        yield "  headers: ["
        for name, value in parts.headers:
            # fetch expects one character for each octet.
            octets = value.encode("utf-8").decode("latin-1")
            yield f"    [{name}, {octets}],"
        yield "  ],"
    if parts.body:
        yield f"  body: {parts.body},"
    yield from ("});", "console.log(response.status);", "console.log(await response.text());")


# Go


_NOT_IN_GO = re.compile("[\ufeff\x7f]")
"""Characters that must be escaped in a literal of Go, but not in JSON."""


def _go_text(text: str) -> str:
    literal = json.dumps(text, ensure_ascii=False)
    return _NOT_IN_GO.sub(lambda match: f"\\u{ord(match[0]):04x}", literal)


def _go_octets(data: bytes) -> str:
    plain = (
        chr(octet) if 0x20 <= octet < 0x7F and octet not in b'"\\' else f"\\x{octet:02x}"
        for octet in data
    )
    return f'"{"".join(plain)}"'


def _go(parts: _Parts) -> Iterator[str]:
    modules = ["fmt", "io", "net/http"]
    # Go refuses to compile a program that imports a package it does not use.
    modules += ["os"] if parts.use("os.") or parts.use("file(") else []
    modules += ["strings"] if parts.body else []
    yield from ("package main", "", "import (")
    yield from (f'\t"{module}"' for module in sorted(modules))
    yield from (")", "")
    if parts.use("file("):
        yield from ("func file(name string) string {", "\tdata, err := os.ReadFile(name)")
        yield from ("\tif err != nil {", "\t\tpanic(err)", "\t}", "\treturn string(data)", "}", "")
    yield "func main() {"
    if parts.body:
        yield f"\tbody := strings.NewReader({parts.body})"
    body = "body" if parts.body else "nil"
    yield f"\trequest, err := http.NewRequest({parts.method}, {parts.url}, {body})"
    yield from ("\tif err != nil {", "\t\tpanic(err)", "\t}")
    yield from (f"\trequest.Header.Add({name}, {value})" for name, value in parts.headers)
    yield "\tresponse, err := http.DefaultClient.Do(request)"
    yield from ("\tif err != nil {", "\t\tpanic(err)", "\t}", "\tdefer response.Body.Close()")
    yield from ("\ttext, err := io.ReadAll(response.Body)", "\tif err != nil {", "\t\tpanic(err)")
    yield from ("\t}", "\tfmt.Println(response.StatusCode)", "\tfmt.Println(string(text))", "}")


def _base64(data: bytes) -> str:
    return f'"{base64.b64encode(data).decode("ascii")}"'


_LANGUAGES: Mapping[str, _Language] = {
    "python": _Language(
        text=_python_text,
        octets=lambda data: f"base64.b64decode({_base64(data)})",
        as_octets=lambda text: f"({text}).encode()" if " + " in text else f"{text}.encode()",
        variable=lambda name: f'os.environ["{name}"]',
        file=lambda name: f"pathlib.Path({_python_text(name)}).read_bytes()",
        joined=lambda pieces: f'b"".join([{", ".join(pieces)}])',
        comment="#",
        plus=" + ",
        frame=_python,
    ),
    "javascript": _Language(
        text=_javascript_text,
        octets=lambda data: f'Buffer.from({_base64(data)}, "base64")',
        as_octets=lambda text: text,
        variable=lambda name: f"process.env.{name}",
        file=lambda name: f"await readFile({_javascript_text(name)})",
        joined=lambda pieces: f"new Blob([{', '.join(pieces)}])",
        comment="//",
        plus=" + ",
        frame=_javascript,
    ),
    "go": _Language(
        text=_go_text,
        octets=_go_octets,
        as_octets=lambda text: text,
        variable=lambda name: f'os.Getenv("{name}")',
        file=lambda name: f"file({_go_text(name)})",
        joined=lambda pieces: " + ".join(pieces),
        comment="//",
        plus="+",  # as gofmt has it
        frame=_go,
    ),
}
LANGUAGES = ("curl", "httpie", *_LANGUAGES)
"""The languages in which a request can be written."""
