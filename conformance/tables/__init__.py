"""The tables: transports, operations, options, error names, families. Pure data; one row adds one thing."""
