"""Sources, matches and the global fit of the exposures of a detector."""
