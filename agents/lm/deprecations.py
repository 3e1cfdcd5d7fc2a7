"""Warnings of libraries about their own calls to each other, which nobody here can do anything about."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

THEIRS = (
    "`is_gradient_checkpointing` is deprecated",  # PEFT asks transformers by the old name
    "`gradient_checkpointing_enable` is deprecated",  # PEFT, where it prepares a model for checkpointing
)
"""How such warnings begin."""


@contextmanager
def not_ours() -> Iterator[None]:
    """Leave out exactly these warnings; others are shown."""
    with warnings.catch_warnings():
        for begins in THEIRS:
            warnings.filterwarnings("ignore", message=re.escape(begins), category=FutureWarning)
        yield
