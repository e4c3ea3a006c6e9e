"""The selective scan's forward and backward pass as CPU kernels, vectorised over channels.

One vector holds the same state n of neighbouring channels. A task is one sample and up to `GROUP` vectors of
channels; it goes through time in chunks of as many steps as a vector has lanes. The forward pass keeps the
state h at each chunk's start; the backward pass goes through the chunks from the last, replaying each from
there. A task writes its own part of every output and nothing else, so results do not depend on how tasks are
shared among threads.

`forward` and `backward` are compiled by `scan_numba`. Their scratch is flat: a tile is (steps, lanes), rows
are (n, lanes), and what is kept of a chunk is (steps, n, lanes).
"""

# mypy: ignore-errors

from __future__ import annotations

import numpy as np
from numba import njit

from beamfusion.ops.simd import (
    LOG2_E,
    VECTOR_BYTES,
    exp2,
    fma,
    full_like,
    larger,
    load,
    load_tile,
    log1p,
    sigmoid,
    splat,
    store,
    store_tile,
    total,
)

GROUP = 4


@njit
def softplus(x):
    zero = full_like(x, 0.0)
    return larger(x, zero) + log1p(exp2(larger(x, zero - x) * full_like(x, -LOG2_E)))


@njit
def load_channels(row, source, first, count):
    """Set row[c] = source[first + c], zero past the last channel."""
    for c in range(row.size):
        row[c] = source[first + c] if c < count else 0


@njit
def load_rates(rows, A, scale, first, count, lanes):
    """Set rows[vector, n, lane] = scale A[channel, n], zero past the last channel."""
    N = A.shape[1]
    for c in range(rows.size // N):
        for n in range(N):
            value = A[first + c, n] * scale if c < count else 0
            rows[((c // lanes) * N + n) * lanes + c % lanes] = value


@njit
def load_states(tile, pitch, source, sample, time, steps, ahead, lanes):
    """Set tile[t, n] = source[sample, n, time + t]."""
    N = source.shape[1]
    for n in range(0, N, lanes):
        load_tile(tile, n, pitch, source, sample, n, time, min(lanes, N - n), steps, ahead)


@njit
def find_steps(count, lanes, bias, softplus_delta, delta, u, sizes, inputs):
    """Compute step sizes, (softplus of) delta + bias, and the inputs that they weigh."""
    for i in range(0, count * lanes, lanes):
        size = load(delta, i) + bias
        if softplus_delta:
            size = softplus(size)
        store(sizes, i, size)
        store(inputs, i, size * load(u, i))


@njit
def advance(steps, lanes, N, pitch, rates, h, skip, u, sizes, inputs, B, C, y):
    """Compute h = exp(size A) h + B input and y = C h + D u, step by step."""
    for t in range(steps):
        i = t * lanes
        size, x = load(sizes, i), load(inputs, i)
        value = skip * load(u, i)
        for n in range(N):
            j = n * lanes
            state = fma(exp2(size * load(rates, j)), load(h, j), x * splat(B[t * pitch + n]))
            store(h, j, state)
            value = fma(splat(C[t * pitch + n]), state, value)
        store(y, i, value)


@njit
def replay(steps, lanes, N, pitch, rates, h, skip, u, sizes, inputs, B, C, y, decays, decayed):
    """Do as `advance`, and keep every decay exp(size A) and every state as it decayed, before its input."""
    for t in range(steps):
        i = t * lanes
        size, x = load(sizes, i), load(inputs, i)
        value = skip * load(u, i)
        for n in range(N):
            j, k = n * lanes, (t * N + n) * lanes
            decay = exp2(size * load(rates, j))
            old = decay * load(h, j)
            state = fma(x, splat(B[t * pitch + n]), old)
            store(decays, k, decay)
            store(decayed, k, old)
            store(h, j, state)
            value = fma(splat(C[t * pitch + n]), state, value)
        store(y, i, value)


@njit
def retreat(
    steps, lanes, N, pitch, A, carried, skip, u, sizes, inputs, B, C, grad_y, decays, decayed,
    sum_A, sum_B, sum_C, grad_u, grad_sizes,
):  # fmt: skip
    """Go back from the last step; `carried` is h's gradient through all later steps."""
    for t in range(steps - 1, -1, -1):
        i = t * lanes
        size, x, v, g = load(sizes, i), load(inputs, i), load(u, i), load(grad_y, i)
        grad_x, grad_size = full_like(g, 0.0), full_like(g, 0.0)
        for n in range(N):
            j, k = n * lanes, (t * N + n) * lanes
            b, old = splat(B[t * pitch + n]), load(decayed, k)
            grad_h = fma(g, splat(C[t * pitch + n]), load(carried, j))
            grad_exponent = grad_h * old
            store(sum_A, j, fma(grad_exponent, size, load(sum_A, j)))
            store(sum_B, k, fma(grad_h, x, load(sum_B, k)))
            store(sum_C, k, fma(g, fma(x, b, old), load(sum_C, k)))
            store(carried, j, grad_h * load(decays, k))
            grad_x = fma(grad_h, b, grad_x)
            grad_size = fma(grad_exponent, load(A, j), grad_size)
        store(grad_u, i, fma(size, grad_x, g * skip))
        store(grad_sizes, i, fma(v, grad_x, grad_size))


@njit
def gate(count, lanes, z, y):
    """Compute y *= silu(z)."""
    for i in range(0, count * lanes, lanes):
        x = load(z, i)
        store(y, i, load(y, i) * x * sigmoid(x))


@njit
def gate_gradients(count, lanes, z, y, grad):
    """Replace grad by the gradient of y, and z by the gradient of z."""
    for i in range(0, count * lanes, lanes):
        x, g = load(z, i), load(grad, i)
        opening, one = sigmoid(x), full_like(x, 1.0)
        store(z, i, g * load(y, i) * opening * (one + x * (one - opening)))
        store(grad, i, g * x * opening)


def forward(first, last, groups, softplus_delta, gated, u, delta, A, B, C, D, z, bias, out, starts):
    """Compute tasks first..last; `starts`, unless empty, receives h at the start of every chunk."""
    lanes = VECTOR_BYTES // u.itemsize
    channels, length = u.shape[1:]
    N = A.shape[1]
    chunks = (length + lanes - 1) // lanes
    pitch = (N + lanes - 1) // lanes * lanes
    square, row, real = lanes * lanes, N * lanes, u.dtype
    rates, h = np.empty(GROUP * row, real), np.empty(GROUP * row, real)
    skip, shift = np.empty(GROUP * lanes, real), np.empty(GROUP * lanes, real)
    tile_u, tile_delta, tile_z = np.empty(square, real), np.empty(square, real), np.empty(square, real)
    sizes, inputs, y = np.empty(square, real), np.empty(square, real), np.empty(square, real)
    tile_B, tile_C = np.empty(lanes * pitch, real), np.empty(lanes * pitch, real)
    for task in range(first, last):
        sample, group = divmod(task, groups)
        start = group * GROUP * lanes
        count = min(GROUP * lanes, channels - start)
        load_rates(rates, A, real.type(LOG2_E), start, count, lanes)
        load_channels(skip, D, start, count)
        load_channels(shift, bias, start, count)
        h[:] = 0
        for chunk in range(chunks):
            time = chunk * lanes
            steps = min(lanes, length - time)
            load_states(tile_B, pitch, B, sample, time, steps, lanes, lanes)
            load_states(tile_C, pitch, C, sample, time, steps, lanes, lanes)
            if starts.size:
                starts[task, chunk] = h[: starts.shape[2]]
            for c in range(0, count, lanes):
                window = sample, start + c, time, min(lanes, count - c), steps, lanes
                rows = slice(c * N, c * N + row)
                load_tile(tile_u, 0, lanes, u, *window)
                load_tile(tile_delta, 0, lanes, delta, *window)
                find_steps(steps, lanes, load(shift, c), softplus_delta, tile_delta, tile_u, sizes, inputs)
                advance(
                    steps, lanes, N, pitch, rates[rows], h[rows], load(skip, c), tile_u, sizes, inputs,
                    tile_B, tile_C, y,
                )  # fmt: skip
                if gated:
                    load_tile(tile_z, 0, lanes, z, *window)
                    gate(steps, lanes, tile_z, y)
                store_tile(y, out, *window)


def backward(
    first, last, groups, softplus_delta, gated, u, delta, A, B, C, D, z, bias, starts, grad,
    grad_u, grad_delta, grad_A, grad_B, grad_C, grad_D, grad_z, grad_bias,
):  # fmt: skip
    """Compute gradients of tasks first..last, from `grad` of the output and the forward pass's `starts`.

    One function, long as it is: its two dozen arrays are allocated once and shared by all that it inlines.
    grad_A (sample, channel, n), grad_D and grad_bias (sample, channel), grad_B and grad_C (sample, group,
    time, n) are still to be summed over samples or groups.
    """
    lanes = VECTOR_BYTES // u.itemsize
    channels, length = u.shape[1:]
    N = A.shape[1]
    chunks = (length + lanes - 1) // lanes
    pitch = (N + lanes - 1) // lanes * lanes
    square, row, real = lanes * lanes, N * lanes, u.dtype
    rates, scaled_rates = np.empty(GROUP * row, real), np.empty(GROUP * row, real)
    carried, sum_A, h = np.empty(GROUP * row, real), np.empty(GROUP * row, real), np.empty(row, real)
    decays, decayed = np.empty(lanes * row, real), np.empty(lanes * row, real)
    sum_B, sum_C = np.empty(lanes * row, real), np.empty(lanes * row, real)
    skip, shift = np.empty(GROUP * lanes, real), np.empty(GROUP * lanes, real)
    sum_D, sum_bias = np.empty(GROUP * lanes, real), np.empty(GROUP * lanes, real)
    tile_u, tile_delta, tile_z = np.empty(square, real), np.empty(square, real), np.empty(square, real)
    sizes, inputs, y = np.empty(square, real), np.empty(square, real), np.empty(square, real)
    grad_y, tile_grad_u, grad_sizes = np.empty(square, real), np.empty(square, real), np.empty(square, real)
    tile_B, tile_C = np.empty(lanes * pitch, real), np.empty(lanes * pitch, real)
    for task in range(first, last):
        sample, group = divmod(task, groups)
        start = group * GROUP * lanes
        count = min(GROUP * lanes, channels - start)
        load_rates(rates, A, real.type(1), start, count, lanes)
        load_rates(scaled_rates, A, real.type(LOG2_E), start, count, lanes)
        load_channels(skip, D, start, count)
        load_channels(shift, bias, start, count)
        carried[:] = 0
        sum_A[:] = 0
        sum_D[:] = 0
        sum_bias[:] = 0
        for chunk in range(chunks - 1, -1, -1):
            time = chunk * lanes
            steps = min(lanes, length - time)
            load_states(tile_B, pitch, B, sample, time, steps, -lanes, lanes)
            load_states(tile_C, pitch, C, sample, time, steps, -lanes, lanes)
            sum_B[:] = 0
            sum_C[:] = 0
            for c in range(0, count, lanes):
                window = sample, start + c, time, min(lanes, count - c), steps, -lanes
                rows = slice(c * N, c * N + row)
                h[:] = starts[task, chunk, rows]
                load_tile(tile_u, 0, lanes, u, *window)
                load_tile(tile_delta, 0, lanes, delta, *window)
                load_tile(grad_y, 0, lanes, grad, *window)
                find_steps(steps, lanes, load(shift, c), softplus_delta, tile_delta, tile_u, sizes, inputs)
                replay(
                    steps, lanes, N, pitch, scaled_rates[rows], h, load(skip, c), tile_u, sizes, inputs,
                    tile_B, tile_C, y, decays, decayed,
                )  # fmt: skip
                if gated:
                    load_tile(tile_z, 0, lanes, z, *window)
                    gate_gradients(steps, lanes, tile_z, y, grad_y)
                    store_tile(tile_z, grad_z, *window)
                retreat(
                    steps, lanes, N, pitch, rates[rows], carried[rows], load(skip, c), tile_u, sizes, inputs,
                    tile_B, tile_C, grad_y, decays, decayed,
                    sum_A[rows], sum_B, sum_C, tile_grad_u, grad_sizes,
                )  # fmt: skip
                for i in range(0, steps * lanes, lanes):
                    g = load(grad_sizes, i)
                    if softplus_delta:
                        g = g * sigmoid(load(tile_delta, i) + load(shift, c))
                    store(grad_sizes, i, g)
                    store(sum_bias, c, load(sum_bias, c) + g)
                    store(sum_D, c, fma(load(grad_y, i), load(tile_u, i), load(sum_D, c)))
                store_tile(tile_grad_u, grad_u, *window)
                store_tile(grad_sizes, grad_delta, *window)
            for t in range(steps):
                for n in range(N):
                    grad_B[sample, group, time + t, n] = total(load(sum_B, (t * N + n) * lanes))
                    grad_C[sample, group, time + t, n] = total(load(sum_C, (t * N + n) * lanes))
        for c in range(count):
            for n in range(N):
                grad_A[sample, start + c, n] = sum_A[((c // lanes) * N + n) * lanes + c % lanes]
            grad_D[sample, start + c] = sum_D[c]
            grad_bias[sample, start + c] = sum_bias[c]
