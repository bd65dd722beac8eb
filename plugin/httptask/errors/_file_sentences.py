"""The sentences about files in settings: see `_sentences`."""

from __future__ import annotations

from collections.abc import Mapping

_NO_PLACE = (
    "a file cannot be sent here, only as the whole body or as a part of a multipart body; to insert"
    ' its content instead, write {{"$file": {{"path": …, "as": "base64"}}}}, or "text"'
)

FILES: Mapping[str, str] = {
    "file-reference": "a file reference must be an object with 'path'",
    "file-member": "{name!r} of a file reference must be {expected}",
    "file-member-unknown": (
        "unknown name {name!r} in a file reference[; did you mean {near!r}?][; known: {known}]"
    ),
    "file-as": "'as' must be {expected:or}: it says how the content of the file is inserted",
    "file-sources": "a file reference can have only one of {names}",
    "file-source-missing": "a file reference needs 'path', 'content' or 'contentBase64'",
    "file-not-kept": "this file reference has no file: {fileMessage}",
    "file-path-climbs": "the path {name!r} leads out of the folder of files; use a path inside it",
    "file-path-nul": "a path cannot contain a NUL character",
    "file-base64": "this is not base64: {pythonMessage}",
    "file-content-type": "the media type {found!r} cannot be written in a header",
    "file-header-name": "{name!r} is not a header that a part of a body can have",
    "file-header-content-type": "the media type of a file belongs in its 'contentType'",
    "file-header-value": ("a header must be text without line breaks and control characters"),
    "file-misplaced": _NO_PLACE,
    "file-reference-in-text": f"this text contains a file reference; {_NO_PLACE}",
    "file-reference-crowded": (
        "a file reference has no other members: move {names} into '$file', or remove them"
    ),
    "file-not-carried": (
        "a body of {mediaTypes:or} cannot contain files: set the header Content-Type to"
        ' multipart/form-data, or insert the content of the file with {{"$file": {{"path": …, "as":'
        ' "base64"}}}}, or "text"'
    ),
    "file-missing": "there is no file {name!r} in the folder of files",
    "file-unreadable": "the file {name!r} cannot be read: {systemMessage}",
    "file-read-broken": (
        "the file {name!r} could not be read to its end while it was sent: {systemMessage}"
    ),
    "file-changed": (
        "the file {name!r} changed while it was sent: it had {size:,} bytes[, now {now:,}]; send"
        " it when it is complete"
    ),
    "file-gone": "{name!r} is no longer a file",
    "file-type": "{name!r} is {found}; only files can be sent",
    "file-size": "the file {name!r} has {found:,} bytes, but its reference says {expected:,}",
    "file-too-large": (
        "the file {name!r} has {found:,} bytes, and only files of up to {limit:,} can be inserted"
        " as data; send it as the whole body or as a part of a multipart body, which are streamed"
    ),
    "file-outside": (
        "the file {name!r} is not in the folder of files, which an operator sets with"
        " HTTPTASK_FILES or --files"
    ),
    "files-folder": (
        "no files can be sent: an operator must set the folder of files, with HTTPTASK_FILES or"
        " --files"
    ),
    "upload-gone": (
        "the uploaded file {name!r} no longer exists: uploads are deleted when their designer ends."
        " Put the file into the folder of files, and write its path"
    ),
    "file-path-in-text": "this text contains the local path of a file, which is never sent",
}
