"""The sentences about expressions that cannot be parsed or evaluated: see `_sentences`.

In `expression-failed`, `languageMessage` is the message of a plugin's language. `jsonpathMessage`
and `jsonataMessage` are messages of the two libraries, and `jsonataCode` is JSONata's code;
`authorMessage` is the message that an expression gives to `$error` or `$assert`; `pythonMessage`
and `systemMessage` are messages of Python and the operating system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

_CHARACTER = "[, at its character {character}]"
_NO_QUERY = "it is not a JSONPath query (RFC 9535)[: {jsonpathMessage}]" + _CHARACTER
_NOT_JSON = "its result is not JSON"
_HELPER = "the helper process for expressions "
_KNOWN = "; {known:members}[ and {more} more]"
_NOT_FINITE = "its result is not a finite number: "
_UNAVAILABLE = "${name} is not available: "

_SENTENCES: Mapping[str, str] = {
    "expression-failed": "{languageMessage}",
    # How it is written
    "expression-length": "it is longer than {limit} characters",
    "expression-empty": "it is empty; write a literal ${{}} as $${{}}",
    "expression-unclosed": "it is not closed by }}; write a literal ${{ as $${{",
    "expression-brace-unclosed": (
        "a {{ inside it is not closed by }}; write a literal ${{ as $${{"
    ),
    "expression-sign-unclosed": "the {sign} opened at its character {character} is not closed",
    "expression-language-missing": "no default expression language is installed",
    "expression-prefix": (
        "{found!r} selects no expression language; known: {known}[; did you mean {near}?]"
    ),
    "expression-prefix-alone": "nothing follows {prefix!r}",
    "expression-run-name": "swf: has no name {name!r}; known: {known}[; did you mean {near}?]",
    "expression-nested": "it is nested too deeply to be read",
    "expression-uncheckable": "the language {language!r} cannot check it: {pythonMessage}",
    "expression-jsonpath": (
        _NO_QUERY + "; a name with other signs than letters, digits and _ is quoted, as in"
        " `$.tasks['Look up']`"
    ),
    "expression-jsonpath-start": _NO_QUERY + "; a query starts with $[, as in `{example}`]",
    "expression-jsonata": "it is not a JSONata expression[: {jsonataMessage}]" + _CHARACTER,
    "expression-jsonata-end": "it is not a JSONata expression: it ends too early",
    "expression-regex": "the regular expression /{pattern}/ cannot be read: {pythonMessage}",
    # What it may not do
    "expression-clock": (
        _UNAVAILABLE + "expressions have no clock; put the time into the run's input"
    ),
    "expression-date": (
        "$toMillis has no year in its picture and would take today's; expressions have no clock"
    ),
    "expression-random": (
        _UNAVAILABLE + "expressions have no chance; put the number into the run's input"
    ),
    "expression-shuffle": _UNAVAILABLE + "expressions have no chance; use $sort",
    "expression-eval": _UNAVAILABLE + "expressions do not read expressions; write it out",
    "expression-function": "JSONata has no function ${name}[; did you mean {near}?]",
    "expression-variable": (
        "nothing binds the variable ${name}, so it has no value; a name in the data is written"
        " `$.{name}`"
    ),
    "expression-query-cost": (
        "it could take too long: one '..' or a filter that compares once is allowed, and few"
        " selectors in a segment"
    ),
    # What is not there
    "expression-no-name": (
        "`{path}` has no name {name!r}" + _KNOWN + "[; did you mean {near:apart}?]"
    ),
    "expression-of-run": (
        "`$` has only the task's input parameters here, not the run's {name}; add {parameter} to"
        " 'inputParameters', and write {instead} here"
    ),
    "expression-no-item": "`{path}` has no item {item}; it is a list of {count}, counted from 0",
    "expression-item-of-object": "`{path}` is an object, so it has no item {item}" + _KNOWN,
    "expression-name-of-list": (
        "`{path}` is a list, so it has no name {name!r}; `{first}` is that of the first item,"
        " `{each}` of each"
    ),
    "expression-no-members": ("`{path}` is {found}, so it has no[ item {item}][ name {name!r}]"),
    "expression-nothing": "it found nothing[; at the top are {known:members}]",
    "expression-run-lacks": "this run has no {name}[; known: {known}]",
    # Its evaluation
    "expression-jsonpath-failed": "the query failed: {jsonpathMessage}",
    "expression-jsonata-failed": "{jsonataMessage}",
    "expression-author": "{authorMessage}",
    "expression-parse": "$parse: the text is not JSON: {jsonMessage}",
    "expression-parse-empty": "$parse: the text is empty, which is not JSON",
    "expression-format-integer": (
        "$formatInteger writes {found} with digits only, as for the picture '#,##0'"
    ),
    "expression-digits": (
        "its exact result has more than {limit} digits; round the numbers first, with"
        " $round(number, digits)"
    ),
    "expression-number-size": _NOT_FINITE + "it is too large for a double",
    "expression-number-root": _NOT_FINITE + "a negative number has no such root",
    "expression-number-division": _NOT_FINITE + "division by zero",
    "expression-number": _NOT_FINITE + "{pythonMessage}",
    "expression-depth": "it calls itself too deeply, or its data is nested too deeply",
    "expression-time": "it took longer than {seconds:g} s and was stopped",
    "expression-memory": "it needed more memory than {limit} MiB",
    "expression-error": "the evaluation failed: {pythonMessage}",
    # Its result
    "expression-result-size": "its result is larger than {limit} bytes as JSON; select less",
    "expression-result-depth": "its result is nested deeper than {limit}",
    "expression-result-name": _NOT_JSON + ": an object's name is {found}",
    "expression-result-type": _NOT_JSON + ": it holds {found}",
    "expression-result-not-finite": (
        _NOT_JSON + ": it holds {found}, and JSON has only finite numbers"
    ),
    "expression-result-digits": (
        _NOT_JSON + " that others can read: it holds a number of thousands of digits"
    ),
    "expression-result-function": "its result is a function, not a JSON value; call it",
    # The process that evaluates it
    "expression-closed": "the evaluator has been closed",
    "expression-helper-start": _HELPER + "does not start[: {systemMessage}]",
    "expression-helper-late": "the helper process did not begin within {seconds:g} s",
    "expression-helper-load": "the helper process cannot load it: {pythonMessage}",
    "expression-helper-unusable": _HELPER + "cannot be used: {pythonMessage}",
    "expression-helper-unread": "its result cannot be read back from the helper process",
    "expression-helper-gone": (
        "the helper process that evaluated it ended unexpectedly (most likely out of memory, or"
        " nested too deeply)"
    ),
    "expression-language-unsent": (
        "the language cannot be sent to the helper process: {pythonMessage}"
    ),
    "expression-data-unsent": "the data cannot be sent to the helper process: {pythonMessage}",
    "expression-data-depth": "the data is nested too deeply to be sent to the helper process",
    # A condition over the output of the task before
    "condition-no-member": "{path} is {found}, which has no member {name!r}",
    "condition-types": (
        "== cannot compare {left} with {right}; write ===, which is false for values of different"
        " types"
    ),
    "condition-order": "{found} is neither larger nor smaller than anything",
    # What it is for
    "idempotency-key": "an idempotency key is text in ASCII or a whole number, not {found}",
    "condition-result": (
        "a condition must give true or false, this one gave {found}; compare it with something"
    ),
}

_OF_CONDITIONS: Mapping[str, str] = {
    "condition-length": "it is longer than {limit} characters",
    "condition-depth": "this is nested more than {limit} levels deep",
    "condition-ends": "it ends here, and something is missing",
    "condition-misplaced": "{sign!r} cannot stand here",
    "condition-sign": "{sign!r} is not read here",
    "condition-assigns": "this would assign a value; a comparison is ===",
    "condition-and": "two conditions are joined by &&",
    "condition-or": "two conditions are joined by ||",
    "condition-quotes": "text stands in quotes, ' or \"",
    "condition-quote-unclosed": "the {sign} that opens here is not closed",
    "condition-escape": "this escape is none of JavaScript's",
    "condition-escape-unread": "this escape is not read here",
    "condition-number": "{sign!r} is no decimal number",
    "condition-number-unread": "{jsonMessage}",
    "condition-minus": "only a number can follow a minus here",
    "condition-calculates": "nothing is calculated here",
    "condition-calls": "no function can be called here",
    "condition-expression": "an expression ${{…}} has to be the whole condition",
    "condition-expects-sign": "expected {expected} here",
    "condition-expects-name": "expected the name of a member here",
    "condition-expects-key": "expected a name in quotes, or an index, here",
    "condition-members": "only $ has members here",
    "condition-name": "{name!r} is not known here; the output of the task before is $",
}
"""The sentences about conditions that the platform cannot express."""

EXPRESSIONS: Mapping[str, str] = {
    **{code: "[expression {expression}: ]" + text for code, text in _SENTENCES.items()},
    **{
        code: f"the condition {{found!r}} cannot be read at {{place}}: {text}; what goes beyond"
        " comparisons is written as ${{jsonata: …}}"
        for code, text in _OF_CONDITIONS.items()
    },
}

_MOST_NAMES = 10
"""The most names that a sentence lists; the param may have more."""


def _members(names: Sequence[str]) -> str:
    if names:
        return "known: " + ", ".join(names[:_MOST_NAMES])
    return "it is empty"


NAME_FORMATS: Mapping[str, Callable[[Sequence[str]], str]] = {"members": _members}
