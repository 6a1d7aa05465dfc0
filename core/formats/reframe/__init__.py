"""A cover, and its moving frames, in another shape: extended, before a backdrop of itself, or cropped."""
