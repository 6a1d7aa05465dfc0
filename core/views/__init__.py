"""Other pictures of the same record: the pose of a figure, and a ground redrawn in a style."""
