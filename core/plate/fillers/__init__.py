"""One file for each way of filling a hole; its `FILLER` is all that the rest of the project reads."""
