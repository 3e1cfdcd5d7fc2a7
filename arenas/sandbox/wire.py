"""The fixed parts of what client, zygote and child say to each other. Read on every side, and on every system."""

from __future__ import annotations

import struct

ORDERS = struct.Struct("<qqqqq")
"""A run's number, and its limits: CPU seconds, memory bytes, file bytes, processes."""

TAKEN = struct.Struct("<q")
"""The number of the run that a child has taken."""

STARTED = struct.Struct("<q")
"""A spare's number."""

ENDED = struct.Struct("<qqid")
"""A child's number, that of the run it had taken (0: none), its wait status, its CPU seconds."""
