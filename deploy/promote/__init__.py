"""The flows that change what serves, one file a command: `promote`, `rollback`, `destroy`, `expire`.

A promotion is asked for by a `request`; `progress` is what it saw and did, `proving` its own requests, `recording` its
release record. `smoke` sends one request and judges the answer; `verify` proves what serves by its record.
"""
