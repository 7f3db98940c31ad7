"""Run as a program: train the smallest network for one step, and print the result as JSON."""

from __future__ import annotations

import json


def main() -> None:
    """Train, check the loss, and print the versions and devices."""
    import numpy as np

    from labrun.contracts.backend import load_keras

    keras = load_keras()
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile(optimizer="adam", loss="mse")
    x, y = np.ones((4, 2), np.float32), np.ones(4, np.float32)
    loss = model.fit(x, y, epochs=1, verbose=0).history["loss"][0]
    assert np.isfinite(loss)
    devices = keras.distribution.list_devices()
    print(json.dumps({"keras": keras.__version__, "backend": keras.backend.backend(), "devices": devices}))


if __name__ == "__main__":
    main()
