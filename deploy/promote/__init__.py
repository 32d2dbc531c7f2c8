"""Changes what serves, with one file for each command: `promote`, `rollback`, `destroy`, `expire`.

A promotion starts with a `request`; `progress` holds what it observed and did, `proving` sends its own requests,
`recording` writes its release record. `smoke` sends one request and judges the answer; `verify` proves what serves by
its record.
"""
