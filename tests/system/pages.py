"""The pages of the documentation as tests see them: blocks of code, and the notes above them.

A note is an HTML comment on the lines right above a block, so that it is not shown:

- `is: PATH`: the block is that file.
- `file: NAME`: the block is saved under that name for the command that follows.
- `in a task`: the lines are the body of a task, of both HTTP users.
- `run as a script`: Python runs it; with `for two requests` its user stops then, with `after the command above`
  it runs in the folder of that command.
- `runs with: ARGUMENTS`: of the command that runs a locustfile.
- `shortened: ARGUMENTS`: appended to the block's commands. `ends with: CODE`: their exit code.
- `output of the command above`: as if it stood in that command's block.
- `not run: REASON`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md") if page.name != "status.md"),
    *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("packages/*/README.md")),
]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)$")
_NOTE = re.compile(r"<!--\s*(?P<text>.*?)\s*-->")
_SETTING = re.compile(
    r"(?P<key>is|file|runs with|shortened|ends with|not run): (?P<value>.*?)(?=, ends with: |$)"
)


@dataclass
class Block:
    """A fenced block: its place (`docs/http.md:12`), language, lines, and the note above it."""

    place: str
    language: str
    text: str
    note: str = ""

    def setting(self, key: str) -> str | None:
        """Return what the note says after `key:`."""
        for match in _SETTING.finditer(self.note):
            if match["key"] == key:
                return match["value"]
        return None

    @property
    def commands(self) -> list[Command]:
        """The commands of a console block, with what it shows of their output."""
        found: list[Command] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(Command(line.removeprefix("$ ")))
            elif found:
                found[-1].output.append(line)
        return found


@dataclass
class Command:
    """A command line, and lines of its output."""

    line: str
    output: list[str] = field(default_factory=list)


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page in their order."""
    found: list[Block] = []
    current: Block | None = None
    note, indent = "", ""
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if current is not None:
            if fence:
                current = None
            else:
                current.text += line.removeprefix(indent) + "\n"
        elif fence:
            indent = fence["indent"]
            current = Block(f"{page}:{number}", fence["language"], "", note)
            found.append(current)
            note = ""
        elif comment := _NOTE.search(line):
            note = comment["text"]
        elif line.strip():
            note = ""
    return found


def prose_of(page: str) -> str:
    """Return a page without its blocks."""
    return re.sub(
        r"^ *```.*?^ *```$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made for links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
