"""The sentences about files in settings: see `_sentences`."""

from __future__ import annotations

from collections.abc import Mapping

_NO_PLACE = (
    "a file is not possible here: files are sent as the whole body or as a part of a multipart"
    " body,"
    ' and its local path is sent nowhere; {{"$file": {{"path": …, "as": "base64"}}}}, or "text",'
    " inserts its content here"
)

FILES: Mapping[str, str] = {
    "file-reference": "the reference of a file must be an object with its 'path'",
    "file-member": "{name!r} of a file must be {expected}",
    "file-member-unknown": (
        "unknown name {name!r} in the reference of a file"
        "[; did you mean {near!r}?][; known: {known}]"
    ),
    "file-as": "'as' is {expected:or}: how the content of the file becomes data",
    "file-sources": "a file has one of {names}, not both",
    "file-source-missing": (
        "the reference of a file needs its 'path', or its 'content' or 'contentBase64'"
    ),
    "file-not-kept": "there is no such file: {fileMessage}",
    "file-path-climbs": "the path {name!r} leads out of the folder of files; name a file inside it",
    "file-path-nul": "a path cannot hold NUL",
    "file-base64": "this is not base64: {pythonMessage}",
    "file-content-type": "the media type {found!r} cannot be written in a header",
    "file-header-name": "{name!r} is not a header that a part of a body can have",
    "file-header-content-type": "the media type of a file belongs in its 'contentType'",
    "file-header-value": ("a header must be text without line breaks and control characters"),
    "file-misplaced": _NO_PLACE,
    "file-reference-in-text": f"the text holds the reference of a file. {_NO_PLACE}",
    "file-reference-crowded": (
        "a reference of a file has no other members: put {names} into '$file', or leave them out"
    ),
    "file-not-carried": (
        "a body of {mediaTypes:or} carries no files, multipart/form-data does (say so in the header"
        ' Content-Type); or {{"$file": {{"path": …, "as": "base64"}}}}, or "text", puts the content'
        " of the file here"
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
    "file-size": "the file {name!r} has {found:,} bytes, its reference says {expected:,}",
    "file-too-large": (
        "the file {name!r} has {found:,} bytes, and at most {limit:,} can become data; send it as a"
        " whole body or in a part of a multipart body, which are streamed"
    ),
    "file-outside": (
        "the file {name!r} is not in the folder of files, which the operator names with"
        " HTTPTASK_FILES or --files"
    ),
    "files-folder": (
        "no folder of files is named, so no file can be sent; an operator names it with"
        " HTTPTASK_FILES or --files"
    ),
    "upload-gone": (
        "the upload {name!r} is not here: uploads end with the designer they were made in. Put the"
        " file into the folder of files and name its path"
    ),
    "file-path-in-text": "the text holds the local path of a file, which is sent nowhere",
}
