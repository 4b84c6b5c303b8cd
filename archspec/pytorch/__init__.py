"""All that speaks of PyTorch: source, layers, weights, and what runs a network."""
