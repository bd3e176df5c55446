"""The log at the edge: where events are kept and read back."""
