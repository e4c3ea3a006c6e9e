"""The rules that every paper has, as files for a Snakefile to include: `include: RULES / "tables.smk"`."""

from pathlib import Path

RULES = Path(__file__).parent
