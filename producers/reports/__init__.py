"""What a person reports by hand: words to events, every fault told at once."""
