"""A 128-bit hash of every text of a column: SipHash-1-3, computed for all rows at once.

Two different texts of a list of a billion have the same hash with a chance of about 1 in 10^21, so equal
hashes are taken for equal texts. (J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF";
the 128-bit form is that of their reference code, whose published vectors the tests hold this to.)
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lists.text_columns import bytes_of

Words = npt.NDArray[np.uint64]

# The hash is no secret here, and workers that share a list must agree on it.
KEY = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
ROUNDS_A_WORD = 1
ROUNDS_AT_THE_END = 3
_WORD_BYTES = 8
# Few enough for the state of all rows to stay in the processor's cache.
_ROWS_AT_A_TIME = 16_384


def hashes(column: pa.Array, *, rounds: tuple[int, int] = (ROUNDS_A_WORD, ROUNDS_AT_THE_END)) -> Words:
    """Return the hash of every text as a row of two 64-bit words."""
    letters, places = bytes_of(column)
    starts, sizes = places[:-1], np.diff(places)
    # So that the last word of the last text can be read past its end.
    padded = np.concatenate([letters, np.zeros(_WORD_BYTES, np.uint8)])
    at_any_byte = np.ndarray((len(letters) + 1,), "<u8", padded.data, strides=(1,))
    found = np.empty((len(sizes), 2), np.uint64)
    for first in range(0, len(sizes), _ROWS_AT_A_TIME):
        part = slice(first, first + _ROWS_AT_A_TIME)
        found[part] = _siphash(at_any_byte, starts[part], sizes[part], rounds)
    return found


def _siphash(
    at_any_byte: Words, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], rounds: tuple[int, int]
) -> Words:
    # The longest first: then those that still have a word to go are always at the front.
    order = np.argsort(-sizes, kind="stable")
    starts, sizes = starts[order], sizes[order]
    state = np.empty((4, len(starts)), np.uint64)
    for lane, (start, key) in enumerate(
        zip(
            (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573),
            KEY * 2,
            strict=True,
        )
    ):
        state[lane] = start ^ key
    state[1] ^= np.uint64(0xEE)
    whole = sizes // _WORD_BYTES
    for number in range(int(whole[0]) + 1 if len(whole) else 0):
        going = int(np.searchsorted(-whole, -number, side="right"))
        words = at_any_byte[starts[:going] + number * _WORD_BYTES]
        ending = int(np.searchsorted(-whole, -(number + 1), side="right"))
        left = (sizes[ending:going] - number * _WORD_BYTES).astype(np.uint64)
        # The last word holds what is left of the text, and its length in the highest byte.
        kept = (np.uint64(1) << (left * np.uint64(8))) - np.uint64(1)
        words[ending:going] &= kept
        words[ending:going] |= sizes[ending:going].astype(np.uint64) << np.uint64(56)
        part = state[:, :going]
        part[3] ^= words
        _mix(part, rounds[0])
        part[0] ^= words
    state[2] ^= np.uint64(0xEE)
    _mix(state, rounds[1])
    found = np.empty((len(starts), 2), np.uint64)
    found[order, 0] = state[0] ^ state[1] ^ state[2] ^ state[3]
    state[1] ^= np.uint64(0xDD)
    _mix(state, rounds[1])
    found[order, 1] = state[0] ^ state[1] ^ state[2] ^ state[3]
    return found


def _mix(state: Words, rounds: int) -> None:
    a, b, c, d = state
    for _ in range(rounds):
        a += b
        _turn(b, 13)
        b ^= a
        _turn(a, 32)
        c += d
        _turn(d, 16)
        d ^= c
        a += d
        _turn(d, 21)
        d ^= a
        c += b
        _turn(b, 17)
        b ^= c
        _turn(c, 32)


def _turn(lane: Words, bits: int) -> None:
    """Rotate every word to the left."""
    high = lane >> np.uint64(64 - bits)
    lane <<= np.uint64(bits)
    lane |= high
