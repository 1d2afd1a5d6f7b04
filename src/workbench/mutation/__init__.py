"""Mutation testing and coverage of policies and tools."""
