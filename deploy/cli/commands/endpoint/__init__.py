"""Inspects and uses what runs: its state, requests, logs and releases, and whether it is still what was promoted."""
