"""Playing: who sits where, the runner that plays many games, and one seat as a Gymnasium environment."""
