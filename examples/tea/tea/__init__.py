"""The science of a small paper about tea; it knows nothing of tables and Snakemake."""
