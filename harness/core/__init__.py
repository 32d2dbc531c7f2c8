"""The primitives of the harness: errors, waiting, the folders it uses, and progress. Imports nothing else of the
harness.
"""
