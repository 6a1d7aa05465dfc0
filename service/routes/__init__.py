"""What the service answers, a kind of thing each."""
