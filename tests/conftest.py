"""For all tests: Ctrl-C reaches the programs they start, however the tests themselves were started."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell without job control starts background jobs so
    signal.signal(signal.SIGINT, signal.default_int_handler)
