"""From evaluated settings to a request: URL, headers, cookies, body; and the same request as a curl command."""

from httptask.building._bodies import MULTIPART, essence, file_places, is_json, offers, rank
from httptask.building._curl import curl_command
from httptask.building._files import VARIABLE as FILES_VARIABLE
from httptask.building._files import Files, is_reference, located, reference_problems
from httptask.building._request import build

__all__ = [
    "FILES_VARIABLE",
    "MULTIPART",
    "Files",
    "build",
    "curl_command",
    "essence",
    "file_places",
    "is_json",
    "is_reference",
    "located",
    "offers",
    "rank",
    "reference_problems",
]
