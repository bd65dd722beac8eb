"""From evaluated settings to a request: URL, headers, cookies, body; and the same request as a curl command."""

from httptask.building._curl import curl_command
from httptask.building._request import build

__all__ = ["build", "curl_command"]
