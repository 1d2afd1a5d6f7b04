"""Steps as text: pure functions, no widgets. Everything shown has passed text.clean()."""
