"""Say which comparison identifies an effect, and estimate it."""
