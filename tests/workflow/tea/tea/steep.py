"""How they are steeped."""
