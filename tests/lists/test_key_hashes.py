import random

import numpy as np
import pyarrow as pa
import pytest

from lists.key_hashes import hashes
from lists.text_columns import texts

MASK = (1 << 64) - 1


def turned(word, bits):
    return ((word << bits) | (word >> (64 - bits))) & MASK


def siphash(data, compress, finish):
    """SipHash with 128 bits, word by word as in the paper, under the key 00 01 ... 0f."""
    k0, k1 = 0x0706050403020100, 0x0F0E0D0C0B0A0908
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D ^ 0xEE,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]

    def rounds(count):
        for _ in range(count):
            v[0], v[2] = (v[0] + v[1]) & MASK, (v[2] + v[3]) & MASK
            v[1], v[3] = turned(v[1], 13) ^ v[0], turned(v[3], 16) ^ v[2]
            v[0] = turned(v[0], 32)
            v[2], v[0] = (v[2] + v[1]) & MASK, (v[0] + v[3]) & MASK
            v[1], v[3] = turned(v[1], 17) ^ v[2], turned(v[3], 21) ^ v[0]
            v[2] = turned(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start : start + 8], "little")
        v[3] ^= word
        rounds(compress)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(finish)
    low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(finish)
    return low, v[0] ^ v[1] ^ v[2] ^ v[3]


def test_the_first_vector_of_the_reference_code():
    found = hashes(texts([""]), rounds=(2, 4))
    assert found.astype("<u8").tobytes().hex() == "a3817f04ba25a8e66df67214c7550293"


@pytest.mark.parametrize("rounds", [(1, 3), (2, 4)])
def test_every_length_is_hashed_as_word_by_word(rounds):
    generator = random.Random(1)
    cells = ["x" * size for size in range(40)]
    cells += [
        "".join(generator.choices("ab\xe9\u4f8bz@.\U0001f600", k=generator.randint(0, 90)))
        for _ in range(500)
    ]
    generator.shuffle(cells)
    column = texts(cells).slice(3, 500)
    found = [tuple(map(int, row)) for row in hashes(column, rounds=rounds)]
    assert found == [siphash(cell.encode(), *rounds) for cell in cells[3:503]]


@pytest.mark.parametrize("column", [texts([]), texts(["a", "b"]).slice(1, 0), pa.array([""] * 3)])
def test_empty_columns_and_empty_texts_have_hashes(column):
    assert hashes(column).shape == (len(column), 2)


def test_texts_that_differ_in_one_letter_differ_in_half_of_the_bits():
    found = hashes(texts([f"anna{number:05}@shop.example" for number in range(5_000)]))
    assert len(np.unique(found[:, 0])) == len(np.unique(found[:, 1])) == 5_000
    bits = np.unpackbits((found[1:] ^ found[:-1]).view(np.uint8), axis=1).sum(axis=1)
    assert 60 < bits.mean() < 68
