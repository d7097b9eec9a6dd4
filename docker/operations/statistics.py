#!/usr/bin/python3

"""statistics: what a JSON export holds, in numbers.

Any JSON will do.  No parameters.  Result: see README.md.  For each place in
the files, where all items of an array are one place, how often it is there
and what stands there: of numbers the distribution, of texts how long and how
many different ones, of times the first and the last day.  Of what the owner
has written nothing is in the result but the names of members.
"""

import json
import re
import statistics
import sys

IN = "/job/in/"
OUT = "/job/out/result.json"

PLACES = 1000
BAD_DATA = 3

DAY = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def fail(status, what):
    print(what, file=sys.stderr)
    sys.exit(status)


def walk(value, path, places):
    """Adds a value, and all that is below it, to the places."""

    if path not in places and len(places) == PLACES:
        fail(BAD_DATA, f"more than {PLACES} different places")

    places.setdefault(path, []).append(value)

    if isinstance(value, dict):
        for name, member in value.items():
            walk(member, f"{path}.{name}" if path else name, places)

    elif isinstance(value, list):
        for item in value:
            walk(item, path + "[]", places)


def number(values):
    values = sorted(values)
    return {
        "count": len(values),
        "min": values[0],
        "median": round(statistics.median(values), 3),
        "mean": round(statistics.fmean(values), 3),
        "max": values[-1],
    }


def text(values):
    lengths = [len(value) for value in values]
    found = {
        "count": len(values),
        "distinct": len(set(values)),
        "shortest": min(lengths),
        "mean": round(statistics.fmean(lengths), 3),
        "longest": max(lengths),
    }

    if all(DAY.fullmatch(value) for value in values):
        found["first_day"] = min(values)[:10]
        found["last_day"] = max(values)[:10]

    return found


def describe(path, values):
    """What stands at a place, by type; bool is no number here."""

    found = {"path": path, "count": len(values)}
    numbers = [v for v in values if type(v) in (int, float)]
    texts = [v for v in values if isinstance(v, str)]
    arrays = [len(v) for v in values if isinstance(v, list)]
    flags = [v for v in values if isinstance(v, bool)]

    if numbers:
        found["number"] = number(numbers)
    if texts:
        found["text"] = text(texts)
    if arrays:
        found["array"] = number(arrays)
    if flags:
        found["true"] = sum(flags)

    return found


def main():
    with open(IN + "operation.json", encoding="utf-8") as f:
        files = json.load(f)["files"]

    places = {}

    for file in files:
        try:
            with open(IN + file["path"], encoding="utf-8") as f:
                walk(json.load(f), "", places)
        except (ValueError, RecursionError):
            fail(BAD_DATA, f"file {file['id']} is not JSON")

    result = {
        "operation": "statistics",
        "files": len(files),
        "values": sum(len(values) for values in places.values()),
        "places": [describe(path, places[path]) for path in sorted(places)],
    }

    with open(OUT, "w", encoding="utf-8") as f:
        json.dump(result, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
