"""What was asked for, tried and made."""
