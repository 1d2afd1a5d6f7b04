"""The saved conversation: format, validation, expectations, selection, redaction, importers."""
