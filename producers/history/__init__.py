"""Real history as events: stories to replay, what they must show, and the routine checks between two reported facts."""
