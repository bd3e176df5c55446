"""Carries what the desk wants to be said to those who are to hear it: receivers, and the outbox that does not give up."""
