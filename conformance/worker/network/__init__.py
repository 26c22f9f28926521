"""The kernel's networking as the harness sets it up: namespaces, links, routes, firewalls, devices, packets."""
