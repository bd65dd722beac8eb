"""The data types: frozen values that convert to and from JSON. Nothing here acts.

- `api`: what a description contains
- `task`: a task's inputs and options
- `exchange`: one call as it happened
- `credential`: a named secret
- `policy`: limits and retries
- `workflow`: definitions and their runs
"""
