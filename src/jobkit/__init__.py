"""What any job needs, whatever its science: whole-file writes, a lock, results, provenance, errors."""
