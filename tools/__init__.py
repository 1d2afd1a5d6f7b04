"""Generators of what the repository contains: sample transcripts, pictures of the docs."""
