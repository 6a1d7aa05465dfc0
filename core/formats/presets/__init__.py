"""One file for each place; its `PRESET` is all that the rest of the project reads."""
