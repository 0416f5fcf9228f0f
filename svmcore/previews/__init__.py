"""Previews: drizzled images as grey and colour pictures."""
