"""What is remembered: who was to be written to, what was tried, and what became of it."""
