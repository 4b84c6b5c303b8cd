"""From a definition to a network."""
