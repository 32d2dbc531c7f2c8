"""`deploy replay`: a request that failed in the cloud is found, fetched and kept; the flow is in `replay`.

`clues` reads a URI or a notification; `searching` finds the input, by its note or the data-log; `timeline` finds the
release that served then; `failures` reads what came back; `kept` is the folder for all of it.
"""
