"""The rules of the tree, each a check: prints "ok" or "not ok" for each, and where it is broken."""
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAGES = ["capture", "decode", "store", "tools"]  # in the order a packet meets them
LINES = 400

# Files over LINES, each with its reason; none may pass 800.
LONG_FILES: dict[str, str] = {}

# Each third-party header, and the one module that may include it.
THIRD_PARTY = {
    r"zlib\.h|zstd\.h": ["capture/src/"],
    r"pcap(\.h|/)": ["capture/src/pcap_interface", "capture/src/frame_filter"],
    r"seccomp\.h": ["tools/koegura/sandbox"],
    r"rte_\w+\.h": ["capture/src/dpdk/", "tests/bench/dpdk"],
    # the generator encodes what decode decodes
    r"libav\w+/|libsw\w+/": ["decode/src/", "tools/traffic/src/libavcodec_codec"],
    r"opus/": ["decode/src/opus_decoder"],
    r"speex/": ["decode/src/speex_decoder"],
    r"FLAC/": ["decode/src/flac_"],
    r"spandsp": ["decode/src/tone_digits", "decode/src/fax_image", "decode/src/g726", "tools/traffic/src/g726_codec",
                 "tests/decode/g726"],
    r"tiffio": ["decode/src/fax_tiff"],
    r"openssl/": ["decode/src/sample_hash", "store/src/sha256", "store/src/signing_key",
                  "tools/traffic/src/truth_file"],
    # the generator seals what decode opens
    r"srtp2/": ["decode/src/srtp_session", "tools/traffic/src/srtp_sealer"],
    r"rocksdb/": ["store/src/"],
    r"phonenumbers/": ["store/src/number"],
    r"CLI/": ["tools/"],
    r"boost/": ["tools/koegura/api_"],
    r"ncurses": ["tools/koegura/curses_screen"],
    r"toml\+\+|toml\.hpp": ["tools/"],
    r"spdlog/|fmt/": ["tools/"],
    r"doctest/": ["tests/"],
    r"benchmark/": ["tests/bench/"],
    r"sqlite3\.h": ["tests/bench/sqlite_calls"],
}
PUBLIC_MAY_INCLUDE = re.compile(r"tl/expected\.hpp|(record|ledger|change)\.pb\.h|google/protobuf/")


def walk() -> list[Path]:
    """Every file of the tree that is ours: not git's, not built, not the lists of inputs."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in (".git", ".cache", "__pycache__", "corpus") and not (
            folder == str(ROOT) and f.startswith("build")))
        found += [Path(folder, f).relative_to(ROOT) for f in sorted(files) if f != ".git"]  # a file, in a worktree
    return found


FILES = walk()
SOURCES = [f for f in FILES if f.suffix in (".h", ".cc")]
TEXT = {f: (ROOT / f).read_text(encoding="utf-8", errors="replace") for f in FILES}


def code(path: Path) -> list[tuple[int, str]]:
    """The lines of a source, numbered, without // comments and the contents of strings."""
    lines = []
    for number, line in enumerate(TEXT[path].splitlines(), 1):
        line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
        lines.append((number, re.sub(r"//.*", "", line)))
    return lines


def includes(path: Path) -> list[tuple[int, str]]:
    return [(n, m[1]) for n, line in enumerate(TEXT[path].splitlines(), 1)
            if (m := re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line))]


def stage_of(path: Path) -> str:
    """The stage a file belongs to; a test belongs to the stage it tests, the rest of tests/ to none."""
    top = path.parts[1] if path.parts[0] == "tests" and len(path.parts) > 1 else path.parts[0]
    return top if top in STAGES else ""


def find(pattern: str, where, message: str):
    expression = re.compile(pattern)
    for path in SOURCES:
        if where(path):
            for number, line in code(path):
                if expression.search(line):
                    yield f"{path}:{number}: {message}: {line.strip()}"


def formatted():
    """clang-format leaves every source as it is"""
    command = ["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *map(str, SOURCES)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    yield from re.findall(r"^(\S+:\d+):\d+: error:", run.stderr, re.MULTILINE)
    if run.returncode:
        yield "clang-format -i puts them right"


def include_direction():
    """a stage includes only headers of itself and of the stages to its left"""
    for path in SOURCES:
        stage = stage_of(path)
        for number, header in includes(path):
            owner = "store" if header in ("record.pb.h", "ledger.pb.h", "change.pb.h") else header.split("/")[0]
            if stage and owner in STAGES and STAGES.index(owner) > STAGES.index(stage):
                yield f"{path}:{number}: {stage} may not include {header}"


def third_party():
    """each third-party header is included in one module, and in no public header"""
    for path in SOURCES:
        for number, header in includes(path):
            for pattern, allowed in THIRD_PARTY.items():
                if not re.match(pattern, header):
                    continue
                tests_its_stage = path.parts[0] == "tests" and any(a.startswith(stage_of(path) or "-") for a in allowed)
                if not tests_its_stage and not any(str(path).startswith(a) for a in allowed):
                    yield f"{path}:{number}: {header} belongs into {' or '.join(allowed)}"
                elif "include" in path.parts and not PUBLIC_MAY_INCLUDE.match(header):
                    yield f"{path}:{number}: a public header includes {header}"


def file_sizes():
    """no file is over 400 lines without a written reason, none over 800"""
    for path in FILES:
        if path.name == "LICENSE" or path.suffix not in (".h", ".cc", ".py", ".proto", "", ".build"):
            continue
        lines = TEXT[path].count("\n")
        limit = 800 if str(path) in LONG_FILES else LINES
        if lines > limit:
            yield f"{path}: {lines} lines, {limit} are allowed"
    for path in LONG_FILES:
        if TEXT.get(Path(path), "").count("\n") <= LINES:
            yield f"{path}: its exception is no longer needed"


def names():
    """files are snake_case, and none is a util, common, misc, helper or manager"""
    for path in SOURCES:
        if not re.fullmatch(r"[a-z0-9_]+", path.stem):
            yield f"{path}: not snake_case"
    for path in FILES:
        if re.search(r"(^|_)(utils?|common|misc|helpers?|managers?)$", path.stem):
            yield f"{path}: name it after what it does"


def public_headers():
    """a public header opens with its sentence, and has #pragma once before anything else"""
    for path in SOURCES:
        if path.suffix == ".h" and "include" in path.parts:
            lines = TEXT[path].splitlines()
            first_code = next((line for line in lines if line and not line.startswith("//")), "")
            if first_code != "#pragma once":
                yield f"{path}: #pragma once does not come first"
            if not lines[0].startswith("// ") and not lines[1].startswith("// "):
                yield f"{path}: no sentence says what it is"


def ownership():
    """capture and decode own by unique_ptr: no shared_ptr"""
    yield from find(r"\bshared_ptr\b", lambda p: p.parts[0] in ("capture", "decode"), "shared_ptr")


def exceptions():
    """we throw nothing, and what throws of a disk that refuses is not used: see folder_entries.h"""
    yield from find(r"\bthrow\b", lambda p: p.parts[0] in STAGES, "throws")
    pattern = r"\bfor \([^;]* : [^;]*directory_iterator\(|istreambuf_iterator"
    yield from find(pattern, lambda p: p.parts[0] in STAGES, "throws, if the disk refuses")


def silent_libraries():
    """libraries neither log nor print: they return errors and counts"""
    pattern = r"\bstd::(cout|cerr|clog)\b|\b(std::)?f?printf\(|\bperror\(|\bspdlog::"
    yield from find(pattern, lambda p: p.parts[0] in STAGES[:3], "prints")


def passive():
    """no code path can send a frame (promise 1)"""
    pattern = r"\b(sendto|sendmsg|sendmmsg|pcap_inject|pcap_sendpacket|pcap_sendqueue\w*|rte_eth_tx\w*)\b"
    yield from find(pattern, lambda p: p.parts[0] == "capture", "sends")
    # nowhere in the program: calls and sockets that put frames on a wire
    pattern = (r"\bpcap_(inject|sendpacket|sendqueue\w*)\b|\brte_eth_tx_(burst|queue_setup|buffer\w*)\b|"
               r"\b[AP]F_PACKET\b|^(?!.*\bAF_NETLINK\b).*\bSOCK_RAW\b")
    yield from find(pattern, lambda p: p.parts[0] in STAGES, "can send frames")


def using_declarations():
    """what a using-declaration brings in is used there, and no source is included"""
    for path in SOURCES:
        if path.suffix != ".cc" or path.parts[0] not in STAGES:
            continue
        lines = code(path)
        for number, line in lines:
            name = re.match(r"using (?:typename )?[\w:]+::(\w+);", line)
            if name and not any(n != number and re.search(rf"\b{name[1]}\b", other) for n, other in lines):
                yield f"{path}:{number}: {name[1]} is not used"
        yield from (f"{path}:{n}: {header} is no header" for n, header in includes(path)
                    if header.endswith((".cc", ".cpp", ".c")))


def machine_paths():
    """no path of a developer's machine stands in the tree"""
    pattern = re.compile(r"/(work|home|root|Users)/[a-z]")
    for path, text in TEXT.items():
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line) and path != Path(__file__).relative_to(ROOT):
                yield f"{path}:{number}: {line.strip()}"


def unfinished():
    """nothing is half finished: no TODO, FIXME or XXX"""
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b")
    for path, text in TEXT.items():
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line) and path != Path(__file__).relative_to(ROOT):
                yield f"{path}:{number}: {line.strip()}"


def shell_scripts():
    """shell scripts parse, and shellcheck has nothing to say"""
    scripts = [str(f) for f in FILES if re.match(r"#!.*\b(ba)?sh\b", TEXT[f])]
    for command in (["bash", "-n"], ["shellcheck"]):
        for script in scripts:
            run = subprocess.run([*command, script], cwd=ROOT, capture_output=True, text=True)
            if run.returncode:
                yield f"{script}: {run.stdout}{run.stderr}"


def corpora():
    """each fuzz target has a corpus of small files"""
    for target in [f for f in SOURCES if f.name.endswith("_fuzz.cc")]:
        corpus = ROOT / "tests/fuzz/corpus" / target.name.removesuffix("_fuzz.cc")
        inputs = [f for f in corpus.rglob("*") if f.is_file()]
        if not inputs:
            yield f"{target}: {corpus.relative_to(ROOT)} is empty"
        yield from (f"{f.relative_to(ROOT)}: over 64 KB" for f in inputs if f.stat().st_size > 65536)


RULES = [formatted, include_direction, third_party, file_sizes, names, public_headers, ownership, exceptions,
         silent_libraries, passive, using_declarations, machine_paths, unfinished, shell_scripts, corpora]


def main() -> int:
    broken = 0
    for rule in RULES:
        findings = list(rule())
        broken += bool(findings)
        print("not ok" if findings else "ok", "lint:", rule.__doc__)
        for finding in findings:
            print("  ", finding)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
