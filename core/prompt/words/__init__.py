"""Words of motion: what a person wishes, what may not be said, and the prompts for Wan."""
