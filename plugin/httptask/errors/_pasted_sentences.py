"""The sentences about parts of a pasted request that are not carried over: see `_sentences`."""

from __future__ import annotations

from collections.abc import Mapping

PASTED: Mapping[str, str] = {
    "option-not-carried": "curl's option {option} is not carried over[: {reason}]",
    "command-not-carried": "only the first command is carried over, not what follows {operator}",
    "file-not-read": (
        "curl's option {option} names a file, which is not read here: its content is missing from"
        " the request"
    ),
    "file-below-folder": (
        "when the task runs, the file {file!r} is read from the operator's folder of files"
    ),
    "file-not-chosen": "the file of {name!r} is missing: the document does not contain it",
    "header-not-removed": (
        "curl would leave out the header {name}; httptask sends it if it is needed"
    ),
    "host-not-carried": (
        "the header Host differs from the host in the URL; set it by hand if the operator allows it"
    ),
    "browser-headers": "headers in which a browser describes itself are left out: {names}",
    "script-not-carried": "the {event} script is not carried over: a task runs no scripts",
    "member-not-carried": "{name} is not carried over: {reason}",
    "auth-not-carried": (
        "the authorisation of the type {type} is not carried over; give the task a credential"
    ),
    "url-missing": "the request has no URL",
    "requests-left-out": "requests that are left out: {count} ({reason})",
    "json-as-form": (
        "the body is JSON, but the command sends it as a form; -H 'Content-Type: application/json'"
        " is probably meant"
    ),
    "json-meant": (
        "the command has no Content-Type for its JSON; it is sent as {mediaType}, the media type of"
        " the endpoint"
    ),
    "secret-moved": (
        "the secret in {label} is not in the task, which uses the credential {credential!r} instead"
    ),
    "secret-to-give": (
        "the {field} of the credential {credential!r} is missing: the command has a variable in its"
        " place"
    ),
    "secret-left-out": "the secret in {label} is left out: {reason}",
    "password-asked": (
        "curl would ask for the password of --user; the credential's password is empty"
    ),
    "value-to-give": (
        "{name!r} has no value here; it becomes the input parameter {parameter!r} of the task"
    ),
}
