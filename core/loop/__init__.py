"""A clip becomes a ring: cut, tone, join, pace."""
