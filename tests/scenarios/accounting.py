"""The sums of 2-CLI that hold at every stop."""


def assert_balanced(test, accounting: dict):
    frames, seen = accounting["frames"], accounting["calls"]
    outcomes = sum(value for name, value in frames.items() if name not in ("received", "malformed", "dropped"))
    refused = sum(frames["malformed"].values()) + sum(frames["dropped"].values())
    test.assertEqual(frames["received"], outcomes + refused, f"the frames do not add up: {accounting}")
    test.assertEqual(seen["seen"], sum(value for name, value in seen.items() if name not in ("seen", "first_failure")),
                     f"the calls do not add up: {accounting}")
