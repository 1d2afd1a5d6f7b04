"""The widgets. All are drawn line by line; no step has a widget."""
