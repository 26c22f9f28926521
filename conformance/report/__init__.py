"""Records and everything made from them: comparisons, drawings, tables and reports."""
