"""A paper's tables, written down once, as jobs that are run once and rendered again when they change."""
