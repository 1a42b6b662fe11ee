"""What the topics stand on; private."""
