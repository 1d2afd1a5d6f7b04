"""Replay a transcript on today's code: recorded answers, divergence, drift, verdict, explanation."""
