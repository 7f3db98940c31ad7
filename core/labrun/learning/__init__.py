"""Train a model: settings, batches, augmentation, checkpoints, and models that are trained already.

The project reads its settings; the engine calls `training`. Begin there.
"""
