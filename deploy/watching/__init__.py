"""What the watch page needs of others, filled in."""
