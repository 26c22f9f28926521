"""The HTML report: one page of a comparison that works without a network."""
