"""Defines the exit code of an interrupted program; errors carry their own."""

INTERRUPTED = 130
