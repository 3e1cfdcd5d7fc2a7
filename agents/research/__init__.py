"""Scripted research teams: ``research_novice`` is hasty, ``research_expert`` works from what was written,
``research_cheater`` tries to be right without weighing anything."""
