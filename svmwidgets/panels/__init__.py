"""Views of each step: widgets only, no science here."""
