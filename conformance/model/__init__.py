"""The nouns: frozen dataclasses for scenarios, values, plans and observations. No I/O, no clock."""
