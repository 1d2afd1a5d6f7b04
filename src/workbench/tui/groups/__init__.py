"""Groups of actions: what each key does, a file per group, and when it is unavailable."""
