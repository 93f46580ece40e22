"""Labelled sentences and reports: what the writing rules must find in them, and what they must leave in peace."""
