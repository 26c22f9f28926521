"""Pure thinking: which step may go next, which expectation applies, what it makes of an observation."""
