"""The gateway: takes events in over HTTP from those who are allowed to say them, and appends them to the log."""
