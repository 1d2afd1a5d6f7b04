"""The screens of Workbench."""
