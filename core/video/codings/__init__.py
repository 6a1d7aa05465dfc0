"""One file for each way of making a file of frames; its `write` is all that the rest of the project reads."""
