"""What disturbs a cell on purpose: the network between its hosts, single packets, and actors' processes."""
