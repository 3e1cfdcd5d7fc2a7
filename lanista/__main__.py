"""``python -m lanista``."""

from lanista.cli import main

main()
