"""Scripted travel agencies: ``travel_novice`` and ``travel_expert``."""
