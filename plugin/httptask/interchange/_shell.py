"""The words of a pasted command, as the shell it was copied for splits it.

`shlex` knows neither `$'…'`, which browsers write for line breaks, nor where a command ends; nobody
quotes for cmd.exe and PowerShell. Nothing is expanded or run: a `$NAME` becomes a blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from httptask.interchange._blanks import Blanks


class ShellError(ValueError):
    """Text that no shell splits into words, or that only running it could."""


@dataclass(slots=True)
class Command:
    """The first command of a text."""

    words: list[str] = field(default_factory=list)
    rest: str = ""
    """The operator that ends the command: `|`, `>`, `;`, `&&`. Empty: nothing follows."""


def words_of(text: str, blanks: Blanks) -> Command:
    """Return the first command of *text*, in whichever shell's quoting it is written.

    Raises `ShellError`.
    """
    text = text.replace("\r\n", "\n").strip()
    return _dialect(text[:_MOST_LOOKED_AT])(text, blanks)


def _dialect(text: str) -> Callable[[str, Blanks], Command]:
    if re.search(r"\\\n", text):
        return _posix
    if re.search(r"\^\n", text) or _QUOTED_BY_CARET.match(text) or _DOUBLED.match(text):
        return _cmd
    is_for_windows = re.match(r"(?i)curl\.exe\s", text) and re.search(r"''|`", text)
    return _power_shell if is_for_windows or re.search(r"`\n", text) else _posix


_QUOTED_BY_CARET = re.compile(r"""(?i)curl(?:\.exe)?(?:\s+-[-\w]+)*\s+\^["']""")
"""A quote behind a caret, as browsers write it for cmd.exe since 2021."""
_DOUBLED = re.compile(r"""(?s)(?!.*\s\$?').*?\s"(?:[^"\n]|"")*[^\s"]""[^\s"]""")
"""A quote that is written twice inside quotes, as cmd.exe has it; no word begins with another."""
_MOST_LOOKED_AT = 5_000
"""Characters from which the shell is told."""


# POSIX, with bash's $'…' (POSIX.1-2024, section 2.2)

_NAME = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
_PLAIN = re.compile(r"[^\s'\"\\$`;|&<>()#]+")
_ENDS = re.compile(r"\|\|?|&&?|;|\d*(?:>>?|<)|[()]")
_ANSI_C = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}
_ANSI_C_CODE = re.compile(
    r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})"
)


def _posix(text: str, blanks: Blanks) -> Command:
    command, word, at = Command(), _Word(), 0
    while at < len(text):
        sign = text[at]
        if match := _PLAIN.match(text, at):
            word.add(match[0])
            at = match.end()
        elif sign.isspace():
            word.end(command)
            if sign == "\n" and command.words:
                command.rest = "a second line" if text[at:].strip() else ""
                break
            at += 1
        elif sign == "#" and word.is_open:
            word.add(sign)
            at += 1
        elif sign == "#":
            at = _line_end(text, at)
        elif match := _ENDS.match(text, at):
            command.rest = match[0]
            if word.is_open and word.text.isdigit() and match[0][0] in "<>":  # 2>
                word = _Word()
            break
        else:
            at = _posix_quoted(text, at, word, blanks)
    word.end(command)
    return command


def _posix_quoted(text: str, at: int, word: _Word, blanks: Blanks) -> int:
    """Add what a quote, a backslash or a dollar at *at* starts to *word*; return where it ends."""
    sign = text[at]
    if sign == "\\":
        if text[at + 1 : at + 2] != "\n":
            word.add(text[at + 1 : at + 2])
        return at + 2
    if sign == "'":
        end = _closing(text, "'", at + 1)
        word.add(text[at + 1 : end])
        return end + 1
    if sign == '"':
        return _double_quoted(text, at + 1, word, blanks)
    if text.startswith("$'", at):
        return _ansi_c(text, at + 2, word)
    if text.startswith('$"', at):  # a translated string
        return _double_quoted(text, at + 2, word, blanks)
    return _expansion(text, at, word, blanks)


def _double_quoted(text: str, at: int, word: _Word, blanks: Blanks) -> int:
    word.add("")
    start = at
    while at < len(text):
        sign = text[at]
        if sign == '"':
            return at + 1
        if sign == "\\" and text[at + 1 : at + 2] in ("$", "`", '"', "\\", "\n"):
            word.add("" if text[at + 1] == "\n" else text[at + 1])
            at += 2
        elif sign in "$`":
            at = _expansion(text, at, word, blanks)
        else:
            end = _DOUBLE_PLAIN.match(text, at + 1)
            stop = end.end() if end else at + 1
            word.add(text[at:stop])
            at = stop
    raise _unclosed(text, start - 1, '"')


_DOUBLE_PLAIN = re.compile(r'[^"\\$`]*')


def _expansion(text: str, at: int, word: _Word, blanks: Blanks) -> int:
    """Add what a `$` or a backquote at *at* stands for: a blank where it is a variable."""
    if match := _NAME.match(text, at):
        word.add(blanks.blank(match[1] or match[2]))
        return match.end()
    if text[at] == "`" or text.startswith(("$(", "${"), at):
        raise ShellError(
            f"the shell would have to run or work out {text[at : at + 20]!r}; write its value"
            " instead"
        )
    word.add("$")
    return at + 1


def _ansi_c(text: str, at: int, word: _Word) -> int:
    octets = bytearray()
    start = at
    while at < len(text):
        sign = text[at]
        if sign == "'":
            word.add(octets.decode("utf-8", "surrogateescape"))
            return at + 1
        at += 1
        if sign != "\\":
            octets += sign.encode("utf-8", "surrogatepass")
            continue
        if match := _ANSI_C_CODE.match(text, at):
            byte, *characters, octal = match[1], match[2], match[3], match[4]
            if byte or octal:
                octets.append(int(byte, 16) if byte else int(octal, 8) & 0xFF)
            else:
                octets += _character(characters[0] or characters[1])
            at = match.end()
        else:
            following = text[at : at + 1]
            octets += _ANSI_C.get(following, "\\" + following).encode("utf-8", "surrogatepass")
            at += 1
    raise _unclosed(text, start - 2, "$'")


def _character(digits: str) -> bytes:
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise ShellError(f"\\U{digits} is no character")
    return chr(code).encode("utf-8", "surrogatepass")


# cmd.exe, and what a Windows program makes of its command line


_PERCENT = re.compile(r"%([A-Za-z_]\w*)%")


def _cmd(text: str, blanks: Blanks) -> Command:
    """Undo cmd.exe's carets, then split as the C runtime of Windows does."""
    line, quoted, at = [], False, 0
    rest = ""
    while at < len(text):
        sign = text[at]
        if sign == "^" and not quoted:
            following = text[at + 1 : at + 2]
            if following == "\n" and text[at + 2 : at + 3] == "\n":  # an escaped line break
                line.append("\n")
                at += 3
                continue
            line.append("" if following == "\n" else following)
            at += 2
            continue
        if match := _PERCENT.match(text, at):
            line.append(blanks.blank(match[1]))
            at = match.end()
            continue
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "|&<>\n":
            rest = sign if sign != "\n" else "a second line"
            break
        line.append(sign)
        at += 1
    return Command(_windows_words("".join(line)), rest)


_BEFORE_QUOTE = re.compile(r'(\\*)"')


def _windows_words(line: str) -> list[str]:
    command, word, quoted, at = Command(), _Word(), False, 0
    while at < len(line):
        sign = line[at]
        if match := _BEFORE_QUOTE.match(line, at):
            backslashes = len(match[1])
            word.add("\\" * (backslashes // 2))
            at = match.end()
            if backslashes % 2:
                word.add('"')
            elif quoted and line.startswith('"', at):  # a doubled quote is one
                word.add('"')
                at += 1
            else:
                quoted = not quoted
        elif sign.isspace() and not quoted:
            word.end(command)
            at += 1
        else:
            word.add(sign)
            at += 1
    if quoted:
        raise _unclosed(line, len(line), '"')
    word.end(command)
    return command.words


# PowerShell

_POWER_SHELL_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b"}
_ENV = re.compile(r"\$(?:env:)?([A-Za-z_]\w*)|\$\{(?:env:)?(\w+)\}")


def _power_shell(text: str, blanks: Blanks) -> Command:
    command, word, at = Command(), _Word(), 0
    while at < len(text):
        sign = text[at]
        if sign == "`":
            following = text[at + 1 : at + 2]
            if following != "\n":
                word.add(following)
            at += 2
        elif sign == "'":
            end = at + 1
            while (end := _closing(text, "'", end)) + 1 < len(text) and text[end + 1] == "'":
                end += 2
            word.add(text[at + 1 : end].replace("''", "'"))
            at = end + 1
        elif sign == '"':
            at = _power_shell_quoted(text, at + 1, word, blanks)
        elif sign in "|;&<>\n":
            word.end(command)
            command.rest = "a second line" if sign == "\n" and text[at:].strip() else sign.strip()
            break
        elif match := _ENV.match(text, at):
            word.add(blanks.blank(match[1] or match[2]))
            at = match.end()
        elif sign.isspace():
            word.end(command)
            at += 1
        else:
            word.add(sign)
            at += 1
    word.end(command)
    return command


def _power_shell_quoted(text: str, at: int, word: _Word, blanks: Blanks) -> int:
    word.add("")
    start = at
    while at < len(text):
        sign = text[at]
        if sign == '"' and text[at + 1 : at + 2] != '"':
            return at + 1
        if sign == "`":
            following = text[at + 1 : at + 2]
            word.add(_POWER_SHELL_ESCAPES.get(following, following))
            at += 2
        elif sign == '"':
            word.add('"')
            at += 2
        elif match := _ENV.match(text, at):
            word.add(blanks.blank(match[1] or match[2]))
            at = match.end()
        elif text.startswith("$(", at):
            raise ShellError("PowerShell would have to work out $(…); write its value instead")
        else:
            word.add(sign)
            at += 1
    raise _unclosed(text, start - 1, '"')


# Words


class _Word:
    """The word that is being read; an empty one in quotes is a word, too."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] | None = None

    @property
    def is_open(self) -> bool:
        return self._pieces is not None

    @property
    def text(self) -> str:
        return "".join(self._pieces or ())

    def add(self, text: str) -> None:
        if self._pieces is None:
            self._pieces = []
        self._pieces.append(text)

    def end(self, command: Command) -> None:
        if self._pieces is not None:
            command.words.append("".join(self._pieces))
            self._pieces = None


def _closing(text: str, quote: str, at: int) -> int:
    end = text.find(quote, at)
    if end < 0:
        raise _unclosed(text, at - 1, quote)
    return end


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _unclosed(text: str, at: int, quote: str) -> ShellError:
    line = text.count("\n", 0, at) + 1
    return ShellError(
        f"the quote {quote} on line {line} is not closed; was the command copied as a whole?"
    )
