"""The primitives of the harness: its `errors`, the folders it uses (`state`, `top_level`), and `progress`.

Waiting, whole files and the errors that both share are `deploy.core`'s. Imports nothing else of the harness.
"""
