"""Alert rules, and whom they reach."""
