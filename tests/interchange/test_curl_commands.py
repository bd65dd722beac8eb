"""A pasted curl command becomes a task that sends what curl sends."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask.interchange import InterchangeError, read_requests
from httptask.interchange._curl_options import LETTERS, OPTIONS
from interchange import sent_by_shell, sent_by_task
from servers import RawServer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x00\xff")
    (folder / "notes.txt").write_text("one\ntwo\n")
    return folder


COMMANDS = r"""
curl URL/
curl URL
curl -s URL/a/b
curl URL/a/../b/./c
curl 'URL/a?x=1&y=2'
curl 'URL/a?x=1&y=2&x=3'
curl 'URL/a?b=2&a=1&b=3'
curl 'URL/a?flag&x='
curl 'URL/a?q=a%20b+c%2Bd'
curl 'URL/a?q=50%25'
curl 'URL/a%2Fb/c%20d'
curl -g 'URL/a?ids[]=1&ids[]=2'
curl -g 'URL/a?filter={"x":1}'
curl 'URL/a?ids[0]=1' -g
curl 'URL/a?u=https://x.example/?a=b'
curl "URL/a?q=\$x"
curl URL/a#part
curl URL/a -X DELETE
curl -XPATCH URL/a -d a=1
curl -X POST URL/a
curl --request PROPFIND URL/a -H 'Depth: 1'
curl -I URL/a
curl -sSLkv URL/a
curl -d a=1 URL/a
curl -d a=1 -d 'b=x y' URL/a
curl -d 'a=1&b=%20+%2B' URL/a
curl -d 'a=1&a=2&b=3&a=4' URL/a
curl -d 'just text' URL/a
curl -d '' URL/a
curl -da=1 URL/a
curl --data-raw '@not-a-file' URL/a
curl --data-ascii a=1 URL/a
curl --data-binary $'line one\nline two\n' -H 'Content-Type: text/plain' URL/a
curl --data-urlencode 'q=a b&c=d' --data-urlencode '=x y' --data-urlencode 'ä ö' URL/a
curl -G --data-urlencode 'q=a b/c' -d x=1 URL/a
curl -G -d x=1 'URL/a?y=2'
curl --url-query 'q=a b' --url-query '+raw=1' URL/a
curl --json '{"a": [1, 2.50, true, null, "x"]}' URL/a
curl --json '{"a":1' --json ',"b":2}' URL/a
curl -H 'Content-Type: application/json' -d '{"a":{"b":[]},"c":"é"}' URL/a
curl -H 'Content-Type: application/json' -d '"text"' URL/a
curl -H 'Content-Type: application/json' -d '[]' URL/a
curl -H 'Content-Type: application/json' -d 'null' URL/a
curl -H 'Content-Type: application/json' -d '{"a":1,"a":2}' URL/a
curl -H 'Content-Type: application/json' -d 'not json' URL/a
curl -H 'Content-Type: application/json' -d '{"$text":"x"}' URL/a
curl -H 'Content-Type: application/json' -d '{"x":"${$.y}","z":"$${"}' URL/a
curl -H 'Content-Type: application/merge-patch+json' -X PATCH -d '{"a":null}' URL/a
curl -H 'content-type: application/xml' -d '<a>&amp;</a>' URL/a
curl -H 'Content-Type: text/csv; charset=utf-8' --data-binary $'id,name\r\n1,\xc3\xa9\r\n' URL/a
curl -H 'Content-Type: application/octet-stream' --data-binary $'\x01\xff\xfe' URL/a
curl --data-binary @photo.png -H 'Content-Type: image/png' URL/a
curl -T photo.png -H 'Content-Type: image/png' URL/up/
curl -T notes.txt -H 'Content-Type: text/plain' URL/up/other.txt
curl -F a=1 -F 'b=x y' URL/a
curl -F 'photo=@photo.png' URL/a
curl -F 'photo=@photo.png;type=image/png;filename=other.png' URL/a
curl -F 'photo=@"photo.png";filename="a;b.png"' URL/a
curl --form-string 'a=@x;type=y' -F 'a=2' URL/a
curl -F 'a=1;type=text/plain' URL/a
curl -F 'meta={"x":1};type=application/json' -F 'f=@notes.txt' URL/a
curl -H 'X-A: 1' -H 'X-B:2' -H 'X-A: 3' URL/a
curl -H 'X-Empty;' -H 'X-Colon: a:b' URL/a
curl -H 'Accept: application/json' -H 'Accept-Language: de' URL/a
curl -A 'agent/1.0' -e 'https://r.example/' URL/a
curl -r 0-99 URL/a
curl -b 'sid=abc' URL/a
curl -b 'sid=abc; theme=dark' -H 'Cookie: more=1' URL/a
curl -u ann:secret URL/a
curl -u 'ann:a:b' URL/a
curl -u sk_test_4242: URL/a
curl http://ann:p%40ss@HOST/a
curl --digest -u ann:secret URL/digest
curl --oauth2-bearer tok123456 URL/a
curl -H 'Authorization: Bearer tok123456' URL/a
curl -H 'Authorization: Basic YW5uOnNlY3JldA==' URL/a
curl -H 'Authorization: token abcdef123456' URL/a
curl -H 'Authorization: bearer lower1234' URL/a
curl -H 'X-Api-Key: k-123456' 'URL/a?api_key=q1&x=1'
curl -d 'user=ann&password=secret' URL/login
curl -H 'Content-Type: application/json' -d '{"user":{"name":"ann","password":"secret"}}' URL/a
curl --url URL/a --max-time 2.5 --connect-timeout 0.5 --retry 2 --retry-delay 1 --compressed
curl -- URL/a
curl HOST/a
curl $'URL/a?q=\u00e9' -H $'X-A: it\'s'
curl URL/a -H "X-A: say \"hi\" \\ \`x\`"
curl URL/a \
  -H 'X-A: 1' \
  --data-raw '{"q":"a\nb"}'
""".strip()


def commands() -> list[str]:
    lines = COMMANDS.replace("\\\n", "\\\0").splitlines()
    return [line.replace("\\\0", "\\\n") for line in lines]


@pytest.mark.parametrize("command", commands())
def test_the_task_sends_what_curl_sends(command: str, server: RawServer, folder: Path) -> None:
    """Method, path, query, headers, cookies, authorisation and body are the same on the wire."""
    command = command.replace("URL", server.url).replace("HOST", server.url.partition("//")[2])
    imported = read_requests(command)
    assert imported.tasks[0].is_whole
    assert sent_by_task(imported, server, folder) == sent_by_shell(command, server, folder)


TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12)
WORD = st.text("abcXYZ019-_", min_size=1, max_size=8)
QUOTES = st.sampled_from(["posix", "ansi-c", "double"])


def quoted(text: str, quotes: str) -> str:
    """Return *text* as one word of bash, in one of its ways."""
    if quotes == "ansi-c":
        plain = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return "$'" + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain) + "'"
    if quotes == "double":
        return '"' + re.sub(r'([\\"$`])', r"\\\1", text) + '"'
    return shlex.quote(text)


@settings(max_examples=60)
@given(
    query=st.dictionaries(WORD, TEXT, max_size=3),
    header=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=10),
    field=st.dictionaries(WORD, TEXT, max_size=3),
    form=st.sampled_from(["--data-urlencode", "--form-string", "--json", "-G"]),
    quotes=QUOTES,
)
def test_whatever_is_quoted_arrives(
    query: dict[str, str],
    header: str,
    field: dict[str, str],
    form: str,
    quotes: str,
    server: RawServer,
    folder: Path,
) -> None:
    """Any text in a query, a header, a form or JSON is the same on the wire, however it is quoted
    for bash.
    """
    url = f"{server.url}/a?{urlencode(query)}" if query else f"{server.url}/a"
    words = ["curl", quoted(url, quotes), "-H", quoted(f"X-A: v{header}", quotes)]
    if form == "--json":
        words += ["--json", quoted(json.dumps(field, ensure_ascii=False), quotes)]
    else:
        option = "--data-urlencode" if form == "-G" else form
        words += ["-G"] if form == "-G" else []
        for name, value in field.items():
            words += [option, quoted(f"{name}={value}", quotes)]
    command = " ".join(words)
    imported = read_requests(command)
    assert imported.tasks[0].is_whole
    assert sent_by_task(imported, server, folder) == sent_by_shell(command, server, folder)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("curl http://h/ --next http://h/b", "--next"),
        ("curl -K options.txt", "--config"),
        ("curl --unix-socket /var/run/docker.sock http://h/", "--unix-socket"),
        ("curl --abstract-unix-socket x http://h/", "--abstract-unix-socket"),
        ("curl --request-target /x http://h/", "--request-target"),
        ("curl http://h/ -Z http://h/b", "--parallel"),
    ],
)
def test_what_makes_it_another_request_is_refused_by_name(command: str, option: str) -> None:
    """Without these options the request would be another one, so no task is made."""
    with pytest.raises(InterchangeError, match=f"option {option} is refused: "):
        read_requests(command)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("wget http://h/", "neither a curl command nor a JSON document"),
        ("curl", "has no URL"),
        ("curl 'http://h/", "the quote ' on line 1 is not closed"),
        ('curl "http://h/\n -H "a: b"', "is not closed"),
        ("curl http://h/ -H", "--header has no value: the command is cut off"),
        ("curl http://h/$(whoami)", "would have to run or work out"),
        ("curl http://h/`whoami`", "would have to run or work out"),
        ("curl http://h/[1-5]", "a pattern, which curl sends as several requests"),
        ("curl http://h/{a,b}", "a pattern, which curl sends as several requests"),
        ("curl http://h/ -F a=1 -d b=2", r"either a form \(-F\) or data \(-d\)"),
        ("curl http://h/ -F nothing", "no '=' between its name and its content"),
        ("", "neither a curl command nor a JSON document"),
        ("curl http://h/ -d '" + "x" * (16 * 1024 * 1024) + "'", "at most 16,777,216 are read"),
    ],
)
def test_a_command_that_is_none_is_refused_with_a_plain_sentence(
    command: str, sentence: str
) -> None:
    """The sentence says what is wrong, and quotes no more than a few characters."""
    with pytest.raises(InterchangeError, match=sentence) as caught:
        read_requests(command)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("options", "code", "part", "whole"),
    [
        ("-d @body.json", "file-not-read", "--data names a file", False),
        ("--data-urlencode x@f", "file-not-read", "--data-urlencode names a file", False),
        ("-F 'a=<f.txt'", "file-not-read", "--form names a file", False),
        ("-H @headers.txt", "file-not-read", "--header names a file", False),
        ("-b cookies.txt", "file-not-read", "--cookie names a file", False),
        ("-T -", "file-not-read", "--upload-file names a file", False),
        ("--data-binary @/etc/passwd", "file-below-folder", "'passwd' is read from the", True),
        (r"-F 'f=@C:\Users\ann\plan.pdf'", "file-below-folder", "'plan.pdf' is read", True),
        ("-F f=@../../secret.txt", "file-below-folder", "'secret.txt' is read", True),
        ("-o out.json", "option-not-carried", "--output is not carried over: the response", True),
        ("-k", "option-not-carried", "--insecure is not carried over: only an oper", True),
        (
            "-x http://p:1",
            "option-not-carried",
            "--proxy is not carried over: only an operator",
            True,
        ),
        ("--cert c.pem", "option-not-carried", "--cert is not carried over: a client cert", True),
        ("--ntlm", "option-not-carried", "--ntlm is not carried over: httptask does not", True),
        ("--tlsv1.2", "option-not-carried", "--tlsv1.2 is not carried over", True),
        ("--jsn x", "option-not-carried", "no such option; did you mean --json?", False),
        ("http://other/", "requests-left-out", "more than one URL", False),
        ("| jq .", "command-not-carried", "follows |", True),
        ("> out.json", "command-not-carried", "follows >", True),
        ("&& rm -rf /", "command-not-carried", "follows &&", True),
        ("-H 'Accept:'", "header-not-removed", "leave out the header accept", True),
        ("-H 'Host: other.example'", "host-not-carried", "differs from the host", True),
        ("-d '{\"a\":1}'", "json-as-form", "the command sends it as a form", True),
        ("-u ann", "password-asked", "would ask for the password", True),
        ("-H 'Sec-Fetch-Mode: cors'", "browser-headers", "Sec-Fetch-Mode", True),
        ("-H 'Authorization: Digest x=y'", "secret-left-out", "valid for one challenge", True),
    ],
)
def test_what_is_not_carried_over_is_said(options: str, code: str, part: str, whole: bool) -> None:
    """Each thing that the task does not carry is named by a code and a sentence; the import is
    whole unless a piece of the request itself is missing.
    """
    (task,) = read_requests(f"curl http://h/ {options}").tasks
    losses = {loss.code: loss for loss in task.losses}
    assert part in losses[code].message
    assert task.is_whole is whole


SPELLINGS = {
    "bash": """curl 'https://h.example/a?x=1&y=%20' \\
  -H 'X-A: it'\\''s "q" $HOME ^ %PATH%' \\
  --data-raw $'{"a":"line\\nu\\u0021"}' \\
  --compressed""",
    "cmd": """curl ^"https://h.example/a?x=1^&y=^%^20^" ^
  -H ^"X-A: it's ^\\^"q^\\^" $HOME ^^ ^%PATH^%^" ^
  --data-raw ^"^{^\\^"a^\\^":^\\^"line^\\nu^!^\\^"^}^" ^
  --compressed""".replace("^\\nu", "\\nu"),
    "cmd, quotes doubled": """curl "https://h.example/a?x=1&y=%20" -H "X-A: it's ""q"" $HOME ^ %" --data-raw "{""a"":""line\\nu!""}" --compressed""",
    "PowerShell": """curl.exe 'https://h.example/a?x=1&y=%20' `
  -H 'X-A: it''s "q" $HOME ^ %PATH%' `
  --data-raw '{"a":"line\\nu!"}' `
  --compressed""",
}


@pytest.mark.parametrize("shell", SPELLINGS)
def test_each_shell_s_quoting_is_undone(shell: str) -> None:
    """The same request, copied for bash, cmd.exe and PowerShell, is the same task."""
    (task,) = read_requests(SPELLINGS[shell]).tasks
    request = task.task["httpRequest"]
    assert request["query"] == {"x": "1", "y": " "}
    assert request["headers"]["X-A"] in (f'it\'s "q" $HOME ^ {end}' for end in ("%PATH%", "%"))
    assert request["url"] == "https://h.example/a"
    assert request["body"] in ({"$text": '{"a":"line\\nu!"}'}, {"$text": '{"a":"line\nu!"}'})


RENAMED = {"show-headers": "include"}
"""Options by their name since curl 8.10: both are taken."""


def test_every_option_of_the_installed_curl_is_known() -> None:
    """What `curl --help all` lists is in the table, with its letter, and takes a value or none."""
    printed = subprocess.check_output(["curl", "--help", "all"], text=True)
    rows = re.findall(r"^ (?:-(\S),|   ) --(\S+)( [<\[]\S.*?)? ", printed, re.MULTILINE)
    assert len(rows) > 200
    for letter, name, value in rows:
        assert OPTIONS[name].takes_value == bool(value), name
        assert not letter or LETTERS[letter] == RENAMED.get(name, name)
