"""Import conversations from other tools' logs."""
