"""Ways out: each sends one kind of thing to one kind of peer, and knows no table."""
