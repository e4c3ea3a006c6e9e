"""What any job needs, whatever its science: whole-file writes, a lock, results, provenance, errors."""

VERSION = "0.1.0"
