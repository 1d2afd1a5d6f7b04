"""`workbench check` and `workbench fmt --check`: rules and findings."""
