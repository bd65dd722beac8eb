"""JSON Schema: subschemas, references, patterns, views for forms, and types of values."""
