"""The ops: what an op is (`op`, and what it builds on), the table of them (`registry`), and a place for each family."""
