"""The limits for one description."""

MAX_BYTES = 64 * 1024 * 1024
"""The largest document that is read, in bytes."""
TOO_LARGE = (
    f"this is larger than {MAX_BYTES // 2**20} MB; take the version that keeps its references"
    " (`$ref`), or split it"
)
