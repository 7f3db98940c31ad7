"""Train a model: settings, batches, augmentation, the training itself, its checkpoints and results, and models trained elsewhere.

A project validates `settings`; the engine calls `training`. Begin reading there.
"""
