"""How leaves are dried."""
