"""Scripted coders: ``coding_novice`` makes beginners' faults, ``coding_expert`` works from the specification,
``coding_cheater`` tries to fool the judge."""
