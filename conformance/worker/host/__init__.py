"""What kind of machine the worker runs on."""
