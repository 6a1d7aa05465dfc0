"""Where covers are searched, a file each."""
