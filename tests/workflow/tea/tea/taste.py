"""How a cup is tasted."""
