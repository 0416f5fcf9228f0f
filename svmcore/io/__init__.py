"""Everything that touches files or services."""
