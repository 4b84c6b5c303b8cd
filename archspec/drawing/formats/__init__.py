"""What is written: marks in the colours of a theme, as SVG, PNG, PDF, DOT, Mermaid or a page."""
