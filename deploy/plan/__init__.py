"""Desired against observed: what exists (`observe`), what would change (`plan`), what drifted, and what the account
allows.

Reads AWS; changes nothing.
"""
