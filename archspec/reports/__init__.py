"""What is told of a network, of the language and of errors: tables, JSON, the schema, reference pages."""
