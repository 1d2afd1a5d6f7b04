"""Rules and findings of `workbench check` and `workbench fmt --check`."""
