"""The directory: whose number it was on the day of the call, whatever is imported later."""
import json

from koegura import Scenario, calls, koegura, record
from traffic import generate

HEADING = "number,department,person,valid_from,valid_to\n"
EVERY_OFFICE = "".join(f"23{i:02},本庁,交換,,\n" for i in range(1, 100))


class Directory(Scenario):
    def setUp(self):
        """An archive with one call of each side of April 1st, midnight: the callee is 2301."""
        self.archive = self.folder / self._testMethodName
        self.march, self.april = (self.capture(name, start) for name, start in
                                  (("march", "2026-03-31T23:59:50+09:00"), ("april", "2026-04-01T00:00:10+09:00")))
        record(self.archive, self.capture("before", "2026-02-01T10:00:00+09:00"))

    def capture(self, name, start):
        path = self.folder / f"{name}.pcap"
        if not path.exists():
            generate(path, calls=1, talk="2s", start=start, seed=sum(name.encode()))
        return path

    def file(self, content, name="staff.csv"):
        path = self.folder / f"{self._testMethodName}-{name}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def directory(self, *words, **options):
        return koegura("directory", *words, "--archive", self.archive, **options)

    def callees(self, *filters):
        return [(one["callee"].get("department"), one["callee"].get("person")) for one in calls(self.archive, *filters)]

    def test_april(self):
        "staff move in April: calls before and after keep the names of their day, whatever is imported later"
        self.directory("import", self.file(HEADING + "2301,水道課,山田,,\n2302,税務課,田中,,\n"))
        moved = self.directory("import", self.file("内線,課,氏名,開始日\r\n2301,水道課,佐藤,令和8年4月1日\r\n"
                                                   .encode("cp932"), "april.csv"))
        self.assertEqual("1 added, 0 changed, 1 ended, 0 unchanged\n", moved.stdout)
        record(self.archive, self.march, self.april)
        wanted = [("", ""), ("水道課", "山田"), ("水道課", "佐藤")]
        self.assertEqual(wanted, self.callees())
        self.assertEqual(["unknown", "in", "in"], [one["direction"] for one in calls(self.archive)])

        self.directory("import", self.file(HEADING + "2301,市民課,高橋,2026-03-01,\n", "later.csv"))
        self.assertEqual(wanted, self.callees())
        koegura("reindex", "--archive", self.archive)
        self.assertEqual(wanted, self.callees())

        self.assertEqual(wanted[1:], self.callees("--department", "水道課"))
        self.assertEqual(wanted[2:], self.callees("--person", "佐藤"))
        self.assertEqual(wanted[1:2], self.callees("--person", "山田", "--direction", "in", "--state", "answered"))
        self.assertEqual([], self.callees("--person", "高橋"))
        table = koegura("calls", "--archive", self.archive, "--person", "佐藤").stdout
        self.assertIn("2301 水道課 佐藤", table)
        after = calls(self.archive)[-1]["id"]
        self.assertIn("2301 水道課 佐藤", koegura("show", after, "--archive", self.archive).stdout)

    def test_list_and_export(self):
        "list shows a day, as text and JSON; an export read back changes nothing"
        self.directory("list", exit_code=4)
        self.directory("import", self.file(HEADING + "2301,水道課,山田,,\n"))
        self.directory("import", self.file(HEADING + "2301,水道課,佐藤,2026-04-01,\n", "april.csv"))
        march = json.loads(self.directory("list", "--at", "2026-03-31", "--json").stdout)
        self.assertEqual({"number": "2301", "department": "水道課", "person": "山田", "valid_from": "",
                          "valid_to": "2026-03-31"}, march)
        april = self.directory("list", "--at", "令和8年4月1日").stdout.splitlines()
        self.assertEqual(2, len(april))
        self.assertIn("佐藤", april[1])
        text = self.directory("export").stdout
        self.assertEqual(HEADING + "2301,水道課,山田,,2026-03-31\n2301,水道課,佐藤,2026-04-01,\n", text)
        out = self.folder / "export.csv"
        self.directory("export", "-o", out)
        self.assertEqual(text, out.read_text(encoding="utf-8-sig"))
        self.directory("export", "-o", out, exit_code=2)
        self.assertEqual("0 added, 0 changed, 0 ended, 2 unchanged\n", self.directory("import", out).stdout)

    def test_refused(self):
        "each wrong row is named by file and line, and nothing is imported"
        self.directory("import", self.file(HEADING + "2301,水道課,山田,,\n"))
        bad = self.file(HEADING + "2302,a,b,2026-02-30,\n2303,,,,\n2304,a,b,,\n", "bad.csv")
        run = self.directory("import", bad, exit_code=1)
        self.assertIn(f"{bad}:2: '2026-02-30' is no date", run.stderr)
        self.assertIn(f"{bad}:3: neither a department nor a person", run.stderr)
        self.assertIn("2 faults: nothing is imported", run.stderr)
        self.assertNotIn("2304", self.directory("export").stdout)

    def test_usage(self):
        "wrong words: exit code 2 and what goes with what; a file or an archive that is not there: 1"
        for words, advice in ((["directory"], "ACTION"), (["directory", "improt"], "import"),
                              (["directory", "import"], "FILE"), (["directory", "list", "--replace"], "import"),
                              (["directory", "list", "--at", "soon"], "soon")):
            with self.subTest(words=words):
                self.assertIn(advice, koegura(*words, "--archive", self.archive, exit_code=2).stderr)
        self.assertIn("nothing.csv", self.directory("import", self.folder / "nothing.csv", exit_code=1).stderr)
        koegura("directory", "import", self.file(HEADING), "--archive", self.folder / "nowhere", exit_code=1)

    def test_replace(self):
        "with --replace those who are not named end; a dry run says so and writes nothing"
        self.directory("import", self.file(HEADING + EVERY_OFFICE))
        new = self.file(HEADING + "2301,水道課,山田,,\n", "new.csv")
        before = self.directory("export").stdout
        dry = self.directory("import", new, "--replace", "--dry-run").stdout
        self.assertIn("+ 2301  水道課  山田  from", dry)
        self.assertIn("1 added, 0 changed, 99 ended, 0 unchanged (nothing is written)", dry)
        self.assertEqual(before, self.directory("export").stdout)
        self.directory("import", new, "--replace")
        self.assertEqual(1, len(self.directory("list", "--at", "today", "--json").stdout.splitlines()))
        self.assertEqual(99, len(self.directory("list", "--at", "2020-01-01", "--json").stdout.splitlines()))

    def test_damaged(self):
        "a directory that somebody damaged stops no recording; list names the line"
        (self.archive / "directory.csv").write_text(HEADING + "2301,水道課\n")
        run = koegura("record", "--archive", self.archive, "--read", self.march)
        self.assertIn("directory.csv cannot be read, line 2", run.stderr)
        self.assertNotIn("水道課", run.stderr)
        self.assertEqual(2, len(calls(self.archive)))
        self.assertIn("directory.csv:2: ", self.directory("list", exit_code=1).stderr)
