"""The words of the grammar: typed primitives, each told, written, and written again by other means."""
