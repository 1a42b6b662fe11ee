"""Who matters most, how the base changes, and what a new customer may cost, as parts of an audit."""
