"""Says "ok" or "not ok" for each test case that meson ran: tally.py BUILD/meson-logs/testlog.json

A doctest program counts as many as its cases; any other program (a replayed corpus) counts as one. What a failed program
printed comes after it, indented.
"""
import json
import re
import sys

CASES = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")

NOISE = re.compile(r"\[doctest\]|=+$|\s*$")


def printed(test: dict) -> str:
    lines = (test.get("stdout", "") + test.get("stderr", "")).splitlines()
    return "".join(f"   {line}\n" for line in lines if not NOISE.match(line)) or f"   {test['result']}\n"


def main() -> int:
    failed_any = False
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            failed = test["result"] not in ("OK", "SKIP")
            cases = CASES.search(test.get("stdout", ""))
            passed_cases, failed_cases = map(int, cases.groups()) if cases else (int(not failed), 0)
            if failed and failed_cases == 0:  # it crashed, or a sanitizer spoke
                failed_cases = 1
            failed_any |= failed
            name = test["name"].split(" / ")[-1]  # without the project and the suite
            print(f"ok {name}\n" * passed_cases + f"not ok {name}\n" * failed_cases, end="")
            if failed:
                print(printed(test), end="")
    return failed_any


if __name__ == "__main__":
    sys.exit(main())
