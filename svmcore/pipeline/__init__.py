"""Tasks, plans and their execution."""
