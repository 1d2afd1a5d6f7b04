"""The data model of a conversation: events, steps, step ids, state, messages."""
