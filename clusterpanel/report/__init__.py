"""Show what was found, from what, and how it was reached."""
