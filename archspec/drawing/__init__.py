"""Pictures: what is shown, where it goes, and what is written."""
