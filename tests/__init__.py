"""What Consult promises, and the checks that hold it to that."""
