"""Deliberate disturbances of a cell: of the network between its hosts, of single packets, of actors' processes."""
