"""What is heard in a song: its beat and bars, its parts, how loud and bright it is over time, its key and mood."""
