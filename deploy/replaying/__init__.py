"""What `deploy replay` finds out about a failed request, step by step; the flow itself is in `deploy.replay`.

`clues` from a URI or a notification; `searching` for the input, by the notes of `sent` or the data-log; `timeline` for
the release that served then; `objects` fetches; `failures` reads what came back; `kept` is the folder for all of it.
"""
