"""A ledger as tables: their columns, how they are filled, how they travel."""
