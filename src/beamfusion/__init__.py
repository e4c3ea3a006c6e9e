"""Multi-modal mmWave beam prediction with missing modalities, on DeepSense 6G scenarios 31 to 34."""
