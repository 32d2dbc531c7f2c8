"""Child processes: started and ended (`children`), kept in a `ledger` for a later run to end, and their ports."""

from harness.processes.children import ChildProcess, Swept, log_tail, start_process, sweep

__all__ = [
    "ChildProcess",
    "Swept",
    "log_tail",
    "start_process",
    "sweep",
]
