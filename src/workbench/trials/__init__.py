"""Live runs of transcripts: judge, statistics, budgets, stored results, re-recording."""
