"""The machine a figure was taken on, in one line."""

from __future__ import annotations

import os
import platform


def machine() -> str:
    """CPU, cores and Python, as printed above every result."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()  # not Linux: the architecture has to do
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
