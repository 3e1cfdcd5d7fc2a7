"""Measuring games that were played: what a speech moved, what the players believed, what each agent is good at."""
