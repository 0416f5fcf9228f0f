"""State of each step: what it shows and what was decided; no widgets here."""
