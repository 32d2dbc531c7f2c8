"""Every test runs as at a terminal, and with a machine key of the tests' own.

What a shell starts in the background ignores Ctrl-C, and so does all it starts.
"""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Processes that run tests side by side inherit the first one's.
os.environ.setdefault(
    "REHEARSAL_MACHINE_KEY", str(Path(tempfile.mkdtemp(prefix="rehearsal-tests-")) / "machine-key.pem")
)
