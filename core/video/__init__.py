"""Clips into files and out of them."""
