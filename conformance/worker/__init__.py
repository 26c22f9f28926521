"""Acting: all sockets, threads and clocks. Runs in a process of its own; standard library only, fit for Python 3.9."""
