"""From a planned step to a call and from its result to an observation: names, addresses, fixtures, programs."""
