"""Modal screens: forms and choices."""
