"""Desired against observed: `observe` reads what exists, `plan` says what would change.

`quota` and `role` ask what the account allows before anything is created; `status` and `drift` look at what was
promoted. Reads AWS; changes nothing.
"""
