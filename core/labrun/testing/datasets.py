"""Conformance tests for datasets."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from labrun.contracts.examples import Examples, ExampleSpec
from labrun.contracts.plugin import Dataset
from labrun.registry.plugin_code import PluginCode
from labrun.seeds import generator
from labrun.testing import digest
from labrun.testing.contract import InputsContract, once
from labrun.testing.packing import call, packed, unpacked
from labrun.testing.processes import in_a_worker, source_of

__all__ = ["DatasetContract"]


class DatasetContract(InputsContract):
    """Check a dataset: subclass it, and give `plugin`, `config` and `inputs`."""

    plugin: ClassVar[type[Dataset]]

    def test_examples_are_whole(self, tmp_path: Path) -> None:
        import numpy as np

        examples = self._made(tmp_path)
        assert len(examples), (
            f"{self.method()} returns no examples from the toy inputs. Return suitable ones from 'inputs'."
        )
        # `load` checks rows, groups and class numbers
        x, y = examples.load(slice(None))
        arrays = {**(x if isinstance(x, dict) else {"x": x}), "y": y}
        odd = [name for name, array in arrays.items() if array.dtype.kind == "f" and not np.isfinite(array).all()]
        assert not odd, (
            f"{self.method()} turns finite inputs into NaN or infinity, in {', '.join(odd)}: no network can learn from that."
        )

    def test_spec_survives_json(self, tmp_path: Path) -> None:
        spec = self._made(tmp_path).spec
        again = ExampleSpec.from_record(json.loads(json.dumps(spec.record())))
        assert again == spec, (
            f"The description of the examples of {self.method()} changes when stored: {again} instead of {spec}. Use strings for class "
            "names and whole numbers for shapes."
        )

    def test_loading_does_not_depend_on_the_order(self, tmp_path: Path) -> None:
        import numpy as np

        examples = self._made(tmp_path)
        count = len(examples)
        order = np.random.default_rng(0).permutation(count)
        every_other = np.arange(count) % 2 == 0
        ways = {
            "a list": [*range(count)],
            "another order": order,
            "a mask": every_other,
            "a slice": slice(0, count, 2),
            "the last alone": [count - 1],
        }
        for way, indices in ways.items():
            found = _rows(examples, indices)
            places = np.arange(count)[indices]
            wanted = {name: array[places] for name, array in _rows(examples, slice(None)).items()}
            names = digest.differing(digest.of_arrays(found), digest.of_arrays(wanted))
            assert not names, (
                f"Examples of {self.method()} loaded by {way} differ from those loaded all at once: {', '.join(names)}. A loader gets "
                "indices (n,) int64 in any order and returns their rows in that order, each independent of what else is loaded."
            )

    def test_the_same_examples_again(self, tmp_path: Path) -> None:
        here = digest.of_examples(self._made(tmp_path))
        again = digest.of_examples(call(self.configured(), self._inputs(), tmp_path / "again"))
        inputs = {name: packed(value) for name, value in self._inputs().items()}
        there = in_a_worker(digests_there, source_of(self.plugin), dict(self.config), inputs)
        for where, found in {"when it is made again": again, "in another process": there}.items():
            names = digest.differing(here, found)
            assert not names, (
                f"{self.method()} returns different examples {where}: {', '.join(names)}. Draw random numbers from a parameter 'rng', and "
                "do not iterate over sets of strings, whose order differs between processes."
            )

    def test_a_split_keeps_members_together(self, tmp_path: Path) -> None:
        examples = self._made(tmp_path)
        try:
            parts = examples.split({"one": 0.5, "other": 0.5}, generator(0, "split")).values()
        except ValueError as error:
            raise AssertionError(
                f"The examples of the toy inputs cannot be split: {error}. Return more members from 'inputs'."
            ) from error
        one, other = ({*part.groups.tolist()} for part in parts)
        assert not one & other, (
            f"The members {sorted(one & other)} are on both sides of a split: 'groups' must give the member of each example."
        )

    def _made(self, path: Path) -> Examples:
        """Return the examples, made once for all tests; pytest keeps their folder as long."""
        return once(type(self), "examples", lambda: call(self.configured(), self._inputs(), path / "examples"))


def _rows(examples: Examples, indices: Any) -> dict[str, Any]:
    x, y = examples.load(indices)
    return {**({f"x['{name}']": array for name, array in x.items()} if isinstance(x, dict) else {"x": x}), "y": y}


def digests_there(source: PluginCode, config: dict[str, Any], inputs: dict[str, Any]) -> dict[str, str]:
    """Return the digests of the examples, made in another process."""
    plugin: Any = source.load()
    with tempfile.TemporaryDirectory() as folder:
        given = {name: unpacked(value) for name, value in inputs.items()}
        return digest.of_examples(call(plugin.configured(config), given, Path(folder) / "examples"))
