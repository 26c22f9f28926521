"""A cross-platform conformance harness for sockets: scenarios in, records and comparisons out."""

__version__ = "0.1.0"
