"""What Wan needs to make a loop: sizes, lengths, and a latent rolled around the ring of time."""
