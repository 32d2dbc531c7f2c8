"""The primitives, written once: errors, waiting, whole files, digests, redaction, headers, settings and dated tables.

Imports nothing else of deploy; the harness uses them too.
"""
