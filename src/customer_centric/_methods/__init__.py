"""Statistics that several topics need; private."""
