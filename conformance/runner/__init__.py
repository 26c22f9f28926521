"""Driving: starts workers, provisions their hosts, hands them plans, and turns what they tell into cells."""
