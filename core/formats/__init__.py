"""Places where a loop is shown: what each asks for, covers in other shapes, files, and whether they fit."""
