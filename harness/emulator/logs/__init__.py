"""The reading half of CloudWatch Logs: what containers and the platform wrote, as log events.

`api` answers the operations, with the descriptions of `describing`. `streams` lists the log files, `times` records when
their lines arrived, `events` reads lines as events, `pattern` filters them, and `paging` encodes the tokens. The
instances and `instances.platform_log` write the files; nothing here writes into them.
"""
