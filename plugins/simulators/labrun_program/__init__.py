"""Simulator `program`: any program, started once for each member, with arrays read from what it writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import InitErrorDetails

from labrun import Arrays, Field, Simulator, did_you_mean, hookimpl
from labrun_program.outputs import Output, expect_inside
from labrun_program.parameters import Parameter
from labrun_program.placeholders import ALL, SEED, Value, placeholders
from labrun_program.sources import Found, find

if TYPE_CHECKING:
    import numpy as np

    from labrun.contracts.surroundings import Surroundings


class Program(Simulator):
    """Any program: started once for each member in an empty folder of its own, with arrays read from what it writes or prints.

        programs: {ising: ./ising}
        simulations:
          magnets:
            use: program
            with:
              command: [ising, --size, "{size}", --temperature, "{temperature}", --seed, "{seed}"]
              outputs: {spins: {file: spins.bin, dtype: int8, shape: [size, size]}}
              size: 32
            sweep: {grid: {temperature: {from: 2.0, to: 2.6, step: 0.1}}, repeats: 20}

    `command` begins with a program that `programs` at the head of the project names. A parameter is any further key under `with` or column
    of the sweep that the command, a template, the environment or a shape uses. `{seed}` is a whole number from 1 to 2³¹ − 1 that follows
    from the project's seed and the member. Names under `needs` and `programs` stand for absolute paths.

    The program has an empty standard input, no terminal, one thread (`OMP_NUM_THREADS` and the like), and of the environment `PATH` alone.
    Its folder is removed afterwards, and kept if the member fails. Processes that it started end with it, with the worker and with the run.

    Raises an error if the program does not start, ends with an exit status other than 0 or by a signal, takes longer than the `timeout` of
    the simulation, prints more than 64 MiB, leaves processes behind, does not write an output, writes one that is incomplete or not finite,
    or changes a file on which the key rests.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    name: ClassVar[str] = "program"
    version: ClassVar[int] = 1
    keeps_time: ClassVar[bool] = True

    command: list[str] = Field(min_length=1, description="program and its arguments; {name} stands for a parameter")
    arrays: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], Output] = Field(
        alias="outputs", min_length=1, description="arrays of a member, and where the program writes them"
    )
    files: dict[str, str] = Field(
        {},
        description="files in the member's folder: from a template (.j2, Jinja2) or copied; paths relative to the project",
    )
    needs: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], str] = Field(
        {},
        description="files and folders that it reads where they are, such as libraries and data; paths relative to the project",
    )
    parameters: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], Parameter] = Field(
        {}, description="declared parameters: type, bounds, unit, default"
    )
    environment: dict[str, str | None] = Field(
        {}, description="variables of its environment; null takes over the value that the worker has"
    )
    random: bool = Field(
        True, description="whether it draws random numbers; false: the same parameters give the same arrays"
    )
    found: SkipJsonSchema[Found] = Field(
        Found(), description="filled in by labrun: the digests of all files that results depend on"
    )

    @classmethod
    def completed(cls, config: Mapping[str, Any], surroundings: Surroundings) -> dict[str, Any]:
        """Add the digests of the program and of all files, whatever the project says about them."""
        return {**config, "found": find(config, surroundings)}

    @classmethod
    def may_sweep(cls, name: str) -> bool:
        """Check whether a column can be a parameter: not a field, so that a sweep cannot name a program."""
        return name not in cls.model_fields and name != "outputs"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if faults := [*self._faults()]:
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self

    def _faults(self) -> Iterator[InitErrorDetails]:
        """Yield what is wrong with fields and parameters together."""
        try:
            used = {*self._used()}
        except ValueError as error:
            yield _fault(error, "command")
            return
        first = self.command[0]
        if first not in self.found.programs:
            yield _fault(
                f"'{first}' is not among the programs that this project may start{did_you_mean(first, self.found.startable)}. Name it at "
                "the head of the project, such as programs: {ising: ./ising}, and here by that name",
                "command",
                0,
            )
        for kind, files in (("files", self.found.files), ("needs", self.found.needs)):
            yield from (_fault(file.problem, kind, name) for name, file in files.items() if file.problem)
        for name in self.files:
            try:
                expect_inside(name)
            except ValueError as error:
                yield _fault(error, "files", name)
        given = self.model_extra or {}
        for name, value in given.items():
            if name in self.needs or name in self.found.programs:
                yield _fault("this is a parameter, and a program or a file under 'needs' too: rename one of them", name)
            elif name in self.parameters:
                if problem := self.parameters[name].problem_with(value):
                    yield _fault(problem, name)
            elif name not in used and ALL not in used:
                yield {"type": "extra_forbidden", "loc": (name,), "input": value}
            elif not isinstance(value, (bool, int, float, str)):
                yield _fault("expected a number, a text, or true or false", name)
        known = {*given, *self.parameters, *self.needs, *self.found.programs, SEED, ALL}
        for name in sorted(used - known):
            yield {"type": "missing", "loc": (name,), "input": given}
        for name, parameter in self.parameters.items():
            if name not in given and parameter.default is None:
                yield {"type": "missing", "loc": (name,), "input": given}
        for name, output in self.arrays.items():
            try:
                output.sides(self._values)
            except KeyError:
                continue  # a parameter is missing, as reported above
            except ValueError as error:
                yield _fault(error, "outputs", name, "shape")

    def _used(self) -> Iterator[str]:
        """Yield the names that commands, templates, the environment and shapes use."""
        for text in (*self.command[1:], *(value for value in self.environment.values() if value)):
            yield from placeholders(text)
        for file in self.found.files.values():
            yield from file.names
        for output in self.arrays.values():
            yield from output.names

    @cached_property
    def _values(self) -> dict[str, Value]:
        """The parameters, with defaults, as the program gets them."""
        defaults = {name: p.default for name, p in self.parameters.items() if p.default is not None}
        given = defaults | (self.model_extra or {})
        return {name: self.parameters[name].plain(v) if name in self.parameters else v for name, v in given.items()}

    @cached_property
    def _is_seeded(self) -> bool:
        return bool({SEED, ALL} & {*self._used()})

    def declared_outputs(self) -> Mapping[str, str]:
        """Return the arrays that the configuration describes."""
        return {name: output.declaration() for name, output in self.arrays.items()}

    def remarks(self) -> Iterable[str]:
        """Warn of a program that draws random numbers of its own."""
        if self.random and not self._is_seeded:
            yield (
                f"'{self.command[0]}' does not get a {{seed}}, so its random numbers do not follow from the project's seed, and its "
                "results may differ when they are made again. Pass {seed} to it, or say 'random: false' if it draws none"
            )

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Start the program and return what `outputs` describes.

        Raises:
            LabrunError: the program or what it wrote is not as it should be.
            OSError: the disk is full.
        """
        from labrun_program.member import simulate_member

        seed = int(rng.integers(1, 2**31)) if self._is_seeded else 0
        return simulate_member(self, {SEED: seed} | self._values)


def _fault(problem: object, *where: str | int) -> InitErrorDetails:
    return {"type": "value_error", "loc": where, "input": None, "ctx": {"error": ValueError(str(problem))}}


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the simulator."""
    return [Program]
