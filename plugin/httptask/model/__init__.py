"""The nouns: frozen values with JSON in and out. Nothing here acts.

- `api`: what a description contains - `task`: what an author writes and gets - `exchange`: one call
as it happened - `credential`: a named secret - `policy`: limits and retries - `workflow`:
definitions and their runs
"""
