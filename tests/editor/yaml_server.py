"""A small client of the YAML language server that VS Code and other editors use, over its standard input and output."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

from tests.waiting import HANG


class YamlServer:
    """A running server; files are opened as if they lay in `folder`, so that their first line names a schema there."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            ["node", str(program), "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._settings = {
            "yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
        }
        self._numbers = iter(range(1, 10**6))
        self._answers: dict[int, queue.Queue[Any]] = {}
        self._diagnostics: dict[str, queue.Queue[Any]] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        self.ask(
            "initialize",
            processId=None,
            rootUri=None,
            capabilities={"workspace": {"configuration": True}, "textDocument": {"hover": {}, "completion": {}}},
        )
        self._tell("initialized")
        self._tell("workspace/didChangeConfiguration", settings=self._settings)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def open(self, text: str, name: str = "") -> str:
        """Open a document; its address is returned."""
        address = (self._folder / (name or f"project-{next(self._numbers)}.yaml")).as_uri()
        self._diagnostics[address] = queue.Queue()
        self._tell(
            "textDocument/didOpen", textDocument={"uri": address, "languageId": "yaml", "version": 1, "text": text}
        )
        return address

    def diagnostics(self, text: str, name: str = "") -> list[tuple[str, str]]:
        """What the server underlines in a document: the words, and what it says of them."""
        address = self.open(text, name)
        lines = text.splitlines()
        found = []
        for problem in self._diagnostics[address].get(timeout=HANG):
            start, end = problem["range"]["start"], problem["range"]["end"]
            last = end["character"] if end["line"] == start["line"] else None
            found.append((lines[start["line"]][start["character"] : last], problem["message"]))
        return found

    def complete(self, text: str) -> dict[str, dict[str, Any]]:
        """What may stand where `^` does in the text, by its label."""
        address, place = self._marked(text)
        answer = self.ask("textDocument/completion", textDocument={"uri": address}, position=place)
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"]: item for item in items}

    def hover(self, text: str) -> str:
        """What is shown where `^` stands in the text."""
        address, place = self._marked(text)
        answer = self.ask("textDocument/hover", textDocument={"uri": address}, position=place)
        return answer["contents"]["value"] if answer else ""

    def _marked(self, text: str) -> tuple[str, dict[str, int]]:
        before, after = text.split("^")
        line = before.count("\n")
        return self.open(before + after), {"line": line, "character": len(before) - before.rfind("\n") - 1}

    def ask(self, method: str, **parameters: Any) -> Any:
        """Call a method of the server and wait for its answer."""
        number = next(self._numbers)
        self._answers[number] = queue.Queue()
        self._write({"id": number, "method": method, "params": parameters})
        return self._answers[number].get(timeout=HANG)

    def _tell(self, method: str, **parameters: Any) -> None:
        self._write({"method": method, "params": parameters})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        while header := stream.readline():
            length = int(header.partition(b":")[2])
            while stream.readline().strip():
                pass
            self._take(json.loads(stream.read(length)))

    def _take(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            address = message["params"]["uri"]
            if address in self._diagnostics:
                self._diagnostics[address].put(message["params"]["diagnostics"])
        elif method == "workspace/configuration":
            answers = [self._settings.get(item.get("section")) for item in message["params"]["items"]]
            self._write({"id": message["id"], "result": answers})
        elif method and "id" in message:
            self._write({"id": message["id"], "result": None})
        elif "id" in message:
            self._answers[message["id"]].put(message.get("result"))
