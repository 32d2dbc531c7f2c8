"""Compares the desired with the observed state: `observe` reads what exists, `plan` lists what would change.

`quota` and `role` check what the account allows before anything is created; `status` and `drift` inspect what was
promoted. May not: change anything.
"""
