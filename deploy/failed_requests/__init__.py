"""`deploy replay`: a request that failed in the cloud is found, fetched and kept; the flow is in `replay`.

`clues` from a URI or a notification; `searching` for the input, by its note or the data-log; `timeline` for the release
that served then; `failures` reads what came back; `kept` is the folder for all of it.
"""
