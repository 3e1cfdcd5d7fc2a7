"""Scripted package teams: ``packages_expert`` works from what its seat sees, ``packages_reader`` understands all of it
and does one thing at a time, ``packages_novice`` forgets half."""
