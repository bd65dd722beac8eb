"""Masking in long texts: looking for places first finds what undoing all escapes finds."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httptask._core.redaction import MASK, Redactor, _masking
from httptask._core.redaction._escape_search import anchors_of, places

ENCODERS: dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps(text)[1:-1],
    "json with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json in utf-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json, all of it": lambda text: "".join(
        f"\\u{unit}"
        for character in text
        for unit in [
            character.encode("utf-16-be", "surrogatepass").hex()[at : at + 4]
            for at in range(0, 2 * len(character.encode("utf-16-be", "surrogatepass")), 4)
        ]
    ),
    "percent": lambda text: quote(text, safe=""),
    "percent, all of it": lambda text: "".join(f"%{octet:02X}" for octet in text.encode()),
    "form": quote_plus,
    "html": html.escape,
    "html by number": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "html by number, signs alone": lambda text: "".join(
        character if character.isalnum() else f"&#x{ord(character):x};" for character in text
    ),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 twice over": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "base64 of utf-16": lambda text: base64.b64encode(
        text.encode("utf-16-be", "surrogatepass")
    ).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "upper case": str.upper,
    "latin-1": lambda text: text.encode().decode("latin-1"),
    "utf-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
}
SECRETS = ["s3cr3t-token/9b", "pa\"ss'wörd😀 x/ü", "İstanbul+K key", "a.b.c.d\\e", "密码很长/密码"]
AROUND = (
    'the quick "brown" fox; path/to?q=a%20b&c=d%2Fe 100% café \\"x\\" pa"rt wörd #123 \\u00e9 ',
    'the quick "brown" fox; ss\'wor d/9b token-9 s3cr3t- &amp; &lt;b&gt; a.b.c %3D \\n\\t x/',
)


@settings(max_examples=100, deadline=None)
@given(
    secret=st.sampled_from(SECRETS)
    | st.text(st.characters(codec="utf-8"), min_size=4, max_size=12),
    names=st.lists(st.sampled_from(sorted(ENCODERS)), max_size=4),
    around=st.sampled_from(AROUND),
)
def test_a_long_text_hides_no_spelling(secret: str, names: list[str], around: str) -> None:
    """Whatever encodes a secret, encoders in encoders included: it is found in a long text where it
    is found once all escapes of the text are undone. Texts without it hold none by both.
    """
    spelled = secret
    for name in names:
        spelled = ENCODERS[name](spelled)
    redactor = Redactor([secret])
    for text in (around * 60 + spelled + around * 60, around * 120):
        by_place = redactor.finds(text)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(_masking, "_SHORT", len(text))
            assert by_place == redactor.finds(text)


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_spelling_is_masked_in_a_long_text(name: str, secret: str) -> None:
    """Each is, once encoded; and what stands around it stays, where it is told apart."""
    text = AROUND[0] * 60 + ENCODERS[name](secret) + AROUND[1] * 60
    redactor = Redactor([secret])
    shown = redactor.text(text)
    assert not redactor.finds(shown)
    assert MASK in shown or name == "utf-16"
    assert shown != text


ESCAPES = {
    "json, signs": lambda text: "".join(
        character if character.isalnum() else f"\\u{ord(character):04x}" for character in text
    ),
    **{
        name: ENCODERS[name]
        for name in (
            *("json", "json with slashes", "json in utf-8", "percent", "form", "html"),
            "html by number, signs alone",
        )
    },
}


@pytest.mark.parametrize("secret", ["k y/z+abc&d", "aé<b>c\"d'e", "c4n4ry-x/y"])
@pytest.mark.parametrize("outer", ESCAPES)
@pytest.mark.parametrize("inner", ESCAPES)
def test_an_escape_that_is_escaped_hides_nothing(inner: str, outer: str, secret: str) -> None:
    """A URL in a URL, JSON in a form, and any other two, in a short text and in a long one; nor do
    they once more in JSON.
    """
    written = ESCAPES[outer](ESCAPES[inner](secret))
    redactor = Redactor([secret])
    for text in (f"[{written}]", json.dumps(f"[{written}]"), AROUND[0] * 60 + written):
        shown = redactor.text(text)
        assert written not in shown
        assert MASK in shown


@pytest.mark.parametrize(("secret", "sign"), [("pass~~~word", "+"), ("pass???word", "/")])
@pytest.mark.parametrize("outer", ESCAPES)
def test_base64_in_an_escape_hides_nothing(outer: str, secret: str, sign: str) -> None:
    """Its + and / are escaped in a URL, its / in JSON by PHP, whatever the secret itself has."""
    digits = base64.b64encode(secret.encode()).decode()
    assert sign in digits
    written = ESCAPES[outer](digits)
    shown = Redactor([secret]).text(f"[{written}]")
    assert MASK in shown
    assert digits[:6] not in shown


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_a_secret_in_a_url_in_a_url_is_cut_out(charset: str, levels: int) -> None:
    """However often it is escaped, the rest of the URL stays readable."""
    written = "é>c4n4ry/x".encode(charset)
    for _ in range(levels):
        written = quote(written, safe="").encode()
    url = f"https://a.example/?next=b%3Fkey%3D{written.decode()}&n=1"
    assert Redactor(["é>c4n4ry/x"]).text(url) == f"https://a.example/?next=b%3Fkey%3D{MASK}&n=1"


@pytest.mark.parametrize("written", ["a+pass*word", "a+pass%2Aword", "%61+pass*word"])
def test_a_form_as_browsers_write_it(written: str) -> None:
    """A space is a plus, and an asterisk stays (the URL Standard, section 5.1); Python's library
    escapes it.
    """
    assert Redactor(["a pass*word"]).text(f"q={written}&n=1") == f"q={MASK}&n=1"


def test_a_reference_by_number_reaches_to_the_last_character() -> None:
    """Of Unicode; beyond it stands nothing, and nothing breaks."""
    redactor = Redactor(["c4n4ry\U0010ffffz"])
    for reference in ("&#1114111;", "&#x10ffff;"):
        assert redactor.text(f"[c4n4ry{reference}z]") == f"[{MASK}]"
    assert "c4n4ry" not in redactor.text("[c4n4ry&amp;#1114111;z]")
    assert redactor.text("[c4n4ry&#1114112;z &#9999999;]") == "[c4n4ry&#1114112;z &#9999999;]"


def test_a_secret_that_is_forgotten_is_a_text_like_any_other() -> None:
    """It is masked no longer; once it is derived again, it gives way to those that follow."""
    redactor = Redactor(["s3cr3t-1", "s3cr3t-2"])
    redactor.forget("s3cr3t-1")
    redactor.forget("never known")
    assert redactor.text("s3cr3t-1 s3cr3t-2") == f"s3cr3t-1 {MASK}"
    redactor.add_derived("s3cr3t-1", "crm")
    assert redactor.text("s3cr3t-1 s3cr3t-2") == f"{MASK} {MASK}"
    for number in range(1_000):
        redactor.add_derived(f"v4lue-{number}", "crm")
    assert redactor.text("s3cr3t-1 s3cr3t-2 v4lue-999") == f"s3cr3t-1 {MASK} {MASK}"


def test_an_ordinary_text_is_not_unescaped() -> None:
    """That is what long texts cost: where no letter of a secret can be escaped, and no run of its
    letters stands, nothing is undone.
    """
    spellings = {"s3cr3t-token/9b", "s3cr3t-token%2f9b"}
    assert places(AROUND[0].lower() * 60, anchors_of(spellings)) == []
    assert places(AROUND[0].lower() + "s3cr3t-token%2f9b", anchors_of(spellings)) != []
    for escaped in ("\\u0073", "%73", "&#115;", "&amp;#x73;", "%2573", "\\u002573", "\\u0000"):
        assert places(AROUND[0].lower() + escaped, anchors_of(spellings)) is None
    assert anchors_of({"密码很长"}) is None


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("2024", "2024-05-01", "2024-05-01"),
        ("20240501", "20240501 latest", "20240501 latest"),
        ("-1234567.5e3", "-1234567.5e3", "-1234567.5e3"),
        ("test", "latest", "latest"),
        ("hunt2", "hunt2", "hunt2"),
        ("hunter", "is hunter", f"is {MASK}"),
    ],
)
def test_a_secret_that_looks_like_ordinary_text_damages_no_text(
    secret: str, text: str, shown: str
) -> None:
    """A value that only its name calls secret may be a year or a word."""
    redactor = Redactor()
    redactor.add_distinct(secret)
    assert redactor.value({text: text}) == {shown: shown}
