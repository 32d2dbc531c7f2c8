"""Child processes of this machine.

children    starts and ends them, and sweeps those that a killed run left behind
ledger      remembers each in a file, so that a later run can find it
leftovers   sweeps everything below a state folder
orphan      ends a child whose parent was killed
ports       keeps free ports for them
shield      keeps signals back while something is brought to its end
uv          finds uv and runs a command of it
"""

from harness.processes.children import ChildProcess, Swept, log_tail, start_process, sweep

__all__ = [
    "ChildProcess",
    "Swept",
    "log_tail",
    "start_process",
    "sweep",
]
