"""Describe a run as entities of schema.org, as the Workflow Run RO-Crate profiles require.

The workflow is `project.yaml`. Each stage is one of its steps (HowToStep), controlled (ControlAction) by the engine (OrganizeAction): a
plugin (SoftwareApplication) makes the stage's result (CreateAction).
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any
from urllib.parse import quote

from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.model.entity import Entity

from labrun.contracts.inputs import ONE_OF
from labrun.crate.contents import Content, named_by_project, run_files, stage_files
from labrun.crate.entities import Entities, about_file, iso, set_values
from labrun.crate.times import spans
from labrun.files.digests import sha256_of
from labrun.files.guarded import GuardedPath
from labrun.flattening import flattened
from labrun.records.run_record import RunRecord, place_of

__all__ = ["Description", "describe"]

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
STATUS = {
    "done": "http://schema.org/CompletedActionStatus",
    "reused": "http://schema.org/CompletedActionStatus",
    "failed": "http://schema.org/FailedActionStatus",
    "interrupted": "http://schema.org/FailedActionStatus",
}
README = """\
# {name}

{description}

`report.html` shows what was found. `ro-crate-metadata.json` records which stage made what, when, from what and with which plugin, for
programs that read RO-Crates. `labrun project.yaml` repeats the run.
"""
KINDS: dict[str, str] = {str(section): word for section, word in ONE_OF.items()}
NO_LICENCE = "No licence is stated. Ask the authors before you use this."


def describe(run: RunRecord, members: bool, licence: str) -> Description:
    """Return the description of a run's crate, which is not written yet.

    Raises:
        OSError, ValueError, TypeError, LookupError, AttributeError: the run is damaged.
    """
    description = Description(run)
    description.add_root(licence)
    description.add_workflow()
    for position, stage in enumerate(run.in_order()):
        description.add_stage(stage, position, members)
    description.add_run()
    return description


class Description(Entities):
    """The entities of one run; `remarks` are for the person who exports it."""

    def __init__(self, run: RunRecord) -> None:
        super().__init__()
        self.run = run
        self.stages = 0
        self.remarks: list[str] = []
        self._spans = spans(GuardedPath(run.folder) / "events.jsonl")
        self._results: dict[str, Entity] = {}
        self._controls: list[Entity] = []

    def add_root(self, licence: str) -> None:
        """Describe the crate itself."""
        record = self.run.record
        self.crate.name = f"{record['project']}: a run of labrun"
        self.crate.description = str(
            self.run.project.get("description") or f"A run of the project {record['project']}."
        )
        self.crate.datePublished = record["finished"]
        words = {"name": licence} if licence else {"name": "no licence is stated", "description": NO_LICENCE}
        self.crate.license = self.add(licence or "#licence", "CreativeWork", **words)
        self.crate.root_dataset["conformsTo"] = [
            self.add(address, "CreativeWork", name=name, version=address.rsplit("/", 1)[1])
            for address, name in PROFILES.items()
        ]
        self.crate.metadata["conformsTo"] = [{"@id": self.crate.metadata.profile}, {"@id": [*PROFILES][-1]}]
        self._add_readme()

    def _add_readme(self) -> None:
        text = README.format(name=self.crate.name, description=self.crate.description)
        words = {"name": "README.md", "encodingFormat": "text/markdown", "about": self.crate.root_dataset}
        self.crate.add_file(StringIO(text), "README.md", properties=words, record_size=True)
        self.files += 1

    def add_workflow(self) -> None:
        """Describe the project, the software that runs it, and the files that it names."""
        record, versions = self.run.record, self.run.record["versions"]
        self.engine = self.add_software("labrun", versions["labrun"])
        libraries = [self.add_software(name, version) for name, version in versions.items() if name != "labrun"]
        set_values(self.engine, "softwareRequirements", libraries)
        language = self.add(
            "#language",
            "ComputerLanguage",
            name="labrun",
            alternateName="YAML project of labrun",
            version=versions["labrun"],
        )
        path = GuardedPath(self.run.folder) / "project.yaml"
        content = Content(path, path.name, sha256_of(path))
        kinds = {"@type": [*ComputationalWorkflow.TYPES, "HowTo"]}
        words = kinds | about_file(content)
        self.workflow = self.crate.add(ComputationalWorkflow(self.crate, path.path, path.name, properties=words))
        self.workflow["name"] = record["project"]
        self.workflow["version"] = _commit(record) or "unknown"
        self.workflow["programmingLanguage"] = language
        self.workflow["conformsTo"] = {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"}
        self.crate.mainEntity = self.workflow
        self.files += 1
        self._given = [self._given_seed(), *self._given_files()]

    def _given_seed(self) -> Entity:
        value = self.run.record["seed"]
        seed = self.add("#seed", "PropertyValue", name="seed", value=value)
        self._parameter("input", "seed", "Integer", seed, "seed of all random numbers")
        return seed

    def _given_files(self) -> list[Entity]:
        there, missing = named_by_project(self.run)
        self.remarks += [
            f"'{name}' is not included: the run holds no copy of it, or it is neither a table nor a Python file"
            for name in missing
        ]
        found = []
        for content in there:
            file = self.add_file(content)
            self._parameter("input", content.place, "File", file, "a file that the project names")
            found.append(file)
        return found

    def _parameter(self, direction: str, name: str, kind: str, example: Entity, meaning: str) -> None:
        parameter = self.add(
            f"#{direction}-{quote(name, safe='')}",
            "FormalParameter",
            additionalType=kind,
            name=name,
            description=meaning,
        )
        parameter["conformsTo"] = {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"}
        parameter["workExample"] = example
        example["exampleOfWork"] = parameter
        self.workflow.append_to(direction, parameter, compact=True)

    # -- stages --

    def add_stage(self, stage: str, position: int, members: bool) -> None:
        """Describe a stage as a step of the workflow: what made it, when, from what. Skip a stage that was not tried."""
        entry = self.run.stages[stage]
        if entry["outcome"] not in STATUS:
            return
        name = quote(stage, safe="")
        tool = self._tool(entry)
        step = self.add(f"#step-{name}", "HowToStep", name=stage, position=str(position))
        step["workExample"] = tool
        self.workflow.append_to("step", step, compact=True)
        action = self.add(f"#action-{name}", "CreateAction", name=f"{entry['plugin']} makes {stage}", instrument=tool)
        action["description"] = f"{KINDS[stage.partition('.')[0]]} of the project, made by the plugin {entry['plugin']}"
        action["actionStatus"] = STATUS[entry["outcome"]]
        set_values(action, "object", [*self._sources(stage), *self._settings(name, entry["inputs"])])
        self.add_facts(action, name, {"key": entry["key"], "seconds": entry["seconds"]})
        if span := self._spans.get(entry["key"]):
            action["startTime"], action["endTime"] = iso(span.start), iso(span.end)
            if entry["outcome"] == "failed" and span.message:
                action["error"] = span.message
        if stage in self.run.done(stage.partition(".")[0]):
            action["result"] = self._results[stage] = self._result(stage, members)
        self.crate.root_dataset.append_to("mentions", action, compact=True)
        control = self.add(f"#control-{name}", "ControlAction", name=f"labrun makes {stage}", instrument=step)
        control["object"] = action
        self._controls.append(control)
        self.stages += 1

    def _tool(self, entry: Mapping[str, Any]) -> Entity:
        identifier = f"#plugin-{quote(entry['plugin'], safe='')}"
        if (known := self.crate.get(identifier)) is not None:
            return known
        distribution, _, name = entry["plugin"].rpartition(":")
        tool = self.add(identifier, "SoftwareApplication", name=name, softwareVersion=str(entry["plugin_version"]))
        tool["identifier"] = entry["plugin"]
        version = self.run.record["versions"].get(distribution)
        if version is not None:
            tool["isPartOf"] = self.add_software(distribution, version)
        self.workflow.append_to("hasPart", tool, compact=True)
        return tool

    def _sources(self, stage: str) -> list[Entity]:
        return [self._results[source] for source in self.run.sources(stage) if source in self._results]

    def _settings(self, stage: str, inputs: Mapping[str, Any]) -> list[Entity]:
        settings = flattened({**inputs["config"], **{key: inputs[key] for key in ("fit", "sweep") if key in inputs}})
        return [
            self.add_value(f"#setting-{stage}-{quote(name, safe='')}", name, value) for name, value in settings.items()
        ]

    def _result(self, stage: str, members: bool) -> Entity:
        section, _, name = stage.partition(".")
        words = {"name": stage, "description": f"result of the {KINDS[section]} '{name}'"}
        dataset = self.crate.add_dataset(dest_path=place_of(stage), properties=words)
        set_values(dataset, "hasPart", [self.add_file(content) for content in stage_files(self.run, stage, members)])
        return dataset

    # -- the whole --

    def add_run(self) -> None:
        """Describe the run itself: what made it, when, on which machine."""
        record = self.run.record
        times = {"startTime": iso(record["started"]), "endTime": iso(record["finished"])}
        status = STATUS[record["outcome"]]
        action = self.add(
            "#run", "CreateAction", name=f"a run of {record['project']}", instrument=self.workflow, **times
        )
        action["description"] = f"labrun {record['versions']['labrun']} ran the project on {record['host']['name']}"
        action["actionStatus"] = status
        set_values(action, "object", self._given)
        files = [self.add_file(content) for content in run_files(self.run)]
        set_values(action, "result", [*files, *self._results.values()])
        for file in files:
            if file.id == "report.html":
                self._parameter("output", "report", "File", file, "report of methods and results, as a web page")
        memory = record["peak_memory_bytes"] or {}
        host = {f"host: {key}": value for key, value in record["host"].items()}
        git = {f"git: {key}": value for key, value in (record["git"] or {}).items()}
        known = {"seconds": record["seconds"], "Keras backend": record["keras_backend"], "command": record["command"]}
        self.add_facts(action, "run", known | host | git)
        set_values(action, "resourceUsage", [self._usage(name, size) for name, size in memory.items()])
        self.crate.root_dataset.append_to("mentions", action, compact=True)
        if self._controls:
            engine = self.add(
                "#engine", "OrganizeAction", name="labrun runs the project", instrument=self.engine, **times
            )
            engine["actionStatus"] = status
            set_values(engine, "object", self._controls)
            engine["result"] = action
            self.crate.root_dataset.append_to("mentions", engine, compact=True)

    def _usage(self, name: str, size: int) -> Entity:
        usage = self.add_value(f"#memory-{name}", f"peak memory of {name.replace('_', ' ')}", size)
        usage["propertyID"] = "https://en.wikipedia.org/wiki/Resident_set_size"
        usage["unitCode"] = "AD"  # bytes, in UN/CEFACT's common codes
        return usage


def _commit(record: Mapping[str, Any]) -> str | None:
    return record["git"]["commit"] if record["git"] else None
