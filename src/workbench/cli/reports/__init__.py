"""Reports of a replay: text, JSON, JUnit, Markdown, GitHub Actions."""
