"""Verbs of the service."""
