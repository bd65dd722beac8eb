"""A stand-in of one Procore endpoint: a real HTTP server on loopback, strict as its page.

It stands for `POST /rest/v1.0/project/{project_id}/email_communications`, as the reference page
that ships with httptask documents it. It judges what httptask sends independently: it is written
from that page by hand and shares no code with the rest of the package.

    with StandIn() as stand_in:
        ...  # send requests to stand_in.url
    print(stand_in.requests)

In a terminal: `python -m httptask.testing.stand_in --port 8901`.

Every refusal has a status of its own and a JSON body with the reason and its place:

    {"errors": [{"where": "query.topic_id", "reason": "must be an integer, found \\"seven\\""}]}
"""

from httptask.testing.stand_in._command import main
from httptask.testing.stand_in._messages import ReceivedRequest
from httptask.testing.stand_in._page import METHOD, PATH_TEMPLATE, TOPIC_TYPES
from httptask.testing.stand_in._reading import MAX_BODY_BYTES
from httptask.testing.stand_in._stand_in import StandIn

__all__ = [
    "MAX_BODY_BYTES",
    "METHOD",
    "PATH_TEMPLATE",
    "TOPIC_TYPES",
    "ReceivedRequest",
    "StandIn",
    "main",
]
