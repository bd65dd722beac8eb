"""Journals: every finished task is on disk before the next task starts, so that a run can continue
after its process was killed.

with Journal("runs.sqlite3") as journal:
    run_workflow("customer.json", {"customerId": 7}, journal=journal)
"""

from httptask.engines.journal._journal import Journal
from httptask.engines.journal._listener import GateListener
from httptask.engines.journal._operator import operator_options
from httptask.engines.journal._run_journal import CallJournal, RunJournal

__all__ = ["CallJournal", "GateListener", "Journal", "RunJournal", "operator_options"]
