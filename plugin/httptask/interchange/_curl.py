"""Read the request that a curl command sends. The command is not run, and no files are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from httptask._core.nearest import nearest
from httptask.errors import InterchangeError, reason
from httptask.interchange._blanks import Blanks
from httptask.interchange._captured import Captured, File, Part
from httptask.interchange._curl_data import (
    UnreadFileError,
    form_part,
    is_local,
    text_part,
    url_encoded,
)
from httptask.interchange._curl_options import ABOUT_OUTPUT, LETTERS, OPTIONS, REASONS, REFUSED
from httptask.interchange._curl_settings import aws_fields, task_settings
from httptask.interchange._file_names import below_folder
from httptask.interchange._shell import Command, ShellError, words_of

MOST_CHARACTERS = 16 * 1024 * 1024
_BEFORE_CURL = re.compile(r"[$%>#]|sudo|time|command|exec|call|&|[A-Za-z_]\w*=.*", re.DOTALL)
_CURL = re.compile(r"(?i)(?:.*[/\\])?curl(?:\.exe)?")
_GLOB = re.compile(r"\{[^{}]*,[^{}]*\}|\[(?:\d+-\d+|[A-Za-z]-[A-Za-z])(?::\d+)?\]")
_SCHEME = re.compile(r"(?i)[a-z][a-z0-9+.-]*://")


def is_curl(text: str) -> bool:
    """Say whether *text* begins like a curl command."""
    words = text[:2_000].split(maxsplit=6)
    while words and _BEFORE_CURL.fullmatch(words[0]):
        words.pop(0)
    return bool(words) and _CURL.fullmatch(words[0].strip("'\"^")) is not None


def read_curl(text: str, blanks: Blanks) -> Captured:
    """Return the request that the curl command *text* sends. Raises `InterchangeError`."""
    if len(text) > MOST_CHARACTERS:
        raise InterchangeError(
            f"the command has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read"
        )
    try:
        command = words_of(text, blanks)
    except ShellError as error:
        raise InterchangeError(f"the command cannot be read: {error}") from error
    words = command.words
    while words and _BEFORE_CURL.fullmatch(words[0]):
        words.pop(0)
    if not words or not _CURL.fullmatch(words[0]):
        raise InterchangeError("this is no curl command: its first word is not curl")
    reading = _Reading(blanks)
    reading.options(words[1:])
    return reading.captured(command)


@dataclass(slots=True)
class _Reading:
    """The state of reading the options of one command."""

    blanks: Blanks
    request: Captured = field(default_factory=Captured)
    urls: list[str] = field(default_factory=list)
    data: list[tuple[str, str]] = field(default_factory=list)
    """(text in a body, text in a query) of each piece of data."""
    file: str | None = None
    parts: list[Part] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    """Headers that curl would send by itself, but that the command removes (`-H 'Accept:'`)."""
    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    is_json: bool = False

    # Options

    def options(self, words: list[str]) -> None:
        """Read all options and URLs. After `--`, every word is a URL."""
        pending = iter(words)
        only_urls = False
        for word in pending:
            if only_urls or word == "-" or not word.startswith("-"):
                self.urls.append(word)
            elif word == "--":
                only_urls = True
            elif word.startswith("--"):
                self._long(word[2:], pending)
            else:
                self._short(word[1:], pending)

    def _long(self, name: str, pending: Iterator[str]) -> None:
        option = OPTIONS.get(name) or self._abbreviated(name)
        if option is None and name.startswith("no-") and name[3:] in OPTIONS:
            self.flags.discard(name[3:])
        elif option is None:
            similar = nearest(name.partition("=")[0], OPTIONS)
            why = reason("option-unknown", near=f"--{similar[0]}") if similar else None
            shown = f"--{name.partition('=')[0]}"
            self.request.lose(
                "option-not-carried",
                severity="error",
                option=shown,
                reason=why,
            )
        else:
            self._option(option.name, option.takes_value, pending, None)

    def _abbreviated(self, name: str) -> Any:
        """Return the only option whose name begins with *name*: curl accepts such abbreviations."""
        options = [option for long_name, option in OPTIONS.items() if long_name.startswith(name)]
        if len(options) == 1:
            return options[0]
        return None

    def _short(self, letters: str, pending: Iterator[str]) -> None:
        while letters:
            name = LETTERS.get(letters[0])
            if name is None:
                option = f"-{letters[0]}"
                why = reason("option-unknown")
                self.request.lose(
                    "option-not-carried",
                    severity="error",
                    option=option,
                    reason=why,
                )
                letters = letters[1:]
            # The rest of the word is the value, as in `-XPOST`.
            elif OPTIONS[name].takes_value:
                self._option(name, True, pending, letters[1:] or None)
                return
            else:
                self._option(name, False, pending, None)
                letters = letters[1:]

    def _option(
        self,
        name: str,
        takes_value: bool,
        pending: Iterator[str],
        attached: str | None,
    ) -> None:
        """Apply the option *name*. *attached* is the value in the same word, as in `-dvalue`."""
        if name in REFUSED:
            raise InterchangeError(f"curl's option --{name} is refused: {REFUSED[name]}")
        value = attached if attached is not None or not takes_value else next(pending, None)
        if takes_value and value is None:
            raise InterchangeError(f"curl's option --{name} has no value: the command is cut off")
        treat = _TREATMENTS.get(name)
        if treat is not None:
            treat(self, value or "")
        elif name in _FLAGS:
            self.flags.add(name)
        elif name in _VALUES:
            self.values[name] = value or ""
        elif name not in ABOUT_OUTPUT:
            why = None
            if name in REASONS:
                why = reason(REASONS[name])
            self.request.lose("option-not-carried", option=f"--{name}", reason=why)

    # Treatments

    def add_header(self, value: str) -> None:
        if value.startswith("@"):
            self._unread("--header")
            return
        name, colon, content = value.partition(":")
        if not colon:
            stripped = value.rstrip()
            # curl sends a header without a value only if it is written `Name;`.
            if stripped.endswith(";"):
                self.request.headers.append((stripped[:-1].strip(), ""))
            return
        if content.strip():
            self.request.headers.append((name.strip(), content.strip()))
        else:
            self.removed.add(name.strip().lower())

    def add_data(self, value: str) -> None:
        if value.startswith("@"):
            self._unread("--data")
        else:
            self.add_raw_data(value)

    def add_raw_data(self, value: str) -> None:
        self.data.append((value, value))

    def add_binary_data(self, value: str) -> None:
        if value.startswith("@"):
            self._whole_file(value[1:], "--data-binary")
        else:
            self.add_raw_data(value)

    def add_encoded_data(self, value: str) -> None:
        try:
            # A space is a plus sign in a body. In a query, some servers would read a plus sign.
            encoded = url_encoded(value)
            self.data.append((encoded.replace("%20", "+"), encoded))
        except UnreadFileError:
            self._unread("--data-urlencode")

    def add_json(self, value: str) -> None:
        self.is_json = True
        if value.startswith("@"):
            self._whole_file(value[1:], "--json")
        else:
            self.add_raw_data(value)

    def add_query(self, value: str) -> None:
        try:
            # After a plus sign, curl takes the value as it is.
            encoded = value[1:] if value.startswith("+") else url_encoded(value)
            self.query.append(encoded)
        except UnreadFileError:
            self._unread("--url-query")

    def add_form(self, value: str) -> None:
        try:
            part = form_part(value)
        except UnreadFileError:
            self._unread("--form")
        except ValueError as error:
            raise InterchangeError(f"curl's option --form: {error}") from error
        else:
            self.parts.append(part)
            if part.file is not None:
                self.request.lose("file-below-folder", file=part.file["path"])

    def add_form_text(self, value: str) -> None:
        self.parts.append(text_part(value))

    def add_cookies(self, value: str) -> None:
        if "=" in value:
            self.cookies.append(value.strip().rstrip(";"))
        elif value:
            self._unread("--cookie")

    def upload(self, value: str) -> None:
        self.flags.add("upload-file")
        self._whole_file(value, "--upload-file")

    def _whole_file(self, path: str, option: str) -> None:
        if not is_local(path):
            self._unread(option)
            return
        self.file = path

    def _unread(self, option: str) -> None:
        self.request.lose("file-not-read", severity="error", option=option)

    # The request

    def captured(self, command: Command) -> Captured:
        request = self.request
        if command.rest:
            request.lose("command-not-carried", operator=command.rest)
        self._set_url()
        self._set_content()
        self._set_headers()
        self._set_method()
        self._set_auth()
        request.options |= task_settings(self.values)
        return request

    def _set_url(self) -> None:
        """Set the URL, with `http://` if it has no scheme, as curl does."""
        if not self.urls:
            raise InterchangeError("the curl command has no URL")
        if len(self.urls) > 1:
            self.request.lose(
                "requests-left-out",
                severity="error",
                count=len(self.urls) - 1,
                reason=reason("several-urls"),
            )
        url = self.urls[0]
        beginning = url.partition("/")[0]
        # A blank at the beginning may stand for a whole server, scheme included.
        if not _SCHEME.match(url) and not self.blanks.in_text(beginning):
            url = f"http://{url}"
        # A fragment is never sent (RFC 9110, section 7.1).
        address, question, query = url.partition("#")[0].partition("?")
        path = address.partition("://")[2].partition("/")[2]
        has_glob = _GLOB.search(path) or _GLOB.search(query)
        if has_glob and "globoff" not in self.flags:
            raise InterchangeError(
                "the URL holds a pattern, which curl sends as several requests; write one of them,"
                " or add the option -g if the text is meant as it is"
            )
        if "globoff" in self.flags:
            # In a URL of ours, braces would name a path parameter.
            address = address.replace("{", "%7B").replace("}", "%7D")
        self.request.url = _squashed(address) + question + query

    def _set_content(self) -> None:
        """Set the body to the form, the file or the data; with `-G`, add data to the query."""
        request = self.request
        if self.parts and (self.data or self.file):
            raise InterchangeError("curl sends either a form (-F) or data (-d), not both")
        # curl joins pieces of `--json` without a separator.
        separator = "" if self.is_json else "&"
        data = separator.join(in_body for in_body, _ in self.data)
        if "get" in self.flags:
            self.query += [in_query for _, in_query in self.data if in_query]
        elif self.parts:
            request.content = tuple(self.parts)
        elif self.file is not None and not self.data:
            reference, note = below_folder(self.file)
            request.content = File(reference)
            request.lose("file-below-folder", file=note)
        elif self.file is not None:
            self._unread("--data-binary")
            request.content = data
        elif self.data:
            request.content = data
        if self.query:
            joint = "&" if "?" in request.url else "?"
            request.url += joint + "&".join(self.query)

    def _set_headers(self) -> None:
        """Add the headers of special options, and those that curl adds by itself."""
        request = self.request
        for name, option in (("User-Agent", "user-agent"), ("Referer", "referer")):
            value = self.values.get(option, "").removesuffix(";auto")
            if value and request.header(name) is None:
                request.headers.append((name, value))
        if "range" in self.values:
            request.headers.append(("Range", f"bytes={self.values['range']}"))
        if self.cookies and request.header("Cookie") is None:
            request.headers.append(("Cookie", "; ".join(self.cookies)))
        implied = self._implied_types()
        for name, value in implied.items():
            # `-H 'Accept:'` removes a header that curl would add by itself.
            if request.header(name) is None and name.lower() not in self.removed:
                request.headers.append((name, value))
                request.content_type_is_implied |= name == "Content-Type" and not self.is_json
        for name in sorted(self.removed & {"user-agent", "content-type", "accept"}):
            request.lose("header-not-removed", name=name)

    def _implied_types(self) -> dict[str, str]:
        if self.is_json:
            return {"Content-Type": "application/json", "Accept": "application/json"}
        if self.request.content is None or "upload-file" in self.flags:
            return {}
        is_form = isinstance(self.request.content, tuple)
        media_type = "multipart/form-data" if is_form else "application/x-www-form-urlencoded"
        return {"Content-Type": media_type}

    def _set_method(self) -> None:
        """Set the method from `-X`, or by `-T` and `-I`. Empty: the body decides."""
        request = self.request
        method = self.values.get("request", "")
        if "upload-file" in self.flags:
            method = method or "PUT"
            name = re.split(r"[/\\]", self.file or "")[-1]
            if request.url.partition("?")[0].endswith("/") and name:
                request.url = urljoin(request.url, name)
        elif "head" in self.flags:
            method = method or "HEAD"
        request.method = method

    def _set_auth(self) -> None:
        """Set the authorisation from `--oauth2-bearer`, or from `--user` with its scheme."""
        user = self.values.get("user")
        request = self.request
        if "oauth2-bearer" in self.values:
            request.auth = "bearer", {"token": self.values["oauth2-bearer"]}
        elif user is not None:
            name, colon, password = user.partition(":")
            if "aws-sigv4" in self.values:
                request.auth = (
                    "awsSigV4",
                    aws_fields(self.values["aws-sigv4"], name, password, request.url),
                )
            else:
                scheme = "digest" if "digest" in self.flags else "basic"
                fields = {"username": name}
                # Without a colon, curl asks for the password, so it is not known here.
                if colon:
                    fields["password"] = password
                request.auth = scheme, fields


_FLAGS = frozenset(("get", "head", "digest", "globoff"))
"""Flags that affect the request."""
_VALUES = frozenset(
    [
        "user-agent",
        "referer",
        "range",
        "request",
        "user",
        "oauth2-bearer",
        "aws-sigv4",
        "max-time",
        "connect-timeout",
        "max-redirs",
        "retry",
        "retry-delay",
    ]
)
"""Options of which only the last value counts."""
_TREATMENTS: Mapping[str, Callable[[_Reading, str], None]] = {
    "header": _Reading.add_header,
    "data": _Reading.add_data,
    "data-ascii": _Reading.add_data,
    "data-raw": _Reading.add_raw_data,
    "data-binary": _Reading.add_binary_data,
    "data-urlencode": _Reading.add_encoded_data,
    "json": _Reading.add_json,
    "url-query": _Reading.add_query,
    "form": _Reading.add_form,
    "form-string": _Reading.add_form_text,
    "cookie": _Reading.add_cookies,
    "upload-file": _Reading.upload,
    "url": lambda reading, value: reading.urls.append(value),
}
"""Option that may occur several times -> the method that adds its value."""


_ADDRESS = re.compile(r"((?:[^/]*//)?[^/]*)(.*)", re.DOTALL)
"""(server, path); it matches any text."""


def _squashed(address: str) -> str:
    """Remove the dot segments from *address*, like curl (RFC 3986, section 5.2.4)."""
    server, path = next(_ADDRESS.finditer(address)).groups()
    if "/." not in path:
        return address
    return f"{server}{urljoin('http://h/', path)[len('http://h') :]}"
