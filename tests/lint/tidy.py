"""clang-tidy over every source of the product: tidy.py GROUPS ALONE. One "ok" or "not ok" a file.

GROUPS is a build whose libraries compile in groups (unity): there the checks run, once for the headers that a group
shares, which is most of the work; but for those that look at the main file alone, whose part lint does. ALONE is a
build without groups: each source has to compile by itself, too.
"""
import json
import os
import shlex
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGES = [ROOT / stage for stage in ("capture", "decode", "store", "tools")]
MAIN_FILE_ONLY = ("misc-unused-using-decls", "bugprone-suspicious-include")


def files(build: Path) -> list[Path]:
    """What the build compiles."""
    commands = json.loads((build / "compile_commands.json").read_text())
    return sorted({(Path(c["directory"]) / c["file"]).resolve() for c in commands})


def groups(build: Path) -> list[Path]:
    """Of the product's libraries; tests are in folders of their own."""
    return [p for p in files(build) if "-unity" in p.name and p.relative_to(build.resolve()).parts[0] != "tests"]


def sources(build: Path) -> list[Path]:
    return [p for p in files(build) if any(stage in p.parents for stage in STAGES)]


def tidy(build: Path, path: Path) -> tuple[list[str], Path]:
    checks = ",".join(f"-{check}" for check in MAIN_FILE_ONLY)  # of .clang-tidy's
    return ["clang-tidy", "--quiet", "-p", str(build.resolve()), f"--checks={checks}", str(path)], ROOT


def compiling(build: Path) -> dict[Path, tuple[list[str], Path]]:
    """Of each source: how the build compiles it, but that nothing is written; and where."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        folder, words = Path(entry["directory"]), shlex.split(entry["command"])
        words = words[words[0] == "ccache":words.index("-MD")]  # what follows is about files to write
        found[(folder / entry["file"]).resolve()] = [*words, "-fsyntax-only", entry["file"]], folder
    return found


def run(path: Path, command: list[str], folder: Path):
    return path, subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main() -> int:
    grouped, alone = Path(sys.argv[1]), Path(sys.argv[2])
    by_itself = compiling(alone)
    work = [(path, *tidy(grouped, path)) for path in groups(grouped)]
    work += [(path, *by_itself[path]) for path in sources(alone)]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for path, done in threads.map(lambda one: run(*one), work):
            failed += done.returncode != 0
            print("not ok" if done.returncode else "ok", "tidy", path.relative_to(ROOT))
            if done.returncode:
                print(textwrap.indent(done.stdout, "   "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
