"""Verbs: what people and the system do, each one transaction."""
