"""Calibrators: from an expert's scores to probabilities that mean what they say.

Each is fitted on out-of-fold scores of shape ``(n_samples, n_classes)`` and true class numbers. A
NaN score says that the expert's training fold did not hold that class. The conventions (scores, one
class against the rest, then normalise) are those of scikit-learn's CalibratedClassifierCV.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.isotonic import IsotonicRegression

_FLOOR = 1e-12  # for log(0)


def sigmoid_fit(scores: np.ndarray, positive: np.ndarray) -> tuple[float, float]:
    """Fit ``p = 1 / (1 + exp(-(slope * score + shift)))`` by Platt's method (Platt 1999).

    The targets are not 0 and 1 but what n0 negatives and n1 positives allow one to believe, so a
    perfectly separable sample does not give an infinite slope. A negative slope would let noise
    reverse the expert's order; it is replaced by 0, which gives every sample the base rate.
    """
    n1 = positive.sum()
    n0 = len(positive) - n1
    target = np.where(positive, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    centre, scale = scores.mean(), scores.std() or 1.0  # for the optimiser's sake only
    z = (scores - centre) / scale

    def loss(ab: np.ndarray) -> tuple[float, np.ndarray]:
        f = ab[0] * z + ab[1]
        residual = expit(f) - target
        return np.logaddexp(0, f).sum() - target @ f, np.array([residual @ z, residual.sum()])

    base = np.log((n1 + 1) / (n0 + 1))
    slope, shift = minimize(loss, [0.0, base], jac=True, method="BFGS").x
    if slope <= 0:
        mean = target.mean()
        return 0.0, float(np.log(mean / (1 - mean)))
    return float(slope / scale), float(shift - slope * centre / scale)


class SigmoidCalibrator:
    """Platt scaling, one class against the rest."""

    def fit(self, scores: np.ndarray, y: np.ndarray) -> SigmoidCalibrator:
        self.lines_ = []
        for c in range(scores.shape[1]):
            known = ~np.isnan(scores[:, c])
            self.lines_.append(
                sigmoid_fit(scores[known, c], y[known] == c) if known.any() else (0.0, 0.0)
            )
        return self

    def predict(self, scores: np.ndarray) -> np.ndarray:
        slopes, shifts = np.array(self.lines_).T
        return _share(expit(scores * slopes + shifts))


class IsotonicCalibrator:
    """A rising step function for each class against the rest.

    A frequency counted in n samples cannot tell 0 from 1 / (n + 2), so the steps stop there: an
    exact 0 would be a veto in the product rule.
    """

    def fit(self, scores: np.ndarray, y: np.ndarray) -> IsotonicCalibrator:
        self.steps_ = []
        for c in range(scores.shape[1]):
            known = ~np.isnan(scores[:, c])
            edge = 1 / (known.sum() + 2)
            step = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
            self.steps_.append(step.fit(scores[known, c], y[known] == c) if known.any() else None)
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

    def fit(self, scores: np.ndarray, y: np.ndarray) -> TemperatureCalibrator:
        logits = _logits(scores)
        own = np.take_along_axis(scores, y[:, None], axis=1)[:, 0]
        logits, y = logits[~np.isnan(own)], y[~np.isnan(own)]  # a class the fold had not seen

        def loss(log_temperature: float) -> float:
            logp = log_softmax(logits * np.exp(-log_temperature), axis=1)
            return -np.take_along_axis(logp, y[:, None], axis=1).mean()

        best = minimize_scalar(loss, bounds=(-10, 10), method="bounded", options={"xatol": 1e-6})
        self.temperature_ = float(np.exp(best.x))
        return self

    def predict(self, scores: np.ndarray) -> np.ndarray:
        out = softmax(_logits(scores) / self.temperature_, axis=1)
        return np.where(np.isnan(scores), np.nan, out)


CALIBRATORS = {
    "sigmoid": SigmoidCalibrator,
    "isotonic": IsotonicCalibrator,
    "temperature": TemperatureCalibrator,
}


def expert_scores(expert: object, X: object, calibration: str | None) -> np.ndarray:
    """Return a fitted expert's scores, one column for each of its own classes.

    With a calibrator, ``decision_function`` if there is one, for it does not saturate at 0 and 1;
    otherwise probabilities, which "temperature" takes as logarithms. Without, probabilities.
    """
    if calibration is not None and hasattr(expert, "decision_function"):
        f = np.asarray(expert.decision_function(X), dtype=float)
        if f.ndim == 1:  # two classes: the score is a log-odds
            f = np.column_stack([-f, f]) / (2 if calibration == "temperature" else 1)
        return f
    if calibration == "temperature":
        if hasattr(expert, "predict_log_proba"):
            with np.errstate(divide="ignore"):
                logp = np.asarray(expert.predict_log_proba(X), dtype=float)
            return np.where(np.isneginf(logp), np.log(_FLOOR), logp)
        return np.log(np.maximum(expert.predict_proba(X), _FLOOR))
    return np.asarray(expert.predict_proba(X), dtype=float)


def _logits(scores: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(scores), -np.inf, scores)


def _share(p: np.ndarray) -> np.ndarray:
    """Normalise one-against-the-rest probabilities; NaN stays NaN, two classes use the second."""
    if p.shape[1] == 2 and not np.isnan(p).any():
        return np.column_stack([1 - p[:, 1], p[:, 1]])
    total = np.nansum(p, axis=1, keepdims=True)
    even = np.where(np.isnan(p), np.nan, 1 / np.maximum((~np.isnan(p)).sum(1, keepdims=True), 1))
    return np.where(total > 0, p / np.where(total > 0, total, 1), even)
