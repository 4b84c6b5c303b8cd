"""Other tools' files to specs worth editing."""
