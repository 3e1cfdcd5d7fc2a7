"""Scripted SQL teams: ``sql_novice`` is hasty, ``sql_expert`` reads the question and what was written, ``sql_cheater``
tries to be right without reading."""
