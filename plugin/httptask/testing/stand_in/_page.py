"""The endpoint for which the stand-in stands, as its reference page documents it."""

from __future__ import annotations

from collections.abc import Mapping

METHOD = "POST"
PATH_TEMPLATE = "/rest/v1.0/project/{project_id}/email_communications"
TOPIC_TYPES = (
    "change_event_event",
    "project",
    "prime_contract",
    "direct_cost_item",
    "purchase_order_contract",
    "work_order_contract",
    "payment_application",
    "punch_item",
    "form",
    "generic_tool_item",
    "task",
    "daily_log_header",
    "observation",
    "submittal_log",
    "meeting",
    "checklist",
    "incident",
    "submittal_package",
    "billings_requisition",
    "rfi",
)
QUERY_NAMES = ("topic_id", "topic_type")
# Both objects are required, but none of their fields. The page does not describe the items of the
# arrays, so any are accepted.
BODY_FIELDS: Mapping[str, Mapping[str, type]] = {
    "communication": {"subject": str},
    "email": {
        "file_version_ids": list,
        "distribution_ids": list,
        "prostore_file_ids": list,
        "form_ids": list,
        "bcc_distribution_ids": list,
        "image_ids": list,
        "upload_ids": list,
        "cc_distribution_ids": list,
        "body": str,
        "drawing_revision_ids": list,
    },
}
