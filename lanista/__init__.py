"""Lanista: multi-agent environments for language-model agents, self-play training and leaderboards."""

import sys

__version__ = "0.1.0"

if "gymnasium" in sys.modules:  # then `import gymnasium, lanista` is all that gymnasium.make("lanista/…") needs
    import lanista.arenas  # noqa: F401
