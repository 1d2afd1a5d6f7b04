"""What journey authors write with. `workbench` re-exports it."""
