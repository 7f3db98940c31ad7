from __future__ import annotations

import numpy as np

from labrun_saliency.choosing import Choice, surest_of_each_class


def test_the_surest_right_example_stands_for_its_class_and_else_the_least_wrong_one():
    probabilities = np.array(
        [
            [0.6, 0.3, 0.1],  # class 0, right
            [0.7, 0.2, 0.1],  # class 0, right and surer
            [0.9, 0.1, 0.0],  # class 2, wrong
            [0.5, 0.3, 0.2],  # class 2, wrong, but less so
        ]
    )
    assert surest_of_each_class(probabilities, np.array([0, 0, 2, 2])) == [Choice(1, 0, 0, 0.7), Choice(3, 2, 0, 0.5)]
