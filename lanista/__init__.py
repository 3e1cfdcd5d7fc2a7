"""Lanista: multi-agent environments for language-model agents, self-play training and leaderboards."""

__version__ = "0.1.0"
