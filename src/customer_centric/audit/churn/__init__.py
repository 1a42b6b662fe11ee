"""Who comes back and who leaves, as parts of the audit, and contracts on a page of their own."""
