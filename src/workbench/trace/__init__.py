"""What a conversation is: events, steps, step ids, state, messages."""
