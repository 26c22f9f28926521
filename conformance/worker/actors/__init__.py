"""Who makes the calls of a cell: threads and processes, how they are started, and how they are told what to do."""
