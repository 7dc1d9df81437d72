"""Calibrators: from an expert's scores to probabilities that mean what they say.

Each is fitted on out-of-fold scores of shape ``(n_samples, n_classes)``, true class numbers and
sample weights. A NaN score says that the expert's training fold did not hold that class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.isotonic import IsotonicRegression

from mmtutor._rows import floats

_ZERO = 1e-4  # what an exact 0 is taken for: below the resolution of a forest or of neighbours


class SigmoidCalibrator:
    """Platt's sigmoid for two classes, and its generalisation to several.

    The posterior is ``softmax(slope * score + shift)`` with a slope and a shift for each class
    ("vector scaling", Guo et al. 2017); with two classes only the differences matter, and this is
    Platt's ``1 / (1 + exp(-(slope * score + shift)))``. As in Platt (1999), the targets are not 0
    and 1 but what n members of a class allow one to believe, so a sample that happens to be
    separable does not give infinite slopes. Slopes are not negative: a negative one would let noise
    reverse the expert's order.
    """

    def fit(self, scores: np.ndarray, y: np.ndarray, weight: np.ndarray) -> SigmoidCalibrator:
        scores, y, weight = _learnable(scores, y, weight)
        n, n_classes = scores.shape
        n_slopes = 1 if n_classes == 2 else n_classes
        counts = np.bincount(y, weight, minlength=n_classes)
        seen = ~np.isnan(scores)
        target = np.where(seen, 1 / (counts[y] + n_classes)[:, None], 0)
        target[np.arange(n), y] += (counts[y]) / (counts[y] + n_classes)
        target /= target.sum(axis=1, keepdims=True)
        share = (seen * weight[:, None])[seen] / (seen.sum(axis=1) @ weight)
        centre = share @ scores[seen]  # these two for the optimiser only
        scale = np.sqrt(share @ (scores[seen] - centre) ** 2) or 1.0
        z = (scores - centre) / scale

        def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            slope, shift = parameters[:n_slopes], parameters[n_slopes:]
            logp = log_softmax(_logits(slope * z + shift), axis=1)
            residual = np.exp(logp) - target
            by_slope = weight @ np.where(seen, residual * z, 0)
            by_slope = by_slope.sum(keepdims=True) if n_slopes == 1 else by_slope
            value = -(weight @ (target * np.where(seen, logp, 0))).sum()
            return value / weight.sum(), np.r_[by_slope, weight @ residual] / weight.sum()

        start = np.r_[np.ones(n_slopes), np.log(counts + 1) - np.log(counts + 1).mean()]
        bounds = [(0, None)] * n_slopes + [(None, None)] * n_classes
        best = minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"gtol": 1e-7}
        ).x
        self.slope_ = best[:n_slopes] / scale
        self.shift_ = best[n_slopes:] - self.slope_ * centre
        return self

    def predict(self, scores: np.ndarray) -> np.ndarray:
        out = softmax(_logits(self.slope_ * scores + self.shift_), axis=1)
        return np.where(np.isnan(scores), np.nan, out)


class IsotonicCalibrator:
    """A rising step function for each class against the rest; then the classes share what is 1.

    A frequency counted in n samples cannot tell 0 from 1 / (n + 2), so the steps stop there: an
    exact 0 would be a veto in the product rule.
    """

    def fit(self, scores: np.ndarray, y: np.ndarray, weight: np.ndarray) -> IsotonicCalibrator:
        self.steps_ = []
        for c in range(scores.shape[1]):
            known = ~np.isnan(scores[:, c])
            edge = 1 / (weight[known].sum() + 2)
            step = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
            if known.any():
                step.fit(scores[known, c], y[known] == c, weight[known])
            self.steps_.append(step if known.any() else None)
        return self

    def predict(self, scores: np.ndarray) -> np.ndarray:
        out = np.full(scores.shape, np.nan)
        for c, step in enumerate(self.steps_):
            known = ~np.isnan(scores[:, c])
            if step is not None and known.any():
                out[known, c] = step.predict(scores[known, c])
        return _share(out)


class TemperatureCalibrator:
    """Divide the log-probabilities by one temperature and normalise again (Guo et al. 2017)."""

    def fit(self, scores: np.ndarray, y: np.ndarray, weight: np.ndarray) -> TemperatureCalibrator:
        scores, y, weight = _learnable(scores, y, weight)
        logits = _logits(scores)

        def loss(log_temperature: float) -> float:
            logp = log_softmax(logits * np.exp(-log_temperature), axis=1)
            return -(weight @ np.take_along_axis(logp, y[:, None], axis=1)[:, 0]) / weight.sum()

        best = minimize_scalar(loss, bounds=(-10, 10), method="bounded", options={"xatol": 1e-6})
        self.temperature_ = float(np.exp(best.x))
        return self

    def predict(self, scores: np.ndarray) -> np.ndarray:
        out = softmax(_logits(scores) / self.temperature_, axis=1)
        return np.where(np.isnan(scores), np.nan, out)


CALIBRATORS: dict[str, Any] = {
    "sigmoid": SigmoidCalibrator,
    "isotonic": IsotonicCalibrator,
    "temperature": TemperatureCalibrator,
}


def expert_scores(expert: Any, X: Any, calibration: str | None) -> np.ndarray:
    """Return a fitted expert's scores, one column for each of its own classes.

    Without a calibrator, probabilities. With one, ``decision_function`` if there is one, for it
    does not saturate at 0 and 1; otherwise log-probabilities ("isotonic": probabilities).
    """
    if calibration is not None and hasattr(expert, "decision_function"):
        f = _floats(expert.decision_function(X))
        return np.column_stack([-f, f]) / 2 if f.ndim == 1 else f  # two classes: a log-odds
    if calibration in (None, "isotonic"):
        return _floats(expert.predict_proba(X))
    if hasattr(expert, "predict_log_proba"):
        with np.errstate(divide="ignore"):
            logp = _floats(expert.predict_log_proba(X))
        return np.where(np.isneginf(logp), np.log(_ZERO), logp)
    return np.log(np.maximum(_floats(expert.predict_proba(X)), _ZERO))


def _floats(scores: Any) -> np.ndarray:
    array = floats("its scores", scores).astype(float, copy=False)
    if array.ndim == 0:
        raise ValueError(f"its scores are {scores!r:.60}; expected a row for each sample")
    return array


def _learnable(scores: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, ...]:
    """Leave out samples of a class that the expert's training fold did not hold."""
    known = ~np.isnan(np.take_along_axis(scores, y[:, None], axis=1)[:, 0])
    return scores[known], y[known], weight[known]


def _logits(scores: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(scores), -np.inf, scores)


def _share(p: np.ndarray) -> np.ndarray:
    """Normalise one-against-the-rest probabilities; NaN stays NaN, two classes use the second."""
    if p.shape[1] == 2 and not np.isnan(p).any():
        return np.column_stack([1 - p[:, 1], p[:, 1]])
    total = np.nansum(p, axis=1, keepdims=True)
    even = np.where(np.isnan(p), np.nan, 1 / np.maximum((~np.isnan(p)).sum(1, keepdims=True), 1))
    return np.where(total > 0, p / np.where(total > 0, total, 1), even)
