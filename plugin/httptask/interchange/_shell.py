"""Split a pasted command into words, by the rules of the shell for which it was copied.

Python's `shlex` does not know `$'…'`, which browsers use for line breaks, the end of a command, or
the quoting of cmd.exe and PowerShell. Nothing is expanded or run: a `$NAME` becomes a blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from httptask.interchange._blanks import Blanks


class ShellError(ValueError):
    """The text cannot be split into words, or only by running a part of it."""


@dataclass(slots=True)
class Command:
    """The first command of a text."""

    words: list[str] = field(default_factory=list)
    rest: str = ""
    """The operator that ends the command: `|`, `>`, `;`, `&&`. Empty if nothing follows."""


def words_of(text: str, blanks: Blanks) -> Command:
    """Return the first command of *text*, whose shell is recognised. Raises `ShellError`."""
    text = text.replace("\r\n", "\n").strip()
    return _dialect(text[:_MOST_LOOKED_AT])(text, blanks)


def _dialect(text: str) -> Callable[[str, Blanks], Command]:
    """Return the function for the shell whose quoting *text* uses. In doubt, it is POSIX."""
    if re.search(r"\\\n", text):
        return _posix
    if re.search(r"\^\n", text):
        return _cmd
    if _QUOTED_BY_CARET.match(text) or _DOUBLED.match(text):
        return _cmd
    is_for_windows = re.match(r"(?i)curl\.exe\s", text) and re.search(r"''|`", text)
    if is_for_windows or re.search(r"`\n", text):
        return _power_shell
    return _posix


_QUOTED_BY_CARET = re.compile(r"""(?i)curl(?:\.exe)?(?:\s+-[-\w]+)*\s+\^["']""")
"""A quote after a caret, which browsers write for cmd.exe since 2021."""
_DOUBLED = re.compile(r"""(?s)(?!.*\s\$?').*?\s"(?:[^"\n]|"")*[^\s"]""[^\s"]""")
"""A doubled quote inside double quotes, as in cmd.exe, and no word in single quotes."""
_MOST_LOOKED_AT = 5_000
"""How many characters are read to recognise the shell."""


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
    """Split *text* by the rules of POSIX shells and bash, up to the end of the first command."""
    command = Command()
    word = _Word()
    index = 0
    while index < len(text):
        sign = text[index]
        match = _PLAIN.match(text, index)
        if match:
            word.add(match[0])
            index = match.end()
        elif sign.isspace():
            word.end(command)
            if sign == "\n" and command.words:
                command.rest = "a second line" if text[index:].strip() else ""
                break
            index += 1
        elif sign == "#" and word.is_open:
            word.add(sign)
            index += 1
        elif sign == "#":
            index = _line_end(text, index)
        elif match := _ENDS.match(text, index):
            command.rest = match[0]
            # In `2>`, the digit names a file descriptor, and is no word of the command.
            if word.is_open and word.text.isdigit() and match[0][0] in "<>":
                word = _Word()
            break
        else:
            index = _posix_quoted(text, index, word, blanks)
    word.end(command)
    return command


def _posix_quoted(
    text: str,
    index: int,
    word: _Word,
    blanks: Blanks,
) -> int:
    """Add the text that begins with a quote, backslash, `$` or backquote; return its end."""
    sign = text[index]
    if sign == "\\":
        following = text[index + 1 : index + 2]
        # A backslash before a line break joins the lines (POSIX.1-2024, section 2.2.1).
        if following != "\n":
            word.add(following)
        return index + 2
    if sign == "'":
        end = _closing(text, "'", index + 1)
        word.add(text[index + 1 : end])
        return end + 1
    if sign == '"':
        return _double_quoted(text, index + 1, word, blanks)
    if text.startswith("$'", index):
        return _ansi_c(text, index + 2, word)
    if text.startswith('$"', index):  # a translated string
        return _double_quoted(text, index + 2, word, blanks)
    return _expansion(text, index, word, blanks)


def _double_quoted(
    text: str,
    index: int,
    word: _Word,
    blanks: Blanks,
) -> int:
    """Add the text in double quotes to *word*; return its end."""
    word.add("")
    start = index
    while index < len(text):
        sign = text[index]
        if sign == '"':
            return index + 1
        following = text[index + 1 : index + 2]
        # Before any other character, the backslash stays (POSIX.1-2024, section 2.2.3).
        if sign == "\\" and following in ("$", "`", '"', "\\", "\n"):
            word.add("" if following == "\n" else following)
            index += 2
        elif sign in "$`":
            index = _expansion(text, index, word, blanks)
        else:
            end = _DOUBLE_PLAIN.match(text, index + 1)
            stop = end.end() if end else index + 1
            word.add(text[index:stop])
            index = stop
    raise _unclosed(text, start - 1, '"')


_DOUBLE_PLAIN = re.compile(r'[^"\\$`]*')


def _expansion(
    text: str,
    index: int,
    word: _Word,
    blanks: Blanks,
) -> int:
    """Add the blank for a variable at *index*, or a plain `$`, to *word*; return its end."""
    match = _NAME.match(text, index)
    if match:
        word.add(blanks.blank(match[1] or match[2]))
        return match.end()
    if text[index] == "`" or text.startswith(("$(", "${"), index):
        raise ShellError(
            f"the shell would have to run or work out {text[index : index + 20]!r}; write its value"
            " instead"
        )
    word.add("$")
    return index + 1


def _ansi_c(text: str, index: int, word: _Word) -> int:
    """Add the text in `$'…'` to *word*; return its end. Escapes may make any octets."""
    octets = bytearray()
    start = index
    while index < len(text):
        sign = text[index]
        if sign == "'":
            word.add(octets.decode("utf-8", "surrogateescape"))
            return index + 1
        index += 1
        if sign != "\\":
            octets += sign.encode("utf-8", "surrogatepass")
            continue
        match = _ANSI_C_CODE.match(text, index)
        if match:
            byte, short, long, octal = match.groups()
            if byte:
                octets.append(int(byte, 16))
            elif octal:
                # Three octal digits may exceed an octet: bash keeps its lower eight bits.
                octets.append(int(octal, 8) & 0xFF)
            else:
                octets += _character(short or long)
            index = match.end()
        else:
            following = text[index : index + 1]
            octets += _ANSI_C.get(following, "\\" + following).encode("utf-8", "surrogatepass")
            index += 1
    raise _unclosed(text, start - 2, "$'")


def _character(digits: str) -> bytes:
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise ShellError(f"\\U{digits} is no character")
    return chr(code).encode("utf-8", "surrogatepass")


# cmd.exe, and the way in which Windows programs split their command line


_PERCENT = re.compile(r"%([A-Za-z_]\w*)%")


def _cmd(text: str, blanks: Blanks) -> Command:
    """Remove the carets of cmd.exe, then split the line like the C runtime of Windows."""
    line = []
    quoted = False
    index = 0
    operator = ""
    while index < len(text):
        sign = text[index]
        if sign == "^" and not quoted:
            following = text[index + 1 : index + 2]
            if following == "\n" and text[index + 2 : index + 3] == "\n":  # an escaped line break
                line.append("\n")
                index += 3
                continue
            line.append("" if following == "\n" else following)
            index += 2
            continue
        match = _PERCENT.match(text, index)
        if match:
            line.append(blanks.blank(match[1]))
            index = match.end()
            continue
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "|&<>\n":
            operator = sign if sign != "\n" else "a second line"
            break
        line.append(sign)
        index += 1
    return Command(_windows_words("".join(line)), operator)


_BEFORE_QUOTE = re.compile(r'(\\*)"')


def _windows_words(line: str) -> list[str]:
    """Split *line* like the C runtime: backslashes escape only before a quote."""
    command = Command()
    word = _Word()
    quoted = False
    index = 0
    while index < len(line):
        sign = line[index]
        match = _BEFORE_QUOTE.match(line, index)
        if match:
            backslashes = len(match[1])
            word.add("\\" * (backslashes // 2))
            index = match.end()
            if backslashes % 2:
                word.add('"')
            elif quoted and line.startswith('"', index):  # a doubled quote means one quote
                word.add('"')
                index += 1
            else:
                quoted = not quoted
        elif sign.isspace() and not quoted:
            word.end(command)
            index += 1
        else:
            word.add(sign)
            index += 1
    if quoted:
        raise _unclosed(line, len(line), '"')
    word.end(command)
    return command.words


# PowerShell

_POWER_SHELL_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "0": "\0",
    "a": "\a",
    "b": "\b",
}
_ENV = re.compile(r"\$(?:env:)?([A-Za-z_]\w*)|\$\{(?:env:)?(\w+)\}")


def _power_shell(text: str, blanks: Blanks) -> Command:
    """Split *text* by the rules of PowerShell, up to the end of the first command."""
    command = Command()
    word = _Word()
    index = 0
    while index < len(text):
        sign = text[index]
        if sign == "`":
            following = text[index + 1 : index + 2]
            if following != "\n":
                word.add(following)
            index += 2
        elif sign == "'":
            end = _closing(text, "'", index + 1)
            # A doubled quote means one quote, and does not end the word.
            while text.startswith("''", end):
                end = _closing(text, "'", end + 2)
            word.add(text[index + 1 : end].replace("''", "'"))
            index = end + 1
        elif sign == '"':
            index = _power_shell_quoted(text, index + 1, word, blanks)
        elif sign in "|;&<>\n":
            word.end(command)
            has_second_line = sign == "\n" and text[index:].strip()
            command.rest = "a second line" if has_second_line else sign.strip()
            break
        elif match := _ENV.match(text, index):
            word.add(blanks.blank(match[1] or match[2]))
            index = match.end()
        elif sign.isspace():
            word.end(command)
            index += 1
        else:
            word.add(sign)
            index += 1
    word.end(command)
    return command


def _power_shell_quoted(
    text: str,
    index: int,
    word: _Word,
    blanks: Blanks,
) -> int:
    """Add the text in PowerShell's double quotes to *word*; return its end."""
    word.add("")
    start = index
    while index < len(text):
        sign = text[index]
        if sign == '"' and text[index + 1 : index + 2] != '"':
            return index + 1
        if sign == "`":
            following = text[index + 1 : index + 2]
            word.add(_POWER_SHELL_ESCAPES.get(following, following))
            index += 2
        elif sign == '"':
            word.add('"')
            index += 2
        elif match := _ENV.match(text, index):
            word.add(blanks.blank(match[1] or match[2]))
            index = match.end()
        elif text.startswith("$(", index):
            raise ShellError("PowerShell would have to work out $(…); write its value instead")
        else:
            word.add(sign)
            index += 1
    raise _unclosed(text, start - 1, '"')


# Words


class _Word:
    """The word that is being read. Empty quotes are a word, too."""

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


def _closing(text: str, quote: str, index: int) -> int:
    end = text.find(quote, index)
    if end < 0:
        raise _unclosed(text, index - 1, quote)
    return end


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _unclosed(text: str, index: int, quote: str) -> ShellError:
    line = text.count("\n", 0, index) + 1
    return ShellError(
        f"the quote {quote} on line {line} is not closed; was the command copied as a whole?"
    )
