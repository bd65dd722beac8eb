"""The parameters of JSONata's functions in words: `(array, [string]) string`."""

from __future__ import annotations

import re

_TYPES = {
    "s": "string",
    "n": "number",
    "b": "boolean",
    "l": "null",
    "a": "array",
    "o": "object",
    "f": "function",
    "x": "any",
    "j": "any",
}
_PARAMETER = re.compile(r"(?P<type>[a-z]|\([a-z]+\))(?:<(?P<items>[^>]*)>)?(?P<sign>[-?+]?)")


def function_signatures() -> dict[str, str]:
    """Return the parameters and the result of every function of JSONata, by name.

    A parameter in brackets can be left out. The others are required.
    """
    # Not at the top: the library raises the recursion limit while it is imported.
    from httptask.expressions._jsonata_functions import SIGNATURES

    return {name: in_words(signature) for name, signature in sorted(SIGNATURES.items())}


def in_words(signature: str) -> str:
    """Return *signature*, such as `<a<s>s?:s>`, as `(array of strings, [string]) string`."""
    whole = signature.removeprefix("<").removesuffix(">")
    parameters, _, result = whole.rpartition(":") if ":" in whole else (whole, "", "x")
    return f"({', '.join(map(_shown, _PARAMETER.finditer(parameters)))}) " + ", ".join(
        map(_shown, _PARAMETER.finditer(result))
    )


def _shown(match: re.Match[str]) -> str:
    words = " or ".join(_TYPES[letter] for letter in match["type"].strip("()"))
    if match["items"] and match["type"] == "a":
        words += f" of {_TYPES[match['items'][0]]}s"
    if match["sign"] == "+":
        return f"{words}, …"
    return f"[{words}]" if match["sign"] else words
