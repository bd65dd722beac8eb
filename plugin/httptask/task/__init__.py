"""The HTTP task: load the schema derived from the endpoint, validate the settings, run the request,
test the request.
"""

from httptask.task._http_task import HttpTask
from httptask.task._runtime import Runtime, operator_limits
from httptask.task._services import Services

__all__ = ["HttpTask", "Runtime", "Services", "operator_limits"]
