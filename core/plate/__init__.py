"""The clean plate: a cover without its lettering."""
