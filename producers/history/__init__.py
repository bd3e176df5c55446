"""Real history as events: stories to replay, what they must show, and the routine checks between two reported facts.

What was reported on the day it happened is known at the last instant at which it can have happened; a line check when it is
made, for its feed is live. A later report of which only the day is known, or the month, is known at the end of it, in the
event's zone. A notice that was given "ahead", nobody says when, has no receipt, and is known no later than the launch.
"""
