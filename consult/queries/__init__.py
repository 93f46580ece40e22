"""Questions: what screens ask, answered from indexed reads."""
