"""Texts of strangers in a line, on the command line and on the page."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

import httptask
from httptask._visible import STEERING, exact, in_line
from httptask.errors import Problem

SEEN_ON_THE_PAGE = Path(httptask.__file__).parent / "designer/element/src/seen.ts"


def test_a_line_stays_a_line_and_names_that_differ_look_different() -> None:
    """Line breaks, controls and what nobody sees are escaped; a name keeps not even what joins its
    letters.
    """
    assert in_line("a\nb\r\t\u202ec\u00ad\u3164\u2800") == r"a\nb\x0d\tc".replace(
        "c", r"\u202ec\xad\u3164\u2800"
    )
    joined = "👩\u200d🚀 ن\u200cن ✔\ufe0f é"
    assert in_line(joined) == joined
    assert exact("a b/é/שלום/😀") == "a b/é/שלום/😀"
    assert exact("a\u200db\ufe0fc\u00a0d\n\ue000") == r"a\u200db\ufe0fc\xa0d\x0a\ue000"


def test_a_problem_is_one_line_whatever_a_key_holds() -> None:
    """A key of a stranger's definition can fake no second problem."""
    key = "x\nerror: /tasks/A: all is lost\u202e\u200b"
    problem = Problem.of(
        "unknown-name", f"/{key}", suggestion=f"a{key}", name="n", known=[key, "b\u202e"]
    )
    assert "\n" not in problem.text()
    assert not STEERING.search(problem.text())
    assert problem.pointer == f"/{key}"


def test_the_page_escapes_what_the_command_line_escapes() -> None:
    """One list in two languages; the page keeps the carriage return of a line break."""
    first, second = re.findall(
        r'^  (?:\+ )?"([^"]*)"', SEEN_ON_THE_PAGE.read_text("utf-8"), re.MULTILINE
    )
    pattern = (first + second).replace("\\\\", "\\")
    pattern = re.sub(r"\\u\{(\w+)\}", lambda match: f"\\U{int(match[1], 16):08x}", pattern)
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    assert re.findall(pattern, text) == STEERING.findall(text)
    shown = {char for char in text if unicodedata.category(char) == "Cc"} - set(
        STEERING.findall(text)
    )
    assert shown == {"\t", "\n"}
