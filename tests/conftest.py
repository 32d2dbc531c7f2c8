"""Every test runs as at a terminal: what a shell starts in the background ignores Ctrl-C, and so does all it starts."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
