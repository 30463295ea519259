#!/usr/bin/env python3
"""Makes sdk/python/webinfer/types.py of what `webinferd --print-openapi` prints (standard input).

Only what the package itself asks and is answered is taken, with what that refers to.
"""
import json
import keyword
import sys
import textwrap

ROOTS = ["InferRequest", "InferAnswer", "StreamPart", "StreamProgress", "StreamDone", "Benchmark",
         "Status", "Nodes", "Hardware", "Models", "Model", "Pull", "PullEvent", "Order", "Removed", "Job",
         "Jobs", "Verb", "Problem"]
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
#: Values that may be nested, for which mypy would want exact lists: what is given is any JSON, or any list. And an
#: object of daemons, with a member whose name is a word of Python.
RECURSIVE = {"JsonValue": "Any", "TensorData": "Sequence[Any]", "Relay": "Dict[str, Any]"}


class Maker:
    def __init__(self, schemas):
        self.schemas, self.classes, self.aliases, self.seen = schemas, [], [], set()

    def name(self, name):
        """A schema of the description, made when it is first used."""
        if name in RECURSIVE:
            return RECURSIVE[name]
        if name not in self.seen:
            self.seen.add(name)
            schema = self.schemas[name]
            if "properties" in schema:
                self.members(name, schema)
            else:
                self.aliases.append(f"{name} = {self.type(schema, name, alias=True)}")
        return name

    def type(self, schema, name, alias=False):
        if "$ref" in schema:
            found = self.name(schema["$ref"].rsplit("/", 1)[1])
            return f'"{found}"' if alias else found
        if "anyOf" in schema:
            objects = [one for one in schema["anyOf"] if "properties" in one]
            apart = alias or len(objects) > 1
            among = [self.type(one, self.named(name, one) if apart else name, alias)
                     for one in schema["anyOf"]]
            return "Union[" + ", ".join(dict.fromkeys(among)) + "]"
        if "enum" in schema or "const" in schema:
            values = schema.get("enum", [schema.get("const")])
            return "Literal[" + ", ".join(json.dumps(value) for value in values) + "]"
        kind = schema.get("type")
        if kind == "array":
            return f"List[{self.type(schema['items'], name + 'Item', alias)}]"
        if "properties" in schema:
            self.members(name, schema)
            return f'"{name}"' if alias else name
        if kind == "object":
            return f"Dict[str, {self.type(schema['additionalProperties'], name + 'Value', alias)}]"
        return PLAIN[kind]

    @staticmethod
    def named(name, schema):
        """One of several objects, by what it has to have."""
        needed = schema.get("required", []) if "properties" in schema else []
        return name + "".join(key.title().replace("_", "") for key in needed)

    def members(self, name, schema):
        needed = schema.get("required", [])
        rows = {True: [], False: []}
        for key, member in schema["properties"].items():
            made = self.type(member, name + key.title().replace("_", ""))
            if keyword.iskeyword(key):
                raise SystemExit(f"{name}.{key} is a word of Python: leave {name} out")
            rows[key in needed].append(self.row(key, made, member.get("description")))
        text = []
        base = "TypedDict"
        if rows[True] and rows[False]:
            base = f"_{name}"
            text += [f"class {base}(TypedDict):", *rows[True], "", ""]
        last = rows[False] or rows[True]
        total = ", total=False" if rows[False] else ""
        about = f'    """{schema["description"]}"""\n' if "description" in schema else ""
        text += [f"class {name}({base}{total}):", *([about] if about else []), *(last or ["    pass"])]
        self.classes.append("\n".join(text))

    @staticmethod
    def row(key, made, description):
        lines = textwrap.wrap(description or "", 92, initial_indent="    #: ",
                              subsequent_indent="    #: ")
        return "\n".join([*lines, f"    {key}: {made}"])


def main():
    maker = Maker(json.load(sys.stdin)["components"]["schemas"])
    for root in ROOTS:
        maker.name(root)
    exported = sorted(name for name in maker.seen)
    print('"""What webinferd is asked and answers, as types of dictionaries.')
    print("\nMade by scripts/python-types.py of the description of the API: do not edit.\n"
          "A member in a class whose name begins with an underscore is always there.\n"
          '"""')
    print("from __future__ import annotations\n")
    print("from typing import Any, Dict, List, Literal, Sequence, TypedDict, Union\n")
    print("__all__ = [\n" + "".join(f'    "{name}",\n' for name in exported) + "]\n")
    for text in maker.aliases:
        print(text)
    for text in maker.classes:
        print("\n\n" + text)


main()
