"""The learning rate of each epoch: warm-up, decay, then warm restarts (Loshchilov & Hutter 2017)."""

import math

from beamfusion.settings import Train


def learning_rate(epoch: float, train: Train) -> float:
    """Return the rate: a half cosine from lr_min up to lr, one down to lr_min, then restarts.

    Epochs count from 0, with their datasets. The published rate is that of an epoch's start for all of it.
    """
    if train.rate_changes == "epoch":
        epoch = math.floor(epoch)
    if epoch < train.warmup_epochs:
        return _half_cosine(train.lr_min, train.lr, epoch / train.warmup_epochs)
    epoch -= train.warmup_epochs
    if epoch < train.decay_epochs:
        return _half_cosine(train.lr, train.lr_min, epoch / train.decay_epochs)
    epoch = (epoch - train.decay_epochs) % train.restart_epochs
    return _half_cosine(train.lr_restart, train.lr_min, epoch / train.restart_epochs)


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
