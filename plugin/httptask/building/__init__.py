"""Building requests (URL, headers, cookies, body) from evaluated settings, and curl commands."""

from httptask.building._bodies import chosen, is_text, offers, rank, writable
from httptask.building._codings import is_coded_already, writes_coding
from httptask.building._constants import unwritable_constants
from httptask.building._curl import body_commands, body_text, curl_command, quoted
from httptask.building._escaping import url_part
from httptask.building._files import Files, located, missing_files, with_contents
from httptask.building._negotiation import ALWAYS_SENT, ANY_MEDIA_TYPE, accept
from httptask.building._references import (
    REFERENCE,
    data_places,
    file_places,
    is_pairs,
    is_reference,
    mentions_files,
    misplaced,
    reference_problems,
    references,
    with_values,
)
from httptask.building._request import Builder, build
from httptask.building._secret_variables import Piece, SecretVariables, Variable, own_headers
from httptask.building._unsent import unsent
from httptask.building._url_parts import UrlPart, url_parts
from httptask.building._writer import described_framing

__all__ = [
    "ALWAYS_SENT",
    "ANY_MEDIA_TYPE",
    "REFERENCE",
    "Builder",
    "Files",
    "Piece",
    "SecretVariables",
    "UrlPart",
    "Variable",
    "accept",
    "body_commands",
    "body_text",
    "build",
    "chosen",
    "curl_command",
    "data_places",
    "described_framing",
    "file_places",
    "is_coded_already",
    "is_pairs",
    "is_reference",
    "is_text",
    "located",
    "mentions_files",
    "misplaced",
    "missing_files",
    "offers",
    "own_headers",
    "quoted",
    "rank",
    "reference_problems",
    "references",
    "unsent",
    "unwritable_constants",
    "url_part",
    "url_parts",
    "with_contents",
    "with_values",
    "writable",
    "writes_coding",
]
