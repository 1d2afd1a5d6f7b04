"""The models: rehearsal and Claude, with pricing."""
