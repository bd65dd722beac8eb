"""Helpers for all other parts: JSON, pointers, masking, threads, packaged files."""
