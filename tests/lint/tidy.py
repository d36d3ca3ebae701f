"""clang-tidy over every source of the product: tidy.py GROUPS ALONE. One "ok" or "not ok" a file.

GROUPS is a build whose libraries compile in groups (unity): there nearly every check runs, once for the headers that a
group shares, which is most of the work. ALONE is a build without groups: each source by itself, which also proves that
it compiles by itself, with the checks that look at nothing but the main file.
"""
import json
import os
import subprocess
import sys
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


def tidy(build: Path, path: Path, checks: str):
    command = ["clang-tidy", "--quiet", "-p", str(build), f"--checks={checks}", str(path)]
    return path, subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main() -> int:
    grouped, alone = Path(sys.argv[1]), Path(sys.argv[2])
    most = ",".join(f"-{check}" for check in MAIN_FILE_ONLY)  # of .clang-tidy's
    few = ",".join(("-*", *MAIN_FILE_ONLY))
    work = [(grouped, path, most) for path in groups(grouped)] + [(alone, path, few) for path in sources(alone)]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for path, run in threads.map(lambda one: tidy(*one), work):
            failed += run.returncode != 0
            print("not ok" if run.returncode else "ok", "tidy", path.relative_to(ROOT))
            if run.returncode:
                print(run.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
