"""How people hear and see acted emotion: votes on 7,442 clips."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from mmtutor.datasets import remote

__all__ = ["fetch_crema_d_ratings"]

_EMOTIONS = {  # by the codes in clips' names; the columns of votes have their first letters
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
_STRENGTHS = [f"mean{name}Resp" for name in ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad")]
_LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
_CHANNELS = ("voice", "face", "both")  # of rows numbered 1xxxxx, 2xxxxx and 3xxxxx


def fetch_crema_d_ratings(*, download_if_missing: bool = True, progress: bool = True) -> Bunch:
    """Load the votes on acted clips: from the voice alone, the face alone, and both.

    A rater met a clip in one channel only, so the three columns of votes are from different people:
    independent looks at the same clip. There are no recordings in this data set.

    Parameters
    ----------
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (7442, 25)
            Columns clip, actor (int), sex ("F" or "M"), age (years), sentence (3 letters), emotion
            (as intended), level (of intensity), then the counts of votes: voice_anger,
            voice_disgust, ..., face_anger, ..., both_sadness.
        votes : ndarray of shape (7442, 3, 6), int
            The same counts: voice, face, both by `target_names`.
        strengths : ndarray of shape (7442, 3, 6)
            How strong the emotion is in the eyes of those who named it: their mean, 1 to 100, NaN
            where nobody did. Same axes.
        channels : list of str
            The second axis of `votes` and `strengths`.
        target : ndarray of shape (7442,), str
            The intended emotion.
        groups : ndarray of shape (7442,), int
            The actor.
        target_names : list of str
            The six emotions, in the order of the third axis of `votes`.
        DESCR : str
            With licence and citation.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.

    Notes
    -----
    Taught in notebook 16. Not as the truth about a face or a voice: the target is what an actor was
    asked to show, the votes are what raters made of it.

    References
    ----------
    Cao, H. et al. (2014). CREMA-D: crowd-sourced emotional multimodal actors dataset. IEEE
    Transactions on Affective Computing 5(4), 377-390.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("crema_d_ratings"):
    ...     ratings = fetch_crema_d_ratings()
    ...     assert ratings.votes.shape == (7442, 3, 6)
    """
    folder = remote.fetch_files("crema_d_ratings", download_if_missing, progress)
    table = pd.read_csv(folder / "processedResults/tabulatedVotes.csv", index_col=0)
    channel = table.index.to_numpy() // 100_000 - 1
    clips = np.sort(table["fileName"].unique())
    by_clip = [table[channel == c].set_index("fileName").loc[clips] for c in range(3)]
    letters = [code[0] for code in _EMOTIONS]
    votes = np.stack([rows[letters].to_numpy() for rows in by_clip], axis=1)
    strengths = np.stack([rows[_STRENGTHS].to_numpy(dtype=float) for rows in by_clip], axis=1)
    parts = pd.Series(clips).str.split("_", expand=True)
    actors = pd.read_csv(folder / "VideoDemographics.csv").set_index("ActorID")
    actor = parts[0].astype(int)
    frame = pd.DataFrame(
        {
            "clip": clips,
            "actor": actor,
            "sex": actor.map(actors["Sex"].str[0]),
            "age": actor.map(actors["Age"]),
            "sentence": parts[1],
            "emotion": parts[2].map(_EMOTIONS),
            "level": parts[3].map(_LEVELS),
        }
    )
    names = [f"{each}_{emotion}" for each in _CHANNELS for emotion in _EMOTIONS.values()]
    counts = pd.DataFrame(votes.reshape(len(clips), -1), columns=names)
    return Bunch(
        frame=pd.concat([frame, counts], axis=1),
        votes=votes,
        strengths=np.where(votes > 0, strengths, np.nan),
        channels=list(_CHANNELS),
        target=frame["emotion"].to_numpy(dtype=str),
        groups=frame["actor"].to_numpy(),
        target_names=list(_EMOTIONS.values()),
        DESCR=remote.describe(
            """91 actors say 12 sentences in six emotions; raters who only hear, only see, or both
            hear and see a clip say which emotion it shows (4 to 12 votes a clip and channel). An
            emotion acted is not an emotion felt, and the majority is not the truth.""",
            "crema_d_ratings",
        ),
    )
