"""The API for journey authors; the package `workbench` re-exports it."""
