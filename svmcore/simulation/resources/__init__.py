"""Header cards, distortion and lookup tables of real files."""
