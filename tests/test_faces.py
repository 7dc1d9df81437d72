"""The simulated faces, judged mostly by detectors and features that are not ours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade, hog
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor.simulate.faces import IDENTITY_NAMES, IDENTITY_SIZE, render_face


def draw(rng, identity=None, valence=None, turn=6.0):
    """One face with the moderate nuisance used throughout: pose, light and noise vary."""
    identity = rng.standard_normal(IDENTITY_SIZE) if identity is None else identity
    return render_face(
        identity,
        valence=rng.uniform(-1, 1) if valence is None else valence,
        yaw=np.clip(rng.normal(0, turn), -20, 20),
        pitch=np.clip(rng.normal(0, 0.7 * turn), -15, 15),
        light=np.clip(rng.normal(0, 20), -60, 60),
        random_state=rng,
    )


def features(images):
    return np.array(
        [
            hog(image, orientations=8, pixels_per_cell=(8, 8), cells_per_block=(2, 2))
            for image in images
        ]
    )


def linear():
    return make_pipeline(StandardScaler(), RidgeClassifier(alpha=1000.0))


# --- independent oracles ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(cv2, "CascadeClassifier"), reason="this OpenCV has no cascades")
def test_the_stock_haar_detector_finds_exactly_one_face():
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    rng = np.random.default_rng(11)
    found = [len(detector.detectMultiScale(draw(rng), 1.1, 3)) for _ in range(240)]
    assert np.mean(np.equal(found, 1)) >= 0.95


@pytest.mark.slow
def test_the_lbp_detector_of_scikit_image_finds_exactly_one_face():
    detector = Cascade(lbp_frontal_face_cascade_filename())
    rng = np.random.default_rng(12)
    found = [
        len(detector.detect_multi_scale(draw(rng), 1.1, 1, min_size=(40, 40), max_size=(96, 96)))
        for _ in range(200)
    ]
    assert np.mean(np.equal(found, 1)) >= 0.95


def test_the_lbp_detector_finds_no_face_in_shuffled_tiles():
    detector = Cascade(lbp_frontal_face_cascade_filename())
    rng = np.random.default_rng(13)

    def shuffled(face):
        tiles = face.reshape(4, 24, 4, 24).swapaxes(1, 2).reshape(16, 24, 24)
        return rng.permutation(tiles).reshape(4, 4, 24, 24).swapaxes(1, 2).reshape(96, 96).copy()

    found = [
        len(
            detector.detect_multi_scale(
                shuffled(draw(rng)), 1.1, 1, min_size=(40, 40), max_size=(96, 96)
            )
        )
        for _ in range(40)
    ]
    assert np.mean(np.equal(found, 0)) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_smile_and_frown_are_told_apart_on_unseen_people(seed):
    rng = np.random.default_rng(seed)
    valence = rng.uniform(0.3, 1.0, 300) * rng.choice([-1, 1], 300)
    X = features([draw(rng, valence=v) for v in valence])  # a new person each time
    model = linear().fit(X[:200], valence[:200] > 0)
    assert model.score(X[200:], valence[200:] > 0) >= 0.90


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_people_are_recognised_from_eight_images(seed):
    rng = np.random.default_rng(100 + seed)
    people = rng.standard_normal((20, IDENTITY_SIZE))
    X = features([draw(rng, identity=p) for p in people for _ in range(12)])
    X = X.reshape(20, 12, -1)
    who = np.arange(20)
    model = linear().fit(X[:, :8].reshape(160, -1), np.repeat(who, 8))
    assert model.score(X[:, 8:].reshape(80, -1), np.repeat(who, 4)) >= 0.85


# --- behaviour ----------------------------------------------------------------------------------


def test_same_seed_same_picture():
    identity = np.linspace(-1, 1, IDENTITY_SIZE)
    first = render_face(identity, valence=0.4, yaw=5, random_state=3)
    np.testing.assert_array_equal(first, render_face(identity, valence=0.4, yaw=5, random_state=3))
    assert (first != render_face(identity, valence=0.4, yaw=5, random_state=4)).any()
    assert first.dtype == np.uint8
    assert first.shape == (96, 96)
    assert first.flags.c_contiguous


@pytest.mark.parametrize("name", IDENTITY_NAMES)
def test_every_identity_coordinate_shows(name):
    low, high = np.zeros((2, IDENTITY_SIZE))
    low[IDENTITY_NAMES.index(name)], high[IDENTITY_NAMES.index(name)] = -1.5, 1.5
    change = render_face(high, noise=0).astype(int) - render_face(low, noise=0)
    assert np.count_nonzero(np.abs(change) > 10) >= 40


def test_values_beyond_three_are_squashed_smoothly():
    def at(value):
        return render_face(np.full(IDENTITY_SIZE, value), noise=0).astype(float)

    assert np.abs(at(50.0) - at(1000.0)).max() <= 1
    assert np.abs(at(3.01) - at(2.99)).max() < 25
    assert np.isfinite(at(-50.0)).all()


def test_frontal_face_is_nearly_symmetric_and_yaw_mirrors():
    identity = np.zeros(IDENTITY_SIZE)
    left = render_face(identity, yaw=-15, noise=0)[45:85]  # below the hair, which is parted
    right = render_face(identity, yaw=15, noise=0)[45:85, ::-1]
    assert np.abs(left.astype(int) - right).mean() < 2


def test_positive_yaw_turns_to_the_right_and_positive_pitch_up():
    def dark_centre(**pose):  # of the nostrils, the darkest spot between eyes and mouth
        patch = 255.0 - render_face(np.zeros(IDENTITY_SIZE), noise=0, **pose)[50:64, 30:66]
        weight = np.maximum(patch - np.percentile(patch, 92), 0)
        rows, columns = np.indices(patch.shape)
        return (weight * rows).sum() / weight.sum(), (weight * columns).sum() / weight.sum()

    assert dark_centre(yaw=12)[1] > dark_centre()[1] + 2 > dark_centre(yaw=-12)[1] + 4
    assert dark_centre(pitch=8)[0] < dark_centre()[0] - 1


def test_light_falls_from_its_side():
    face = render_face(np.zeros(IDENTITY_SIZE), light=40, noise=0)
    assert face[45:80, 58:70].mean() > face[45:80, 26:38].mean() + 20


def test_valence_is_clipped_and_size_is_free():
    identity = np.zeros(IDENTITY_SIZE)
    np.testing.assert_array_equal(
        render_face(identity, valence=7.0, noise=0), render_face(identity, valence=1.0, noise=0)
    )
    large = render_face(identity, noise=0, size=192)
    assert large.shape == (192, 192)
    small = cv2.resize(large, (96, 96), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(small - render_face(identity, noise=0)).mean() < 4


@pytest.mark.parametrize(
    ("identity", "arguments", "message"),
    [
        (np.zeros(3), {}, "shape"),
        (np.full(IDENTITY_SIZE, np.nan), {}, "not finite"),
        (np.zeros(IDENTITY_SIZE), {"valence": np.nan}, "valence"),
        (np.zeros(IDENTITY_SIZE), {"yaw": 80}, "yaw"),
        (np.zeros(IDENTITY_SIZE), {"pitch": 1j}, "pitch is 1j"),
        (np.zeros(IDENTITY_SIZE), {"valence": np.timedelta64(1)}, "valence is np.timedelta64"),
        (np.zeros(IDENTITY_SIZE), {"random_state": np.matrix([[1]])}, "random_state is matrix"),
        (np.zeros(IDENTITY_SIZE, complex), {}, "identity must be numbers"),
        (np.ma.masked_all(IDENTITY_SIZE), {}, "identity has masked values"),
        (np.zeros(IDENTITY_SIZE), {"pitch": -31}, "pitch"),
        (np.zeros(IDENTITY_SIZE), {"light": 100}, "light"),
        (np.zeros(IDENTITY_SIZE), {"noise": -0.1}, "noise"),
        (np.zeros(IDENTITY_SIZE), {"size": 8}, "size"),
    ],
)
def test_bad_input_is_named(identity, arguments, message):
    with pytest.raises(ValueError, match=message):
        render_face(identity, **arguments)
