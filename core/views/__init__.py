"""Other pictures of the same record: another angle, another pose, a ground redrawn in a style; is it still the same?"""
