"""The canonical layout of a spec: a function from text to text that changes white space alone."""
