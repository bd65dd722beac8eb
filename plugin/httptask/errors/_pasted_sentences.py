"""The sentences about parts of a pasted request that are not carried over: see `_sentences`."""

from __future__ import annotations

from collections.abc import Mapping

PASTED: Mapping[str, str] = {
    "option-not-carried": "curl's option {option} is not carried over[: {reason}]",
    "command-not-carried": (
        "what follows the first command, behind {operator}, is not carried over"
    ),
    "file-not-read": (
        "curl's option {option} names a file, which is not read here: what it holds is missing from"
        " the request"
    ),
    "file-below-folder": (
        "the file {file!r} is read from below the operator's folder of files when the task runs"
    ),
    "file-not-chosen": "the file of {name!r} is missing: the document does not hold it",
    "header-not-removed": (
        "the request was to go without the header {name}; httptask sends it where it is needed"
    ),
    "host-not-carried": (
        "the header Host names another host than the URL; set it by hand where the operator allows"
        " it"
    ),
    "browser-headers": "headers by which a browser tells of itself are left out: {names}",
    "script-not-carried": "the {event} script is not carried over: a task runs no scripts",
    "member-not-carried": "{name} is not carried over: {reason}",
    "auth-not-carried": (
        "the authorisation of the type {type} is not carried over; give the task a credential"
    ),
    "url-missing": "the request has no URL",
    "requests-left-out": "requests that are left out: {count}; {reason}",
    "json-as-form": (
        "the body is JSON, but the command sends it as a form; -H 'Content-Type: application/json'"
        " is probably meant"
    ),
    "json-meant": (
        "the command names no media type for its JSON; it is sent as the endpoint's {mediaType}"
    ),
    "secret-moved": (
        "the secret in {label} is not in the task, which names the credential {credential!r}"
    ),
    "secret-to-give": (
        "the credential {credential!r} lacks its {field}, for which a variable stands here"
    ),
    "secret-left-out": "the secret in {label} is left out: {reason}",
    "password-asked": "curl asks for the password of --user; the credential has an empty one",
    "value-to-give": (
        "{name!r} has no value here; the task takes it as its input parameter {parameter!r}"
    ),
}
