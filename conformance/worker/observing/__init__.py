"""Records more than the calls: the kernel's state of each socket, and captured packets."""
