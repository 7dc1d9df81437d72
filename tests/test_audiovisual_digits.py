"""The promise of chapter 08 on real digits, against networks of one modality trained alone."""

import numpy as np
import pandas as pd
import pytest
from librosa.effects import trim
from sklearn.preprocessing import FunctionTransformer

pytest.importorskip("keras")

from mmtutor import audio, datasets
from mmtutor.datasets import remote
from mmtutor.deep import CNNRNNClassifier

needed = [name for name in ("spoken_digits", "mnist_test") if not remote.is_available(name)]
STACK = FunctionTransformer(lambda cells: np.stack(list(cells)))
BLOCKS = [("image", STACK, "image"), ("audio", STACK, "audio")]
SETTINGS = {"units": 32, "dropout": 0.15, "batch_size": 40, "learning_rate": 4e-3, "verbose": 0}


@pytest.fixture(scope="module")
def digits():
    """Noisy pictures and log-mel frames, the digits and the speakers, as in the chapter."""
    real = datasets.fetch_audiovisual_digits(progress=False)
    clean = np.stack(list(real.frame["image"]))[..., None] / 255
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 0.6, clean.shape), 0, 1)
    short = {"top_db": 27, "frame_length": 256, "hop_length": 64}
    clips = [trim(clip / np.abs(clip).max(), **short)[0] for clip in real.frame["audio"]]
    mel = audio.LogMelSequences(sample_rate=8000, n_mels=20, hop=0.025, max_frames=24)
    table = pd.DataFrame({"image": list(noisy), "audio": list(mel.fit_transform(clips))})
    return table, real.target, real.groups


def by_speaker(net, table, digit, speakers):
    """Accuracy for each speaker, unseen in training."""
    found = []
    for who in np.unique(speakers):
        unseen = speakers == who
        net.fit(table[~unseen], digit[~unseen])
        found.append(net.score(table[unseen], digit[unseen]))
    return np.array(found)


@pytest.mark.slow
@pytest.mark.skipif(bool(needed), reason=f"needs mmtutor data fetch {' '.join(needed)}")
def test_the_product_is_ahead_of_each_modality_trained_alone(digits):
    fused = CNNRNNClassifier(BLOCKS, fusion="product", auxiliary=1.0, epochs=7, **SETTINGS)
    product = by_speaker(fused, *digits)
    alone = [
        by_speaker(CNNRNNClassifier([block], epochs=14, **SETTINGS), *digits) for block in BLOCKS
    ]
    assert product.mean() >= 0.94
    assert (product >= np.max(alone, axis=0)).all()
