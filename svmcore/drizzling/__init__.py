"""Drizzling: from aligned exposures to products on one grid."""
