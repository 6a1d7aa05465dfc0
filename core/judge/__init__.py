"""Is it a loop, and is the cover still there? Measured on the decoded file."""
