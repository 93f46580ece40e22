"""Consult: remote consultation and teleradiology, from the request to the signed report."""
