"""CloudWatch Logs as far as it is read: what containers and the platform wrote, as log events.

`streams` knows which files there are, `times` notes when their lines came, `events` reads lines as events, `pattern`
judges them, `paging` spells the tokens, and `api` answers the operations. The files themselves belong to the instances
and to `journal`; nothing here writes into them.
"""
