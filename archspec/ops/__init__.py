"""The ops: what an op is (`op`, `tensor`), the table of them (`registry`), and a file for each family."""
