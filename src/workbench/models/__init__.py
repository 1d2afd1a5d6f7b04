"""Implementations of Model: the rehearsal and Claude, with pricing."""
