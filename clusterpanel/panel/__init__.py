"""Assemble one row per firm and year."""
