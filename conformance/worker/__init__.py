"""Runs cells: all sockets, threads and clocks. In a process of its own; standard library only, Python 3.9 and newer."""
