"""Where everything stands in a picture."""
