"""``lanista`` and ``python -m lanista``. Ctrl-C while the command line is still being loaded is no traceback either."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        from lanista.cli import main as run

        run()
    except KeyboardInterrupt:
        print("error: stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
