"""Helpers that every part needs: JSON, pointers, masking, threads, packaged files."""
