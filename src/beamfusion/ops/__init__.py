"""Mamba's operators, the selective scan and the causal convolution, and their CPU kernels."""
