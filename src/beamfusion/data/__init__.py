"""DeepSense 6G: raw files, prepared frames, windows of frames, and their splits."""
