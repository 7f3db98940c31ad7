"""Conformance tests for plugins of every kind."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import PydanticUserError, ValidationError

from labrun.contracts.inputs import METHODS, kind_of
from labrun.contracts.plugin import Plugin
from labrun.registry.offers import HOOKS
from labrun.registry.plugin_code import PluginCode
from labrun.registry.registry import Registry
from labrun.testing.fields import UNITLESS, fields_without_description, fields_without_unit
from labrun.testing.packing import check_names
from labrun.testing.processes import imported_by, in_a_worker, source_of

__all__ = ["InputsContract", "PluginContract", "once"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_SUMMARY = 220

Result = TypeVar("Result")


class PluginContract:
    """The base of the five contracts. pytest runs subclasses whose names begin with `Test`."""

    plugin: ClassVar[type[Plugin]]
    """The plugin class to test."""

    config: ClassVar[Mapping[str, Any]] = {}
    """A toy configuration, as under `with` in a project, with which the plugin takes seconds."""

    hook: ClassVar[str] = ""
    """The module with the hook; by default the plugin's own, or the nearest package above it that has one."""

    units: ClassVar[bool] = True
    """Whether fields with real numbers must name their unit."""

    whole: ClassVar[bool] = False
    """Whether a record of all fields, including defaults, must be a valid configuration: a trained model is rebuilt from one."""

    @classmethod
    def configured(cls) -> Any:
        """Return the plugin in its toy configuration."""
        return cls.plugin.configured(cls.config)

    def test_names_are_valid(self) -> None:
        name, version = self.plugin.name, self.plugin.version
        assert _NAME.fullmatch(name), (
            f"{self.plugin.__name__}.name is {name!r}. Projects and folders use it: choose lower-case letters, digits and "
            "underscores, beginning with a letter, such as 'ising' or 'gray_scott'."
        )
        counts = isinstance(version, int) and version >= 1
        assert counts, (
            f"{self.plugin.__name__}.version is {version!r}. Use a whole number from 1 on, and raise it whenever results change, so that "
            "results of older versions in the store are not reused."
        )

    def test_docstring_begins_with_a_sentence(self) -> None:
        text = inspect.cleandoc(vars(self.plugin).get("__doc__") or "")
        summary = " ".join(text.split("\n\n")[0].split())
        sentence = re.split(r"(?<=[.?!:])(?:\s|$)", summary)[0]
        fits = sentence.endswith((".", "?", "!", ":")) and len(sentence) <= _LONGEST_SUMMARY
        assert fits, (
            f"The docstring of {self.plugin.__name__} begins {summary[:80]!r}. 'labrun list-plugins' shows its first sentence: begin with "
            f"one of at most {_LONGEST_SUMMARY} characters that says what the plugin is and ends with a full stop. Then give the equation, "
            "its symbols and their units, and the source."
        )

    def test_fields_are_described(self) -> None:
        undescribed = fields_without_description(self.plugin)
        assert not undescribed, (
            f"These fields of {self.plugin.__name__} have no description: {', '.join(undescribed)}. Editors and 'labrun describe' show it: "
            'write Field(…, description="F, feed rate of u [1/time]").'
        )

    def test_real_numbers_have_units(self) -> None:
        unclear = fields_without_unit(self.plugin) if self.units else []
        assert not unclear, (
            f"The descriptions of these fields of {self.plugin.__name__} do not name a unit: "
            f"{', '.join(unclear)}. Put the unit in brackets, 'side of the cube [Mpc]', or, if there is none, use one of the words "
            f"{', '.join(UNITLESS)}."
        )

    def test_configuration_survives_json(self) -> None:
        plugin = self.configured()
        record = json.loads(json.dumps(plugin.model_dump(mode="json", exclude_unset=not self.whole)))
        again = self.plugin.configured({**self.config, **record})
        assert again == plugin, (
            f"{self.plugin.__name__} changes when it is read back from its own JSON: {again!r} instead of {plugin!r}. A run stores the "
            "configuration as JSON, and the next one compares. Use plain types for fields, and idempotent validators."
        )

    def test_configuration_is_frozen(self) -> None:
        assert self.plugin.model_config.get("frozen"), (
            f"The fields of {self.plugin.__name__} can be changed. Results are stored under the configuration, so it must not change: do "
            "not override 'frozen' in model_config."
        )

    def test_unknown_keys_are_refused(self) -> None:
        try:
            self.plugin.configured({**self.config, "no_such_field": 1})
        except ValidationError as error:
            if any(one["type"] == "extra_forbidden" for one in error.errors()):
                return
        raise AssertionError(
            f"{self.plugin.__name__} silently accepts the unknown key 'no_such_field', so a misspelt key of a project would go unnoticed. "
            "Do not override 'extra' in model_config, and let validators of mode 'before' pass on unknown keys."
        )

    def test_schema_can_be_made(self) -> None:
        try:
            self.plugin.model_json_schema()
        except PydanticUserError as error:
            raise AssertionError(
                f"{self.plugin.__name__} has no JSON Schema, which editors need to complete its fields: {error.message} Use types that "
                "JSON knows, or annotate the field with pydantic's WithJsonSchema."
            ) from error

    def test_the_hook_offers_it(self) -> None:
        module = self._registration()
        registry = Registry()
        broken = registry.add(sys.modules[module.module], "this test")
        hook = HOOKS[kind_of(self.plugin)]
        assert broken is None, f"'{module.module}' cannot be registered as a plugin: {broken.error if broken else ''}"
        assert any(offer.plugin is self.plugin for offer in registry.offers), (
            f"No hook of the module '{module.module}' offers {self.plugin.__name__}, so no project can use it. Return it in the list of "
            f"the function {hook}, decorated with @hookimpl. If the hook is in "
            'another module, name it in this test: hook = "my_package.hooks".'
        )

    def test_registration_is_light(self) -> None:
        sources = {contract._registration() for contract in contracts()}
        modules = tuple(sorted(((one.module, one.file.path if one.file else None) for one in sources), key=str))
        mine = self._registration().module
        pulled = imported_by(modules)[mine]
        assert not isinstance(pulled, str), f"'{mine}' cannot be imported in a fresh process: {pulled}"
        assert not pulled, (
            f"Importing '{mine}' imports {', '.join(pulled)}, and every labrun command imports it, even 'labrun --help'. Import heavy "
            "libraries inside the method that needs them; for annotations, under 'if TYPE_CHECKING:'."
        )

    def test_a_worker_can_load_it(self) -> None:
        config = in_a_worker(configured_there, source_of(self.plugin), dict(self.config))
        assert config == self.configured().model_dump(mode="json"), (
            f"{self.plugin.__name__} is configured differently in a spawned process. Does it depend on the environment, the time, or the "
            "order of a set?"
        )

    @classmethod
    def _registration(cls) -> PluginCode:
        """Return the module with the hook."""
        source = source_of(cls.plugin)
        parts = source.module.split(".")
        above = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
        name = cls.hook or next((name for name in above if _has_hooks(sys.modules[name])), above[-1])
        return PluginCode(name, "", source.file if name == source.module else None)

    def method(self) -> str:
        """Return the name of the plugin's method for messages: `Pendulum.simulate`."""
        return f"{self.plugin.__name__}.{METHODS[kind_of(self.plugin)]}"


def _has_hooks(module: Any) -> bool:
    return any(hasattr(one, "labrun_impl") for one in vars(module).values())


class InputsContract(PluginContract):
    """The base of contracts for plugins that take other stages as inputs."""

    def inputs(self) -> dict[str, Any]:
        """Return the arguments of the plugin's method by name: toy inputs of some members, such as `{"simulation": toy_ensemble(…)}`."""
        raise NotImplementedError(f"{type(self).__name__} needs 'def inputs(self)': the inputs of {self.method()}")

    def _inputs(self) -> dict[str, Any]:
        """Return the inputs, made once for all tests."""
        given = once(type(self), "given", self.inputs)
        check_names(self.plugin, given)
        return given


def once(contract: type[PluginContract], name: str, make: Callable[[], Result]) -> Result:
    """Return the value of `make()`, kept for all tests of a contract: pytest creates a new object of its class for each test."""
    if f"_{name}_" not in vars(contract):
        setattr(contract, f"_{name}_", make())
    return vars(contract)[f"_{name}_"]


def contracts(base: type[PluginContract] = PluginContract) -> Iterator[type[PluginContract]]:
    """Yield all contracts that name a plugin: the modules of one pytest run are all imported in one fresh process."""
    for contract in base.__subclasses__():
        if "plugin" in vars(contract):
            yield contract
        yield from contracts(contract)


def configured_there(source: PluginCode, config: dict[str, Any]) -> dict[str, Any]:
    """Load and configure a plugin in another process; return the whole configuration."""
    plugin: Any = source.load()
    return dict(plugin.configured(config).model_dump(mode="json"))
