"""Single-visit mosaics of Hubble images."""
