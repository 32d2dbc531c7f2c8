"""Finds, fetches and keeps a request that failed in the cloud (`deploy replay`); the flow is in `replay`.

`clues` reads a URI or a notification; `searching` finds the input by its note or the data-log; `failures` reads the
failure's body; `timeline` finds the release that served then; `kept` defines the folder that holds all of it.
"""
