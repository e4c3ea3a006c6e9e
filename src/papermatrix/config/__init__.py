"""What people write, as typed models: reading it, checking it, and the settings' schema."""
