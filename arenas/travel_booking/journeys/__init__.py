"""Journeys: several travellers, several flights, and a team that has to tell. See docs/arenas/travel-journeys.md."""
