"""Vectors for numba kernels: a SIMD register's worth of numbers, with arithmetic, exp, log and transposes.

Written out rather than left to LLVM's loop vectoriser, which gives up where many arrays may overlap, and by
default uses half of a 512-bit register. Where registers are smaller than a vector, LLVM splits it.

A function under `intrinsic` gets its arguments' types, and returns its signature and what writes its code.
"""

# mypy: ignore-errors

from __future__ import annotations

import math
import operator

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.datamodel import PrimitiveModel, register_default
from numba.extending import intrinsic, overload

VECTOR_BYTES = 64
LOG2_E = math.log2(math.e)

_i8, _i32, _i64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


class Vector(types.Type):
    def __init__(self, scalar):
        self.scalar = scalar
        self.lanes = 8 * VECTOR_BYTES // scalar.bitwidth
        super().__init__(name=f"Vector({scalar})")


@register_default(Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, manager, vector):
        scalar = ir.FloatType() if vector.scalar == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(scalar, vector.lanes))


def _constant(kind, value):
    return ir.Constant(kind, [value] * kind.count)


def _pick(builder, first, second, lanes):
    """Pick the given lanes of two vectors, the second's counted on from the first's."""
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(_i32, len(lanes)), lanes))


def _broadcast(builder, scalar, kind):
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, scalar, _i32(0))
    return _pick(builder, one, undefined, [0] * kind.count)


def _fused(builder, a, b, c):
    bits = 32 if isinstance(a.type.element, ir.FloatType) else 64
    name = f"llvm.fmuladd.v{a.type.count}f{bits}"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(a.type, [a.type] * 3), name)
    return builder.call(function, [a, b, c])


def _polynomial(builder, x, coefficients):
    value = _constant(x.type, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = _fused(builder, value, x, _constant(x.type, coefficient))
    return value


def _address(context, builder, kind, array, index, pointee):
    """Return an element's address, by one index in a contiguous row or one per axis of a strided array."""
    struct = context.make_array(kind)(context, builder, array)
    if kind.ndim == 1:
        return builder.bitcast(builder.gep(struct.data, [index]), ir.PointerType(pointee))
    offset = _i64(0)
    for axis in range(kind.ndim):
        stride = builder.extract_value(struct.strides, axis)
        offset = builder.add(offset, builder.mul(builder.extract_value(index, axis), stride))
    start = builder.bitcast(struct.data, ir.PointerType(_i8))
    return builder.bitcast(builder.gep(start, [offset]), ir.PointerType(pointee))


@intrinsic
def load(typing, array, index):
    """Load the vector that starts at an index; its lanes are neighbours in memory."""
    vector = Vector(array.dtype)

    def codegen(context, builder, signature, args):
        address = _address(context, builder, array, *args, context.get_value_type(vector))
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return vector(array, index), codegen


@intrinsic
def store(typing, array, index, vector):
    def codegen(context, builder, signature, args):
        address = _address(context, builder, array, args[0], args[1], args[2].type)
        builder.store(args[2], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, index, vector), codegen


@intrinsic
def splat(typing, number):
    """Make a vector with one number in every lane."""
    vector = Vector(number)

    def codegen(context, builder, signature, args):
        return _broadcast(builder, args[0], context.get_value_type(vector))

    return vector(number), codegen


@intrinsic
def full_like(typing, vector, number):
    """Make a vector of another's kind with one number in every lane."""

    def codegen(context, builder, signature, args):
        return _broadcast(builder, context.cast(builder, args[1], number, vector.scalar), args[0].type)

    return vector(vector, number), codegen


@intrinsic
def fma(typing, a, b, c):
    """Compute a b + c, fused where the CPU can."""

    def codegen(context, builder, signature, args):
        return _fused(builder, *args)

    return a(a, b, c), codegen


@intrinsic
def larger(typing, a, b):
    """Return the larger of each lane; NaN where a is."""

    def codegen(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered("<", *args), args[1], args[0])

    return a(a, b), codegen


def _define(symbol, instruction):
    @intrinsic
    def apply(typing, a, b):
        def codegen(context, builder, signature, args):
            return getattr(builder, instruction)(*args)

        return a(a, b), codegen

    @overload(symbol)
    def _(a, b):
        if isinstance(a, Vector) and isinstance(b, Vector):
            return lambda a, b: apply(a, b)
        return None


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")


@intrinsic
def total(typing, vector):
    """Sum the lanes, always in the same order."""

    def codegen(context, builder, signature, args):
        (value,) = args
        while value.type.count > 1:
            half = value.type.count // 2
            low, high = list(range(half)), list(range(half, 2 * half))
            value = builder.fadd(_pick(builder, value, value, low), _pick(builder, value, value, high))
        return builder.extract_element(value, _i32(0))

    return vector.scalar(vector), codegen


def _exp2_coefficients(degree):
    """Interpolate q of 2^f = 1 + f q(f) on [-1/2, 1/2] at Chebyshev nodes; exactly 1 at 0."""

    def q(f):
        return np.where(f == 0, math.log(2), np.expm1(f * math.log(2)) / np.where(f == 0, 1, f))

    series = np.polynomial.Chebyshev.interpolate(q, degree - 1, domain=[-0.5, 0.5])
    return [1.0, *series.convert(kind=np.polynomial.Polynomial).coef]


@intrinsic
def exp2(typing, x):
    """Compute 2^x to the last places; 0 under the normal numbers, infinity above them, NaN for NaN."""
    bits = x.scalar.bitwidth
    mantissa, bias, degree = (23, 127, 6) if bits == 32 else (52, 1023, 12)
    coefficients = _exp2_coefficients(degree)

    def codegen(context, builder, signature, args):
        (power,) = args
        kind, integers = power.type, ir.VectorType(ir.IntType(bits), x.lanes)
        low, high = _constant(kind, -bias), _constant(kind, bias + 1)
        power = builder.select(builder.fcmp_ordered("<", power, low), low, power)
        power = builder.select(builder.fcmp_ordered(">", power, high), high, power)
        # The sum with this number is rounded to an integer, and ends in that integer's bits plus the bias.
        rounder = _constant(kind, 1.5 * 2.0**mantissa + bias)
        rounded = builder.fadd(power, rounder)
        fraction = builder.fsub(power, builder.fsub(rounded, rounder))
        exponent = builder.shl(builder.bitcast(rounded, integers), _constant(integers, mantissa))
        return builder.fmul(_polynomial(builder, fraction, coefficients), builder.bitcast(exponent, kind))

    return x(x), codegen


@intrinsic
def log1p(typing, x):
    """Compute log(1 + x) for x in [0, 1], as the power series of 2 artanh(x / (2 + x))."""
    terms = 8 if x.scalar.bitwidth == 32 else 17

    def codegen(context, builder, signature, args):
        (value,) = args
        ratio = builder.fdiv(value, builder.fadd(value, _constant(value.type, 2.0)))
        series = [2 / (2 * k + 1) for k in range(terms)]
        return builder.fmul(ratio, _polynomial(builder, builder.fmul(ratio, ratio), series))

    return x(x), codegen


@njit
def sigmoid(x):
    one = full_like(x, 1.0)
    return one / (one + exp2(x * full_like(x, -LOG2_E)))


def _transposed(builder, rows):
    """Transpose a square of vectors by swapping its off-diagonal blocks, then theirs."""
    rows = list(rows)
    lanes = len(rows)
    block = lanes // 2
    while block:
        upper = [lanes + k - block if k & block else k for k in range(lanes)]
        lower = [lanes + k if k & block else k + block for k in range(lanes)]
        for i in range(lanes):
            if not i & block:
                a, b = rows[i], rows[i + block]
                rows[i], rows[i + block] = _pick(builder, a, b, upper), _pick(builder, a, b, lower)
        block //= 2
    return rows


def _channel_addresses(context, builder, kind, array, index_type, index, vector):
    """Yield where each of a vector of channels starts, in an array (sample, channel, time)."""
    sample, channel, time = (builder.extract_value(index, axis) for axis in range(3))
    for i in range(vector.count):
        row = context.make_tuple(builder, index_type, (sample, builder.add(channel, channel.type(i)), time))
        yield _address(context, builder, kind, array, row, vector)


def _step_addresses(context, builder, kind, tile, start, pitch, vector):
    for i in range(vector.count):
        index = builder.add(start, builder.mul(pitch, pitch.type(i)))
        yield _address(context, builder, kind, tile, index, vector)


@intrinsic
def load_turned(typing, tile, start, pitch, array, index):
    """Fill a tile from a square of an array whose time is innermost."""
    align = array.dtype.bitwidth // 8

    def codegen(context, builder, signature, args):
        vector = context.get_value_type(Vector(array.dtype))
        sources = _channel_addresses(context, builder, array, args[3], index, args[4], vector)
        rows = _transposed(builder, [builder.load(source, align=align) for source in sources])
        targets = _step_addresses(context, builder, tile, *args[:3], vector)
        for row, target in zip(rows, targets, strict=True):
            builder.store(row, target, align=align)
        return context.get_dummy_value()

    return types.void(tile, start, pitch, array, index), codegen


@intrinsic
def store_turned(typing, tile, start, pitch, array, index):
    """Write a tile to a square of an array whose time is innermost."""
    align = array.dtype.bitwidth // 8

    def codegen(context, builder, signature, args):
        vector = context.get_value_type(Vector(array.dtype))
        sources = _step_addresses(context, builder, tile, *args[:3], vector)
        rows = _transposed(builder, [builder.load(source, align=align) for source in sources])
        targets = _channel_addresses(context, builder, array, args[3], index, args[4], vector)
        for row, target in zip(rows, targets, strict=True):
            builder.store(row, target, align=align)
        return context.get_dummy_value()

    return types.void(tile, start, pitch, array, index), codegen


@intrinsic
def prefetch(typing, array, index):
    """Start fetching an element's cache line; an index outside the array does no harm."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(_i8), _i32, _i32, _i32])
        function = builder.module.globals.get("llvm.prefetch.p0")
        if function is None:
            function = ir.Function(builder.module, kind, "llvm.prefetch.p0")
        address = _address(context, builder, array, *args, _i8)
        builder.call(function, [address, _i32(0), _i32(3), _i32(1)])
        return context.get_dummy_value()

    return types.void(array, index), codegen


@njit
def load_tile(tile, start, pitch, array, sample, channel, time, channels, steps, ahead):
    """Set tile[start + t pitch + c] = array[sample, channel + c, time + t], zero past `channels`.

    Starts to fetch the tile that is `ahead` steps on, while this one is worked on.
    """
    lanes = VECTOR_BYTES // array.itemsize
    if channels == lanes and array.strides[1] == array.itemsize:
        for t in range(steps):
            store(tile, start + t * pitch, load(array, (sample, channel, time + t)))
            prefetch(array, (sample, channel, time + t + ahead))
    elif channels == lanes and steps == lanes and array.strides[2] == array.itemsize:
        load_turned(tile, start, pitch, array, (sample, channel, time))
        for c in range(lanes):
            prefetch(array, (sample, channel + c, time + ahead))
    else:
        for t in range(steps):
            for c in range(lanes):
                tile[start + t * pitch + c] = array[sample, channel + c, time + t] if c < channels else 0


@njit
def store_tile(tile, array, sample, channel, time, channels, steps, ahead):
    """Set array[sample, channel + c, time + t] = tile[t, c]; fetches as `load_tile` does."""
    lanes = VECTOR_BYTES // array.itemsize
    if channels == lanes and array.strides[1] == array.itemsize:
        for t in range(steps):
            store(array, (sample, channel, time + t), load(tile, t * lanes))
            prefetch(array, (sample, channel, time + t + ahead))
    elif channels == lanes and steps == lanes and array.strides[2] == array.itemsize:
        store_turned(tile, 0, lanes, array, (sample, channel, time))
        for c in range(lanes):
            prefetch(array, (sample, channel + c, time + ahead))
    else:
        for t in range(steps):
            for c in range(channels):
                array[sample, channel + c, time + t] = tile[t * lanes + c]
