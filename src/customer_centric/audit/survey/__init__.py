"""What customers say, as a part of the audit or on a page of its own."""
