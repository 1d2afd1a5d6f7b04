"""The SQLite index over all conversations."""
