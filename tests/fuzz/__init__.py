"""Bytes that nobody meant, made by mutation, for everything that reads bytes from outside."""
