"""Proves that a call waits: what its thread does, and that nothing is still on its way to it."""
