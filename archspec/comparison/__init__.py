"""What differs between two networks: which parts are each other's, what was edited, and what follows from it."""
