"""clang-tidy over every source of the product that the build compiles: tidy.py BUILD. One "ok" or "not ok" a file."""
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def sources(build: Path) -> list[Path]:
    commands = json.loads((build / "compile_commands.json").read_text())
    paths = {(Path(c["directory"]) / c["file"]).resolve() for c in commands}
    stages = [ROOT / stage for stage in ("capture", "decode", "store", "tools")]
    return sorted(p for p in paths if any(stage in p.parents for stage in stages))


def main() -> int:
    build = Path(sys.argv[1])

    def tidy(path: Path):
        return path, subprocess.run(["clang-tidy", "--quiet", "-p", str(build), str(path)], cwd=ROOT, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for path, run in threads.map(tidy, sources(build)):
            failed += run.returncode != 0
            print("not ok" if run.returncode else "ok", "tidy", path.relative_to(ROOT))
            if run.returncode:
                print(run.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
