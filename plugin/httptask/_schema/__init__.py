"""JSON Schema as structure: where schemas stand in a schema, what refers to what, how it reads, and
its patterns.
"""
