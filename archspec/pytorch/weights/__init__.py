"""A checkpoint's tensors and a network's, matched by name and shape before anything is built or read."""
