"""Answers to the exercises of chapter 10."""

import csv
import io
import math

import numpy as np

# 10.1


def decide(P, costs, ask):
    expected = P @ costs
    return np.where(expected.min(axis=1) <= ask, expected.argmin(axis=1), -1)


def decide_by_loops(P, costs, ask):
    out = []
    for p in P:
        prices = [sum(p[i] * costs[i, j] for i in range(len(p))) for j in range(len(p))]
        out.append(-1 if ask < min(prices) else prices.index(min(prices)))
    return out


def decide_with_a_column(P, costs, ask):
    table = np.column_stack([P @ costs, np.full(len(P), ask)])
    choice = table.argmin(axis=1)
    return np.where(choice == P.shape[1], -1, choice)


def decide_by_einsum(P, costs, ask):
    price = np.einsum("ni,ij->nj", P, costs)
    choice = np.argmin(price, axis=1)
    choice[price[np.arange(len(P)), choice] > ask] = -1
    return choice


def decide_as_floats(P, costs, ask):
    price = (costs.T @ P.T).T
    return np.array([float(np.argmin(row)) if min(row) <= ask else -1.0 for row in price])


def decides_in_place(P, costs, ask):
    costs -= 0.5
    return decide(P, costs + 0.5, ask)


# 10.2


def frequencies(P, prior):
    new = prior.copy()
    for _ in range(500):
        moved = P * (new / prior)
        moved /= moved.sum(axis=1, keepdims=True)
        new = moved.mean(axis=0)
    return new


def frequencies_by_likelihood(P, prior):
    likelihood = P / prior
    new = np.array(prior)
    for _ in range(500):
        joint = likelihood * new
        new = (joint.T / joint.sum(axis=1)).mean(axis=1)
    return new


def frequencies_by_logs(P, prior):
    logs = np.log(P + 1e-300) - np.log(prior)
    new = prior
    for _ in range(500):
        z = logs + np.log(new)
        z = np.exp(z - z.max(axis=1, keepdims=True))
        new = np.mean(z / z.sum(axis=1, keepdims=True), axis=0)
    return new


def frequencies_as_a_list(P, prior):
    new = list(prior)
    L = P / prior
    for _ in range(500):
        weight = 1 / (L @ np.array(new))
        new = [float(new[c] * np.mean(L[:, c] * weight)) for c in range(len(new))]
    return new


def frequencies_recursive(P, prior, new=None, rounds=500):
    new = prior if new is None else new
    if rounds == 0:
        return new
    moved = P * new / prior
    moved = moved / moved.sum(axis=1)[:, None]
    return frequencies_recursive(P, prior, moved.mean(axis=0), rounds - 1)


def each_round(step, rounds=500):
    def answer(P, prior):
        new, before = prior, P
        for _ in range(rounds):
            before, new = step(P, prior, new, before)
        return new

    return answer


def rows(M):
    return M / M.sum(axis=1, keepdims=True)


def again(P, prior, new, before):
    moved = rows(before * new / prior)
    return moved, moved.mean(axis=0)


def old_over_new(P, prior, new, before):
    return P, rows(P * prior / new).mean(axis=0)


def without_prior(P, prior, new, before):
    return P, rows(P * new).mean(axis=0)


def at_the_end(P, prior, new, before):
    new = (P * new / prior).mean(axis=0)
    return P, new / new.sum()


def once(P, prior, new, before):
    return P, rows(P * new / prior).mean(axis=0)


def from_equal(P, prior):
    return frequencies_recursive(P, prior, np.full(len(prior), 1 / len(prior)))


def in_place(P, prior):
    out = frequencies(P, prior)
    P *= out / prior
    return out


# 10.3


def threshold(p, unhappy, recall):
    complaints = np.sort(p[unhappy])[::-1]
    return complaints[math.ceil(recall * len(complaints) - 1e-9) - 1]


def threshold_by_trying(p, unhappy, recall):
    for t in sorted(set(p.tolist()), reverse=True):
        if (p[unhappy] >= t).sum() >= recall * unhappy.sum() - 1e-9:
            return t
    return None


def threshold_by_cumsum(p, unhappy, recall):
    order = np.argsort(-p, kind="stable")
    found = np.cumsum(unhappy[order]) / unhappy.sum()
    return p[order][np.argmax(found >= recall)]


def threshold_by_curve(p, unhappy, recall):
    from sklearn.metrics import roc_curve

    _, found, at = roc_curve(unhappy, p, drop_intermediate=False)
    return at[1:][found[1:] >= recall].max()


def threshold_by_quantile(p, unhappy, recall):
    return np.quantile(-p[unhappy], recall - 1e-9, method="inverted_cdf") * -1


def threshold_one_number_array(p, unhappy, recall):
    return np.array([max(t for t in p if np.mean(p[unhappy] >= t) >= recall)])


def floor(p, unhappy, recall):
    return np.sort(p[unhappy])[::-1][int(recall * unhappy.sum()) - 1]


def strictly(p, unhappy, recall):
    good = [t for t in p if np.mean(p[unhappy] > t) >= recall]
    return max(good) if good else p.min()


def more_than_promised(p, unhappy, recall):
    good = [t for t in p if np.mean(p[unhappy] >= t) > recall]
    return max(good) if good else p[unhappy].min()


def rounded_up(p, unhappy, recall):
    return np.sort(p[unhappy])[::-1][math.ceil(recall * unhappy.sum()) - 1]


def precise(p, unhappy, recall):
    good = [t for t in p if unhappy[p >= t].mean() >= recall]
    return max(good) if good else p.max()


# 10.4


def bad(content):
    reader = csv.reader(io.StringIO(content))
    names, begins, out = None, 1, []
    for cells in reader:
        if names is None:
            names = cells
        elif cells and len(cells) != len(names):
            out.append((begins, "cells"))
        elif cells and not cells[names.index("label")].strip():
            out.append((begins, "label"))
        begins = reader.line_num + 1
    return out


def bad_from_lines(content):
    reader = csv.reader(content.splitlines(keepends=True))
    names = next(reader)
    out, before = [], reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not cells:
            continue
        if len(cells) != len(names):
            out.append([line, "cells"])
        elif cells[names.index("label")].isspace() or cells[names.index("label")] == "":
            out.append([line, "label"])
    return out


def bad_by_hand(content):
    rows_, cell, row, quoted, line, begins = [], "", [], False, 1, 1
    for letter in content:
        if letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            row.append(cell)
            cell = ""
        elif letter == "\n" and not quoted:
            rows_.append((begins, [*row, cell]))
            cell, row, begins = "", [], line + 1
        else:
            cell += letter
        line += letter == "\n"
    names = rows_[0][1]
    at = names.index("label")
    out = []
    for where, cells in rows_[1:]:
        if cells == [""]:
            continue
        if len(cells) != len(names):
            out.append((where, "cells"))
        elif not cells[at].strip():
            out.append((where, "label"))
    return out


def bad_by_counting_breaks(content):
    table = list(csv.reader(io.StringIO(content)))
    line, out = 1, []
    for cells in table:
        fault = None
        if cells and len(cells) != len(table[0]):
            fault = "cells"
        elif cells and not cells[table[0].index("label")].strip():
            fault = "label"
        if fault:
            out.append((line, fault))
        line += 1 + sum(cell.count("\n") for cell in cells)
    return out


def bad_as_array(content):
    return np.array(bad(content), dtype=object)


def changed(**how):
    def answer(content):
        reader = csv.reader(io.StringIO(content))
        names = next(reader)
        at = how.get("column", names.index("label"))
        begins, out = reader.line_num + 1, []
        for number, cells in enumerate(reader, start=2):
            line = {"ends": reader.line_num, "rows": number}.get(how.get("line"), begins)
            blank = how.get("blank", lambda cell: not cell.strip())
            unlabelled = bool(cells) and at < len(cells) and blank(cells[at])
            if not cells and not how.get("empty"):
                pass
            elif len(cells) != len(names) and not (how.get("label_first") and unlabelled):
                out.append((line + how.get("shift", 0), "cells"))
            elif unlabelled:
                out.append((line + how.get("shift", 0), "label"))
            begins = reader.line_num + 1
        return [pair for pair in out if pair[1] in how.get("why", ("cells", "label"))]

    return answer


def simply_split(content):
    lines = [line.split(",") for line in content.splitlines()]
    at, out = lines[0].index("label"), []
    for line, cells in enumerate(lines[1:], start=2):
        if cells == [""]:
            continue
        if len(cells) != len(lines[0]):
            out.append((line, "cells"))
        elif not cells[at].strip():
            out.append((line, "label"))
    return out


RIGHT = {
    "10.1": [decide, decide_by_loops, decide_with_a_column, decide_by_einsum, decide_as_floats],
    "10.2": [
        frequencies,
        frequencies_by_likelihood,
        frequencies_by_logs,
        frequencies_as_a_list,
        frequencies_recursive,
    ],
    "10.3": [
        threshold,
        threshold_by_trying,
        threshold_by_cumsum,
        threshold_by_curve,
        threshold_by_quantile,
        threshold_one_number_array,
    ],
    "10.4": [bad, bad_from_lines, bad_by_hand, bad_by_counting_breaks, bad_as_array],
}

WRONG = {
    "10.1": [
        (lambda P, c, a: decide(P, c.T, a), "the other way"),
        (lambda P, c, a: (P @ c).argmin(axis=1), "ask nobody"),
        (lambda P, c, a: P.argmax(axis=1), "most probable class"),
        (
            lambda P, c, a: np.where((P @ c).min(axis=1) > a, -1, P.argmax(axis=1)),
            "most probable class",
        ),
        (lambda P, c, a: decide(P, c * (1 - np.eye(len(c))), a), "keep the diagonal"),
        (lambda P, c, a: decide(P, c - c.min(), a), "The expected cost"),
        (
            lambda P, c, a: np.where((P @ c).min(axis=1) > a, -1, (P @ c).argmax(axis=1)),
            "the dearest",
        ),
        (
            lambda P, c, a: np.where((P @ c).min(axis=1) > a, (P @ c).argmin(axis=1), -1),
            "asking is dearer",
        ),
        (
            lambda P, c, a: np.where((P @ c).max(axis=1) > a, -1, (P @ c).argmin(axis=1)),
            "*every* class",
        ),
        (
            lambda P, c, a: np.where((P @ c).min(axis=1) > a, len(c), (P @ c).argmin(axis=1)),
            "not a class of its own",
        ),
        (
            lambda P, c, a: np.where((P @ c).min(axis=1) < a, (P @ c).argmin(axis=1), -1),
            "ask only if that is *cheaper*",
        ),
        (lambda P, c, a: (P @ c).min(axis=1), "The expected cost"),
        (lambda P, c, a: P @ c, "shape"),
        (decides_in_place, "changes its input costs"),
    ],
    "10.2": [
        (lambda P, q: P.mean(axis=0), "first guess only"),
        (each_round(once, 1), "first guess only"),
        (each_round(once, 2), "two rounds"),
        (each_round(once, 20), "all 500"),
        (each_round(once, 100), "all 500"),
        (from_equal, "begin with `prior`"),
        (each_round(again), "moved already"),
        (each_round(without_prior), "under which P was learned"),
        (each_round(old_over_new), "new over old"),
        (each_round(at_the_end), "each *row*"),
        (lambda P, q: np.eye(len(q))[P.argmax(axis=1)].mean(axis=0), "do not count classes"),
        (lambda P, q: frequencies(P, q) / q, "not new over old"),
        (lambda P, q: frequencies(P, q) * len(P), "sum to 1"),
        (lambda P, q: q, "Each round"),
        (lambda P, q: rows(P * frequencies(P, q) / q), "shape"),
        (in_place, "changes its input P"),
    ],
    "10.3": [
        (lambda p, u, r: threshold(p, np.ones(len(p), bool), r), "not all posts"),
        (lambda p, u, r: threshold(p, ~u, r), "*not* complaints"),
        (floor, "upwards"),
        (lambda p, u, r: np.quantile(p[u], 1 - r), "between two values"),
        (lambda p, u, r: p[u].min(), "a larger t does, too"),
        (lambda p, u, r: p.min(), "a larger t does, too"),
        (strictly, "not p > t"),
        (precise, "precision"),
        (lambda p, u, r: -threshold(-p, u, r), "sorted upwards"),
        (lambda p, u, r: int((p >= threshold(p, u, r)).sum()), "not the number of posts"),
        (more_than_promised, "exactly the share promised"),
        (rounded_up, "in floating point"),
        (lambda p, u, r: r, "Try every value"),
        (lambda p, u, r: 0.5, "Try every value"),
    ],
    "10.4": [
        (changed(line="ends"), "*ends*"),
        (changed(line="rows"), "you count rows"),
        (changed(shift=-1), "not 0"),
        (changed(line="rows", shift=-1), "the header is a line"),
        (changed(blank=lambda cell: cell == ""), "spaces are a blank label"),
        (changed(why=("label",)), "too many or too few"),
        (changed(why=("cells",)), "without a label"),
        (changed(label_first=True), "count the cells first"),
        (simply_split, "let `csv` read"),
        (changed(column=-1), "need not be the last"),
        (lambda c: bad(c)[::-1], "in the order of the file"),
        (changed(empty=True), "expected"),
        (lambda c: [line for line, _ in bad(c)], "list of pairs"),
        (lambda c: [], "expected"),
    ],
}
