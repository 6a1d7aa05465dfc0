"""Asking a vision-language model, whichever it is."""
