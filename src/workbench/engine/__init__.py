"""One turn: availability, prompt, model, policies, tools."""
