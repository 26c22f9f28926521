"""Facts about the machine on which the worker runs."""
