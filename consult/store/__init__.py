"""Memory: the only rooms that know tables and blobs."""
