"""The actors of a cell: threads and processes, how they start, and how they get their steps."""
