"""Keras on TensorFlow, or one sentence that says what to do."""

from __future__ import annotations

import os

# Only errors: TensorFlow remarks on processors and absent graphics cards at every start.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
if backend == "tensorflow":
    import keras

    backend = keras.config.backend()  # another one, if Keras was loaded before with it
if backend != "tensorflow":
    raise ImportError(
        f"mmtutor.deep runs Keras on TensorFlow, but Keras is set to {backend!r}: unset the "
        "environment variable KERAS_BACKEND, or set it to tensorflow, and start Python again"
    )
