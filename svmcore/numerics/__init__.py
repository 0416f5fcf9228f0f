"""Array helpers that several steps share."""
