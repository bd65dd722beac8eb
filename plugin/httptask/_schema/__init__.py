"""JSON Schema as structure: where schemas stand, what they refer to, how they read, patterns."""
