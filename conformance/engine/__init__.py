"""Pure logic: which step is next, which expectation applies, whether an observation meets it."""
