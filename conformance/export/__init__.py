"""Writes a cell as a Python program that needs nothing but the standard library, to be pasted into a bug report."""
