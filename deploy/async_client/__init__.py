"""One request through an asynchronous endpoint: upload, submit, wait, and its outcome as a value (`requests`).

`sent` keeps a note beside each input, so that a failure object leads back to what was sent.
"""
