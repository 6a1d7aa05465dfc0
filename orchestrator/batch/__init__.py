"""Many covers through one or several servers."""
