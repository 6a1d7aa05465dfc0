"""Words become shots: lyrics, timed lyrics or a told dream -> segments, each with what is in it and how it is shown."""
