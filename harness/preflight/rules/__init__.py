"""The rules of preflight. To add one: a module `rNNN_name.py` with a `RULE`, and its row in `registry.RULES`."""
