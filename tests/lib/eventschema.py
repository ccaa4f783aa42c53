# SPDX-License-Identifier: Apache-2.0
"""Events against the JSON schema that bpfctl prints, and stricter: a field that it does not know is wrong."""
import json
import os
import subprocess

import jsonschema

BUILD = os.environ.get("BPFD_BUILD", os.path.join(os.getcwd(), "build"))


class EventSchema:
    def __init__(self):
        self.text = subprocess.run([os.path.join(BUILD, "bpfctl"), "-s", "/nonexistent", "tracers", "--schema"],
                                   capture_output=True, text=True, check=True).stdout
        self.schema = json.loads(self.text)
        jsonschema.Draft202012Validator.check_schema(self.schema)
        strict = dict(self.schema, unevaluatedProperties=False)
        self.validator = jsonschema.Draft202012Validator(strict, format_checker=jsonschema.FormatChecker())

    def tracers(self):
        return {c["if"]["properties"]["tracer"]["const"] for c in self.schema["allOf"] if "if" in c}

    def wrong(self, event):
        """What is wrong with it, or an empty string."""
        return "\n".join(f"{e.json_path}: {e.message}" for e in self.validator.iter_errors(event))[:2000]
