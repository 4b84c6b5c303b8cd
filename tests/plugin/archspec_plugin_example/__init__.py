"""An op and a block for archspec, each in one file."""
