"""The HTTP task: derive its settings schema, validate its settings, test its request, run it."""

from httptask.task._callback import with_placeholder
from httptask.task._consent import ask_consent, forget_token, stored_token
from httptask.task._credentials import (
    CredentialTest,
    held_token,
    remove_credential,
    store_credential,
    token_json,
    try_credential,
)
from httptask.task._for_each import output_shape
from httptask.task._http_task import HttpTask
from httptask.task._idempotency import may_be_repeated
from httptask.task._items import ItemSource, item_source
from httptask.task._known import Known
from httptask.task._over_parameters import parameter_advice, reads_run
from httptask.task._pinned_response import PinFault, pinned_answer
from httptask.task._plan import Plan
from httptask.task._round import PART, UNREPEATABLE, cut_off_state, lost_state
from httptask.task._runtime import Runtime, operator_limits
from httptask.task._services import Services
from httptask.task._written import WrittenTask

__all__ = [
    "PART",
    "UNREPEATABLE",
    "CredentialTest",
    "HttpTask",
    "ItemSource",
    "Known",
    "PinFault",
    "Plan",
    "Runtime",
    "Services",
    "WrittenTask",
    "ask_consent",
    "cut_off_state",
    "forget_token",
    "held_token",
    "item_source",
    "lost_state",
    "may_be_repeated",
    "operator_limits",
    "output_shape",
    "parameter_advice",
    "pinned_answer",
    "reads_run",
    "remove_credential",
    "store_credential",
    "stored_token",
    "token_json",
    "try_credential",
    "with_placeholder",
]
