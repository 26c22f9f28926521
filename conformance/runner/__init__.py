"""Runs cells: starts workers, sends them plans, judges their observations, and makes records of the results."""
