"""Telling: records, comparisons, and what people read. Everything here is made from records, never on the side."""
