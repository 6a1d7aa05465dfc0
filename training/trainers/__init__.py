"""A trainer each: what it reads, written for it."""
