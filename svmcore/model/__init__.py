"""Frozen nouns that all steps share."""
