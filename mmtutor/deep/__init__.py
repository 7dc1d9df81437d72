"""Learned representations: networks for several modalities, as scikit-learn estimators.

Three networks share one frame. Each takes ``(name, transformer, columns)`` blocks as
:class:`mmtutor.fusion.FeatureFusion` does; what the transformer returns decides the branch that
reads it: whole numbers a word embedding, a table of features a dense layer, frames a recurrent net,
pictures a convolutional one. Cells may be missing, in training and in prediction.

This is the only room of the package that loads TensorFlow.
"""

from __future__ import annotations

import os

# Only errors: TensorFlow remarks on processors and absent graphics cards at every start.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from .autoencoder import MultimodalAutoencoder
from .cnn_rnn import CNNRNNClassifier
from .contrastive import ContrastiveAligner, info_nce

__all__ = ["CNNRNNClassifier", "ContrastiveAligner", "MultimodalAutoencoder", "info_nce"]
