"""Sending one request, whatever the server does: bounds, egress, redirects, outcome classes, retries.

The ladder: `deliver` (attempts and waits) -> one attempt (redirects) -> one hop (one request, one response).
"""

from httptask.sending._deliver import Delivery, Ready, deliver, masked
from httptask.sending._egress import address_reason, allowed_networks, allowing, parse_networks
from httptask.sending._hop import Connections

__all__ = [
    "Connections",
    "Delivery",
    "Ready",
    "address_reason",
    "allowed_networks",
    "allowing",
    "deliver",
    "masked",
    "parse_networks",
]
