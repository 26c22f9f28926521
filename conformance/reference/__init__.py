"""The reference pages of the documentation: generated from the tables, the corpus and the kept records."""
