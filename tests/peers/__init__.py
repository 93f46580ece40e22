"""Real programs on the other side: each is started by its tests and ended by them."""
