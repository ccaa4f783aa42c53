# SPDX-License-Identifier: Apache-2.0
"""Reproducible mutations of an ELF object: what a fuzzer's first minutes would try."""
import random
import struct

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF,
               0xFFFFFFFFFFFFFFFF)


def section_table(data):
    """(offset, entry size, count) of the section headers, or None."""
    if len(data) < 64 or data[:4] != b"\x7fELF":
        return None
    off, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    if size != 64 or count == 0 or off + size * count > len(data):
        return None
    return off, size, count


def flip_bits(data, rng):
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def set_number(data, rng):
    width = rng.choice((1, 2, 4, 8))
    at = rng.randrange(max(1, len(data) - width))
    value = rng.choice(INTERESTING) & ((1 << 8 * width) - 1)
    data[at:at + width] = value.to_bytes(width, "little")


def header_field(data, rng):
    at = rng.randrange(64)
    data[at:at + 1] = bytes([rng.choice((0, 1, 0x7F, 0x80, 0xFF))])


def section_field(data, rng):
    table = section_table(data)
    if not table:
        return flip_bits(data, rng)
    off, size, count = table
    field, width = rng.choice(((0, 4), (4, 4), (8, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)))
    at = off + size * rng.randrange(count) + field
    value = rng.choice(INTERESTING + (len(data), len(data) - 1, count, count + 1))
    data[at:at + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    return None


def inside_section(data, rng):
    """Changes bytes of one section's content, so that small sections are hit as often as big ones."""
    table = section_table(data)
    if not table:
        return flip_bits(data, rng)
    off, size, count = table
    start, length = struct.unpack_from("<QQ", data, off + size * rng.randrange(count) + 24)
    if not length or start + length > len(data):
        return flip_bits(data, rng)
    for _ in range(rng.choice((1, 1, 4, 16))):
        data[start + rng.randrange(length)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return None


def cut(data, rng):
    del data[rng.randrange(1, len(data)):]


def copy_piece(data, rng):
    n = rng.randrange(1, min(256, len(data)))
    src, dst = rng.randrange(len(data) - n), rng.randrange(len(data) - n)
    data[dst:dst + n] = data[src:src + n]


def zero_piece(data, rng):
    n = rng.randrange(1, min(512, len(data)))
    at = rng.randrange(len(data) - n)
    data[at:at + n] = bytes(n)


MUTATIONS = (flip_bits, set_number, header_field, section_field, section_field, inside_section, inside_section,
             inside_section, cut, copy_piece, zero_piece)


def mutations(data, count, seed):
    """count mutations of data; the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        copy = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            if len(copy) > 16:
                rng.choice(MUTATIONS)(copy, rng)
        yield bytes(copy)
