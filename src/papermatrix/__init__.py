"""A paper's tables, written down once: jobs run once, and tables are rendered again when they change."""
