"""The fixed parts of what client, zygote and child say to each other. Read on every side, and on every system."""

from __future__ import annotations

import struct

ORDERS = struct.Struct("<qqqq")
"""Limits for a child: CPU seconds, memory bytes, file bytes, processes."""

STARTED = struct.Struct("<q")
"""A spare's number."""

ENDED = struct.Struct("<qiid")
"""A child's number, whether it had taken a run, its wait status, its CPU seconds."""
