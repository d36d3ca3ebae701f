"""What fault_disk wrote down, and the folder as it stands after a power cut at any line of it.

The model is a journalling file system (ext4, XFS), at its worst:

- A file's data is on disk once a sync of that file, begun after the write, has ended. Of what was written later
  each page of 4 KiB is on disk as it stood at some moment since: one page new, the next one old, a third one torn
  out of a file that has grown past it and full of zeros. The file is as long as any size that it had since.
- Names (of new files, renamed, removed) reach the disk in their order, none overtakes another; and so far at least
  as the last one of a folder that has been synced. Syncing a file does not keep its name.
- A file that has lost its last name is gone; its blocks never turn up in another.
"""
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

LINE = struct.Struct("<BiiQQII")
(START, OPEN, CLOSE, WRITE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MKDIR, RMDIR, TRUNCATE, ALLOCATE, LINK) = range(1, 14)
NAMES = (RENAME, UNLINK, MKDIR, RMDIR, LINK)  # and OPEN of a new file
O_CREAT, O_TRUNC, EXCHANGE, KEEP_SIZE = 0o100, 0o1000, 2, 1
PAGE = 4096


@dataclass
class Line:
    op: int
    fd: int
    flags: int
    offset: int
    time: float  # seconds since 1970
    first: bytes
    second: bytes


def read_log(path: Path) -> list[Line]:
    lines, data, at = [], path.read_bytes(), 0
    while at + LINE.size <= len(data):  # a kill may have cut the last one off
        op, fd, flags, offset, time_ns, first, second = LINE.unpack_from(data, at)
        at += LINE.size
        if at + first + second > len(data):
            break
        lines.append(Line(op, fd, flags, offset, time_ns / 1e9, data[at:at + first],
                          data[at + first:at + first + second]))
        at += first + second
    return lines


@dataclass
class Change:
    """Of a file's content: bytes at an offset, or a new size."""
    line: int
    offset: int
    data: bytes | None
    grows_only: bool = False

    def apply(self, content: bytearray):
        if self.data is None:
            if self.offset > len(content):
                content.extend(bytes(self.offset - len(content)))
            elif not self.grows_only:
                del content[self.offset:]
            return
        if self.offset > len(content):
            content.extend(bytes(self.offset - len(content)))
        content[self.offset:self.offset + len(self.data)] = self.data


class File:
    """A file's synced content, and what came since."""

    def __init__(self):
        self.synced = bytearray()
        self.since: list[Change] = []

    def sync(self, begun: int):
        while self.since and self.since[0].line < begun:
            self.since.pop(0).apply(self.synced)

    def content(self, choose) -> bytes:
        """choose(n): how many of n changes, from the first, a page has seen; one answer a page, one for the size."""
        if not self.since:
            return bytes(self.synced)
        states = [bytearray(self.synced)]
        for change in self.since:
            states.append(bytearray(states[-1]))
            change.apply(states[-1])
        size = len(states[choose(len(self.since))])
        result = bytearray(size)
        for at in range(0, size, PAGE):
            page = states[choose(len(self.since))][at:min(at + PAGE, size)]
            result[at:at + len(page)] = page
        return bytes(result)


@dataclass
class Name:
    """A change of names: of the folders of its paths."""
    line: int
    op: int
    path: str
    other: str = ""
    flags: int = 0
    file: File | None = None

    def folders(self) -> set[str]:
        return {path.rpartition("/")[0] for path in (self.path, self.other) if path}


class Tree:
    """Paths and what they name: a File, or None for a folder."""

    def __init__(self):
        self.entries: dict[str, File | None] = {}

    def apply(self, name: Name):
        if name.op == OPEN:
            self.entries[name.path] = name.file
        elif name.op == MKDIR:
            self.entries[name.path] = None
        elif name.op in (UNLINK, RMDIR):
            self.entries.pop(name.path, None)
        elif name.op == LINK:
            self.entries[name.other] = self.entries.get(name.path)
        elif name.flags & EXCHANGE:
            one, two = self.take(name.path), self.take(name.other)
            self.give(name.other, one)
            self.give(name.path, two)
        else:
            moved = self.take(name.path)
            self.take(name.other)
            self.give(name.other, moved)

    def take(self, path: str) -> dict:
        found = {one: file for one, file in self.entries.items() if one == path or one.startswith(path + "/")}
        for one in found:
            del self.entries[one]
        return {one[len(path):]: file for one, file in found.items()}

    def give(self, path: str, taken: dict):
        self.entries.update({path + rest: file for rest, file in taken.items()})


@dataclass
class Disk:
    """The disk while the log is read: lines() gives each line's number once it is done."""
    folder: str = ""
    tree: Tree = field(default_factory=Tree)      # as the programs see it
    durable: Tree = field(default_factory=Tree)   # what is on disk at least
    waiting: list[Name] = field(default_factory=list)  # changes of names since
    open: dict[int, str | File] = field(default_factory=dict)
    syncs: dict[int, int] = field(default_factory=dict)  # descriptor → the line at which its sync began

    def run(self, lines: list[Line]):
        for number, line in enumerate(lines):
            self.take(number, line)
            yield number

    def take(self, number: int, line: Line):
        path = line.first.decode(errors="replace") if line.op not in (WRITE,) else ""
        if line.op == START:
            self.folder, self.open, self.syncs = path, {}, {}
            self.tree.entries.setdefault(path, None)
            self.durable.entries.setdefault(path, None)
        elif line.op == OPEN:
            self.take_open(number, line, path)
        elif line.op == CLOSE:
            self.open.pop(line.fd, None)
        elif line.op == SYNC_BEGIN:
            self.syncs[line.fd] = number
        elif line.op == SYNC_END and line.flags == 0:
            self.take_sync(line.fd, self.syncs.pop(line.fd))
        elif line.op in NAMES:
            self.rename(Name(number, line.op, path, line.second.decode(), line.flags))
        elif line.op in (WRITE, TRUNCATE, ALLOCATE):
            self.take_change(number, line)

    def take_open(self, number: int, line: Line, path: str):
        if path not in self.tree.entries and line.flags & O_CREAT:
            self.rename(Name(number, OPEN, path, file=File()))
        file = self.tree.entries.get(path)
        if file and line.flags & O_TRUNC and (file.synced or file.since):
            file.since.append(Change(number, 0, None))
        self.open[line.fd] = file or path

    def rename(self, name: Name):
        self.tree.apply(name)
        self.waiting.append(name)

    def take_change(self, number: int, line: Line):
        file = self.open.get(line.fd)
        if not isinstance(file, File):
            return
        if line.op == WRITE:
            file.since.append(Change(number, line.offset, line.first))
        elif line.op == TRUNCATE or not line.flags & KEEP_SIZE:
            file.since.append(Change(number, line.offset, None, grows_only=line.op == ALLOCATE))

    def take_sync(self, fd: int, begun: int):
        synced = self.open.get(fd)
        if isinstance(synced, File):
            synced.sync(begun)
        elif synced is not None:
            of_folder = [i for i, name in enumerate(self.waiting) if name.line < begun and synced in name.folders()]
            self.settle(of_folder[-1] + 1 if of_folder else 0)

    def settle(self, names: int):
        for name in self.waiting[:names]:
            self.durable.apply(name)
        del self.waiting[:names]

    def after_cut(self, choose) -> dict[str, bytes | None]:
        """The tree after a power cut here, by paths below the folder. choose as in File.content."""
        tree = Tree()
        tree.entries = dict(self.durable.entries)
        for name in self.waiting[:choose(len(self.waiting))]:
            tree.apply(name)
        return {path[len(self.folder):].lstrip("/"): file.content(choose) if file else None
                for path, file in tree.entries.items()}


def lay(tree: dict[str, bytes | None], folder: Path):
    """Makes the folder what the tree says."""
    for path in sorted(tree):  # a folder comes before what it holds
        if tree[path] is None:
            (folder / path).mkdir(mode=0o750, parents=True, exist_ok=True)
    for path, content in tree.items():
        if content is not None and (folder / path).parent.is_dir():
            (folder / path).write_bytes(content)


def acknowledged(lines: list[Line]) -> dict[str, int]:
    """For each call that was archived: the line at which it was for good, its batch in the index being synced."""
    calls_file = re.compile(rb"/calls/.*_([0-9A-Z]{26})\.mka$")
    named: dict[str, int] = {}   # renamed into its place
    logged: dict[int, set[str]] = {}  # in the index's log by descriptor, not yet synced
    begun: dict[int, set[str]] = {}
    done: dict[str, int] = {}
    opened: dict[int, bytes] = {}
    for number, line in enumerate(lines):
        if line.op == START:
            opened, logged, begun = {}, {}, {}
        elif line.op == OPEN:
            opened[line.fd] = line.first
        elif line.op == RENAME and (found := calls_file.search(line.second)):
            named.setdefault(found[1].decode(), number)
        elif line.op == WRITE and re.search(rb"/index/\d+\.log$", opened.get(line.fd, b"")):
            logged.setdefault(line.fd, set()).update(i for i in named if i not in done and i.encode() in line.first)
        elif line.op == SYNC_BEGIN:
            begun[line.fd] = set(logged.get(line.fd, ()))
        elif line.op == SYNC_END and line.flags == 0:
            for call in begun.pop(line.fd, ()):
                done.setdefault(call, number)
    return done
