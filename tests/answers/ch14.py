"""Answers to the exercises of chapter 14."""

import hashlib
import math
import time
import zlib
from pathlib import Path

import numpy as np

# 14.1


def fewest(work, send, start, workers):
    gain = work * (1 - 1 / workers) - send
    return int(start // gain) + 1 if gain > 0 else math.inf


def fewest_by_trial(work, send, start, workers):
    for n in range(1, 100_000):
        if start + n * (work / workers + send) < n * work:
            return n
    return float("inf")


def fewest_by_doubling(work, send, start, workers):
    def faster(n):
        return start + n * (work / workers + send) < n * work

    high = 1
    while not faster(high):
        high *= 2
        if high > 2**40:
            return np.inf
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if faster(middle) else (middle, high)
    return high


def fewest_by_arrays(work, send, start, workers):
    n = np.arange(1, 200_000)
    better = n[start + n * (work / workers + send) < n * work]
    return better[0] if len(better) else np.inf


def fewest_by_ceiling(work, send, start, workers):
    saved = work - (work / workers + send)
    if saved <= 0:
        return math.inf
    n = math.ceil(start / saved)
    return n + 1 if n * saved == start else n


def changed(
    *, share=True, sent=1.0, started=1.0, rounding=lambda x: math.floor(x) + 1, never=math.inf
):
    def answer(work, send, start, workers):
        gain = work - (work / workers if share else 0) - send * sent
        return rounding(start * started / gain) if gain > 0 else never

    return answer


# 14.2


def merge(parts):
    n = sum(part[0] for part in parts)
    mean = sum(part[0] * part[1] for part in parts) / n
    variance = sum(k * (v + (m - mean) ** 2) for k, m, v in parts) / n
    return n, mean, variance


def merge_by_squares(parts):
    n = sum(k for k, _, _ in parts)
    mean = sum(k * m for k, m, _ in parts) / n
    square = sum(k * (v + m**2) for k, m, v in parts) / n
    return n, mean, square - mean**2


def merge_in_turn(parts):
    n, mean, total = 0, 0.0, 0.0
    for k, m, v in parts:
        if k == 0:
            continue
        gap = m - mean
        total = total + k * v + gap**2 * n * k / (n + k)
        mean = mean + gap * k / (n + k)
        n += k
    return [n, mean, total / n]


def merge_by_arrays(parts):
    n, m, v = (np.array([part[i] for part in parts]) for i in range(3))
    w = n / n.sum()
    mean = w @ m
    return n.sum(), mean, w @ v + w @ (m - mean) ** 2


def merge_by_average(parts):
    n = np.array([part[0] for part in parts])
    means = np.stack([part[1] for part in parts])
    mean = np.average(means, axis=0, weights=n)
    inside = np.average(np.stack([part[2] for part in parts]), axis=0, weights=n)
    return int(n.sum()), mean, inside + np.average((means - mean) ** 2, axis=0, weights=n)


def unweighted(parts):
    n, m, v = (np.array([part[i] for part in parts]) for i in range(3))
    return n.sum(), m.mean(0), v.mean(0) + m.var(0)


def swap(parts, **new):
    return tuple(
        {**dict(zip(("n", "mean", "variance"), merge(parts), strict=True)), **new}.values()
    )


def nothing_lost(parts):
    return merge([part for part in parts if part[0] > 0][:-1] or parts)


# 14.3


def key(path):
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(65_536):
            digest.update(piece)
    return digest.hexdigest()


def key_by_library(path):
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def key_by_iterator(path):
    digest = hashlib.blake2b(digest_size=16)
    with Path(path).open("rb") as file:
        for piece in iter(lambda: file.read(1 << 19), b""):
            digest.update(piece)
    return "v1:" + digest.hexdigest()


def key_by_buffer(path):
    digest, buffer = hashlib.sha1(), bytearray(2**18)
    with Path(path).open("rb", buffering=0) as file:
        while n := file.readinto(buffer):
            digest.update(memoryview(buffer)[:n])
    return digest.hexdigest()


def key_with_size(path):
    check = 0
    with Path(path).open("rb") as file:
        while piece := file.read(2**16):
            check = zlib.crc32(piece, check)
    return f"{Path(path).stat().st_size}-{check:08x}"


def part_of_file(start, stop):
    return lambda path: hashlib.sha256(Path(path).read_bytes()[start:stop]).hexdigest()


def first_megabyte(path):
    with Path(path).open("rb") as file:
        return hashlib.sha256(file.read(2**20)).hexdigest()


def last_bytes_skipped(path):
    with Path(path).open("rb") as file:
        return hashlib.sha256(file.read(2_500_000)).hexdigest()


def combined(join, size=2**20):
    """Pieces hashed by themselves; `join` makes one text of their hashes."""

    def answer(path):
        with Path(path).open("rb") as file:
            pieces = iter(lambda: file.read(size), b"")
            return str(join([hashlib.sha256(piece).digest() for piece in pieces]))

    return answer


def exclusive_or(hashes):
    total = 0
    for each in hashes:
        total ^= int.from_bytes(each)
    return total


# 14.4


def rows(k, epoch, n, size, seed):
    return np.random.default_rng([seed, epoch]).permutation(n)[k * size : (k + 1) * size]


def rows_by_sequence(k, epoch, n, size, seed):
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch,)))
    order = np.arange(n)
    rng.shuffle(order)
    return order[k * size :][:size].tolist()


def rows_by_keys(k, epoch, n, size, seed):
    keys = np.random.default_rng((epoch, seed, 14)).random(n)
    return np.argsort(keys)[k * size : k * size + size]


def rows_by_hash(k, epoch, n, size, seed):
    def place(row):
        return hashlib.sha256(f"{seed}/{epoch}/{row}".encode()).digest()

    return sorted(range(n), key=place)[k * size : (k + 1) * size]


def rows_by_batches(k, epoch, n, size, seed):
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return np.split(order, range(size, n, size))[k]


def rows_by_one_number(k, epoch, n, size, seed):
    """Seeds below 2**32 leave room for any epoch above them."""
    return np.random.default_rng((epoch << 32) + seed).permutation(n)[k * size : (k + 1) * size]


STATE = np.random.default_rng(0)


def cut(order):
    return lambda k, epoch, n, size, seed: order(epoch, n, size, seed)[k * size : (k + 1) * size]


def within_batches(epoch, n, size, seed):
    rng = np.random.default_rng([seed, epoch])
    starts = range(0, n, size)
    return np.concatenate([rng.permutation(np.arange(s, min(s + size, n))) for s in starts])


RIGHT = {
    "14.1": [fewest, fewest_by_trial, fewest_by_doubling, fewest_by_arrays, fewest_by_ceiling],
    "14.2": [merge, merge_by_squares, merge_in_turn, merge_by_arrays, merge_by_average],
    "14.3": [
        key,
        key_by_library,
        key_by_iterator,
        key_by_buffer,
        key_with_size,
        combined(lambda hashes: hashlib.sha256(b"".join(hashes)).hexdigest()),
    ],
    "14.4": [
        rows,
        rows_by_sequence,
        rows_by_keys,
        rows_by_hash,
        rows_by_batches,
        rows_by_one_number,
    ],
}

EVERY_BYTE, AGREE = "look at every byte", "would not agree"
WRONG = {
    "14.1": [
        (changed(share=False), "do not do away with it"),
        (changed(sent=0), "what it costs to send"),
        (lambda w, b, s, p: changed(sent=1 / p)(w, b, s, p), "sending is not shared"),
        (lambda w, b, s, p: changed(started=p)(w, b, s, p), "counts once"),
        (lambda w, b, s, p: changed(started=1 / p)(w, b, s, p), "counts once"),
        (changed(rounding=math.floor), "round to a whole number"),
        (changed(rounding=float), "round to a whole number"),
        (changed(rounding=math.ceil), "at a tie"),
        (changed(never=-1), "math.inf"),
        (changed(never=0), "math.inf"),
        (lambda w, b, s, p: math.floor(s / (w - w / p - b)) + 1, "no number of samples"),
        (lambda w, b, s, p: s + w / p + b < w, ""),
        (lambda w, b, s, p: fewest(w, b, s, p) * p, ""),
    ],
    "14.2": [
        (
            lambda parts: swap(parts, variance=sum(k * v for k, _, v in parts) / merge(parts)[0]),
            "the means differ",
        ),
        (unweighted, "weight by n"),
        (lambda parts: (merge(parts)[0], *unweighted(parts)[1:]), "weight by n"),
        (
            lambda parts: swap(
                parts, variance=merge(parts)[2] * merge(parts)[0] / (merge(parts)[0] - 1)
            ),
            "n - 1",
        ),
        (lambda parts: swap(parts, variance=np.sqrt(merge(parts)[2])), "root"),
        (lambda parts: swap(parts, variance=sum(v for _, _, v in parts)), "do not add up"),
        (lambda parts: swap(parts, mean=sum(m for _, m, _ in parts)), ""),
        (lambda parts: swap(parts, n=len(parts)), ""),
        (lambda parts: merge(parts)[1:], "3 things"),
        (lambda parts: merge(parts)[1], ""),
        (lambda parts: parts[0], ""),
        (nothing_lost, ""),
        (lambda parts: tuple(reversed(merge(parts))), ""),
        (lambda parts: merge([(k, m / k, v) for k, m, v in parts]), ""),
    ],
    "14.3": [
        (lambda path: path, "leave the path out"),
        (lambda path: Path(path).name + key(path), "leave the path out"),
        (lambda path: str(time.perf_counter_ns()), "clock and chance"),
        (lambda path: str(Path(path).stat().st_mtime_ns), EVERY_BYTE),
        (lambda path: f"{Path(path).stat().st_mtime_ns}-{Path(path).stat().st_size}", EVERY_BYTE),
        (part_of_file(0, 4096), EVERY_BYTE),
        (part_of_file(-4096, None), EVERY_BYTE),
        (part_of_file(None, None), "read it in pieces"),
        (lambda path: str(sum(Path(path).read_bytes())), "another order"),
        (
            lambda path: hashlib.sha256(bytes(sorted(Path(path).read_bytes()))).hexdigest(),
            "another order",
        ),
        (lambda path: int(key(path), 16), "return a string"),
        (lambda path: hashlib.sha256(Path(path).read_bytes()).digest(), "return a string"),
        (
            lambda path: hashlib.sha256(Path(path).read_bytes().rstrip(b"\0")).hexdigest(),
            "length counts",
        ),
        (first_megabyte, EVERY_BYTE),
        (last_bytes_skipped, EVERY_BYTE),
        (combined(exclusive_or), "another order"),
        (combined(exclusive_or, 50_000), "another order"),
        (combined(lambda hashes: sum(int.from_bytes(h) for h in hashes), 10**6), "another order"),
        (combined(sorted, 2**16), "another order"),
    ],
    "14.4": [
        (cut(lambda e, n, size, seed: np.arange(n)), "shuffle them"),
        (
            cut(lambda e, n, size, seed: np.random.default_rng(seed).permutation(n)),
            "depend on the epoch",
        ),
        (cut(lambda e, n, size, seed: np.random.default_rng(e).permutation(n)), "another seed"),
        (
            cut(lambda e, n, size, seed: np.random.default_rng(seed + e).permutation(n)),
            "share an order",
        ),
        *(
            (cut(lambda e, n, size, seed, one=one: one(seed, e, n)), "share an order")
            for one in (
                lambda s, e, n: np.random.default_rng(s * 1000 + e).permutation(n),
                lambda s, e, n: np.random.default_rng(s * 10**6 + e).permutation(n),
                lambda s, e, n: np.random.default_rng(s * 31 + e).permutation(n),
                lambda s, e, n: np.random.default_rng(s * 9973 + e).permutation(n),
                lambda s, e, n: np.random.default_rng((s << 20) | e).permutation(n),
                lambda s, e, n: np.random.default_rng(e * 10_000 + s).permutation(n),
                lambda s, e, n: np.random.default_rng((s << 16) + e).permutation(n),
                lambda s, e, n: np.random.default_rng(int(f"{s}{e:03d}")).permutation(n),
                lambda s, e, n: np.random.default_rng(int(f"{e}{s}")).permutation(n),
                lambda s, e, n: np.random.default_rng([s % 256, e]).permutation(n),
            )
        ),
        (cut(lambda e, n, size, seed: STATE.permutation(n)), "lost or doubled"),
        (
            cut(lambda e, n, size, seed: np.random.default_rng([seed, e]).integers(n, size=n)),
            "lost or doubled",
        ),
        (cut(within_batches), "within their batch"),
        (cut(lambda e, n, size, seed: np.roll(np.arange(n), seed + 7 * e + 1)), ""),
        (lambda k, e, n, size, seed: rows(k, e, n, size, seed)[: size - 1], "shape"),
        (lambda k, e, n, size, seed: np.random.default_rng([seed, e, k]).permutation(n)[:size], ""),
        (lambda k, e, n, size, seed: rows(k, e, n, size, seed) + 1, "lost or doubled"),
        (lambda k, e, n, size, seed: rows(k + 1, e, n, size, seed), "shape"),
        (lambda k, e, n, size, seed: rows(k, e, n - n % size, size, seed), "shape"),
        (lambda k, e, n, size, seed: rows(k, e, n, size, seed) + 0.5, ""),
    ],
}
