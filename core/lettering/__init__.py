"""Lettering of a cover: found, masked or held, lifted off and laid back."""
