"""Mamba's causal depthwise convolution with its SiLU as CPU kernels, vectorised over channels.

A task is one sample and one vector of channels, in chunks of as many steps as a vector has lanes.
"""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from numba import njit

from beamfusion.ops.simd import VECTOR_BYTES, fma, full_like, load, load_tile, sigmoid, store, store_tile


@njit
def load_weights(rows, weight, bias, channel, width, lanes):
    """Set rows[k, lane] = weight[channel, k], and the bias in the last row."""
    taps = weight.shape[1]
    for k in range(taps + 1):
        for c in range(lanes):
            row = weight[channel + c, k] if k < taps and c < width else 0
            rows[k * lanes + c] = bias[channel + c] if k == taps and c < width else row


@njit
def load_window(rows, taps, x, sample, channel, time, width, steps, ahead, lanes):
    """Load the chunk and the taps - 1 steps before it, zero before the first step."""
    before = min(taps - 1, time)
    rows[: (taps - 1 - before) * lanes] = 0
    for t in range(-before, steps, lanes):
        load_tile(
            rows,
            (taps - 1 + t) * lanes,
            lanes,
            x,
            sample,
            channel,
            time + t,
            width,
            min(lanes, steps - t),
            ahead,
        )


@njit
def convolve(rows, weights, taps, t, lanes):
    """Return the convolution's value at a step of the chunk, before SiLU."""
    y = load(weights, taps * lanes)
    for k in range(taps):
        y = fma(load(weights, k * lanes), load(rows, (t + k) * lanes), y)
    return y


def forward(first, last, vectors, x, weight, bias, out):
    lanes = VECTOR_BYTES // x.itemsize
    channels, length = x.shape[1:]
    taps = weight.shape[1]
    weights, rows = np.empty((taps + 1) * lanes, x.dtype), np.empty((lanes + taps - 1) * lanes, x.dtype)
    tile = np.empty(lanes**2, x.dtype)
    for task in range(first, last):
        sample, vector = divmod(task, vectors)
        channel = vector * lanes
        width = min(lanes, channels - channel)
        load_weights(weights, weight, bias, channel, width, lanes)
        for time in range(0, length, lanes):
            steps = min(lanes, length - time)
            load_window(rows, taps, x, sample, channel, time, width, steps, lanes, lanes)
            for t in range(steps):
                y = convolve(rows, weights, taps, t, lanes)
                store(tile, t * lanes, y * sigmoid(y))
            store_tile(tile, out, sample, channel, time, width, steps, lanes)


def backward(first, last, vectors, x, weight, bias, grad, grad_x, grad_weight, grad_bias):
    """Compute gradients from the output's; of weight (sample, channel, tap), of bias (sample, channel)."""
    lanes = VECTOR_BYTES // x.itemsize
    channels, length = x.shape[1:]
    taps = weight.shape[1]
    weights, rows = np.empty((taps + 1) * lanes, x.dtype), np.empty((lanes + taps - 1) * lanes, x.dtype)
    sums, grad_y = np.empty((taps + 1) * lanes, x.dtype), np.empty((lanes + taps - 1) * lanes, x.dtype)
    tile = np.empty(lanes**2, x.dtype)
    for task in range(first, last):
        sample, vector = divmod(task, vectors)
        channel = vector * lanes
        width = min(lanes, channels - channel)
        load_weights(weights, weight, bias, channel, width, lanes)
        sums[:] = 0
        grad_y[:] = 0
        for time in range((length - 1) // lanes * lanes, -1, -lanes):
            steps = min(lanes, length - time)
            # The first steps of the chunk after this one, which this one's last steps reach.
            for i in range((taps - 1) * lanes):
                grad_y[steps * lanes + i] = grad_y[i]
            load_window(rows, taps, x, sample, channel, time, width, steps, -lanes, lanes)
            load_tile(tile, 0, lanes, grad, sample, channel, time, width, steps, -lanes)
            for t in range(steps):
                y = convolve(rows, weights, taps, t, lanes)
                opening, one = sigmoid(y), full_like(y, 1.0)
                g = load(tile, t * lanes) * opening * (one + y * (one - opening))
                store(grad_y, t * lanes, g)
                store(sums, taps * lanes, load(sums, taps * lanes) + g)
                for k in range(taps):
                    store(sums, k * lanes, fma(g, load(rows, (t + k) * lanes), load(sums, k * lanes)))
            for t in range(steps):
                g = full_like(load(tile, 0), 0.0)
                for k in range(taps):
                    g = fma(load(weights, k * lanes), load(grad_y, (t + taps - 1 - k) * lanes), g)
                store(tile, t * lanes, g)
            store_tile(tile, grad_x, sample, channel, time, width, steps, -lanes)
        for c in range(width):
            for k in range(taps):
                grad_weight[sample, channel + c, k] = sums[k * lanes + c]
            grad_bias[sample, channel + c] = sums[taps * lanes + c]
