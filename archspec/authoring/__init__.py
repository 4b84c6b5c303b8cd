"""What authors begin with: a new spec, a copy of one, and one that holds all that a network is."""
