"""Sending one request: limits, egress rules, redirects, retries, and the outcome.

From top to bottom: `deliver` makes attempts and waits between them, an attempt follows redirects,
and a hop is one request and its response.
"""

from httptask.sending._authorising import Authorisation, Send
from httptask.sending._codings import Decoder
from httptask.sending._connections import Connections
from httptask.sending._deliver import Delivery, Judge, Ready, RetryRefusal, deliver
from httptask.sending._egress import (
    address_reason,
    allowed_networks,
    allowing,
    parse_address,
    parse_networks,
)
from httptask.sending._exchange import masked
from httptask.sending._filename import filename_of, suffix_of
from httptask.sending._files import BodyFile
from httptask.sending._hop import Received
from httptask.sending._httpx import host_and_target
from httptask.sending._limited_wire import LimitedWire
from httptask.sending._limits import Limiter
from httptask.sending._masked_token import refused, secrets_of
from httptask.sending._network import ways
from httptask.sending._pinned_wire import (
    AnswerPinned,
    PinnedError,
    PinnedResponse,
    PinnedWire,
)
from httptask.sending._progress import Keeper, Progress, RoundNews, Wait, told, watched
from httptask.sending._rate_headers import server_limit
from httptask.sending._redirect import (
    for_another_origin,
    is_same_origin,
    target_of,
    without_body,
)
from httptask.sending._response import Verdict, View
from httptask.sending._retry import (
    IDEMPOTENT,
    KEY_HEADER,
    KEY_HEADERS,
    EngineAttempt,
    is_repeatable,
    retry_after_of,
)
from httptask.sending._terms import Terms
from httptask.sending._token_sender import token_sender
from httptask.sending._wire import Wire

__all__ = [
    "IDEMPOTENT",
    "KEY_HEADER",
    "KEY_HEADERS",
    "AnswerPinned",
    "Authorisation",
    "BodyFile",
    "Connections",
    "Decoder",
    "Delivery",
    "EngineAttempt",
    "Judge",
    "Keeper",
    "LimitedWire",
    "Limiter",
    "PinnedError",
    "PinnedResponse",
    "PinnedWire",
    "Progress",
    "Ready",
    "Received",
    "RetryRefusal",
    "RoundNews",
    "Send",
    "Terms",
    "Verdict",
    "View",
    "Wait",
    "Wire",
    "address_reason",
    "allowed_networks",
    "allowing",
    "deliver",
    "filename_of",
    "for_another_origin",
    "host_and_target",
    "is_repeatable",
    "is_same_origin",
    "masked",
    "parse_address",
    "parse_networks",
    "refused",
    "retry_after_of",
    "secrets_of",
    "server_limit",
    "suffix_of",
    "target_of",
    "token_sender",
    "told",
    "watched",
    "ways",
    "without_body",
]
