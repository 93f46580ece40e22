"""Makers of what tests begin with."""
