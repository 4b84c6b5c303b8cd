"""What a picture shows: which blocks are open, what becomes one box, and what each box says."""
