"""What is recorded beside the calls themselves: the kernel's view of each socket, and captured packets."""
