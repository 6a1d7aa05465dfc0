"""Motion prompts: what to ask of a picture, whom, what may come back, and what is made of it."""
