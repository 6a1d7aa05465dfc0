"""A queue on PostgreSQL that many machines work from, and folders they share."""
