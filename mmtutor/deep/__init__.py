"""Learned representations: networks for several modalities, as scikit-learn estimators.

Three networks share one frame. Each takes ``(name, transformer, columns)`` blocks as
:class:`mmtutor.fusion.FeatureFusion` does; what the transformer returns decides the branch that
reads it: word numbers an embedding, a table of features a dense layer, frames a recurrent net,
pictures a convolutional one. Cells may be missing, in training and in prediction. Two-dimensional
whole numbers are features like any others; they are word numbers only if the transformer (or the
last step of a pipeline) says how many words there are in a fitted attribute ``n_tokens_``, as
:class:`mmtutor.text.TokenSequences` does.

``joblib.dump(model, "model.joblib")`` saves a fitted network with its transformers, and
``joblib.load`` reads it. Such a file, like any pickle, may hold commands that loading it runs: load
only files of your own, or of somebody you would let run programs on your computer, and with the
versions of the libraries that wrote it. To hand a trained network to others, save it alone with
``model.network_.save("network.keras")``: ``keras.saving.load_model`` refuses code in such a file.

This is the only room of the package that loads TensorFlow.
"""

from __future__ import annotations

from . import _backend  # noqa: F401 - before Keras is loaded
from .autoencoder import MultimodalAutoencoder
from .cnn_rnn import CNNRNNClassifier
from .contrastive import ContrastiveAligner, info_nce

__all__ = ["CNNRNNClassifier", "ContrastiveAligner", "MultimodalAutoencoder", "info_nce"]
