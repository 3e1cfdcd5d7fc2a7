"""Scripted teams for the support desk: a novice with an untrained model's habits, and an expert."""
