"""Read conversations from other tools' logs."""
