"""The `consult` command: one file a subject."""
