"""Many settings of a network's parameters: swept over, fitted to a budget, and what came of it as tables and plots."""
