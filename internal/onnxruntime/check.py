"""Checks ONNX models: standard input is a JSON list of files in base64, standard output one of what is wrong."""
import base64
import json
import sys

import onnx


def problem(file):
    try:
        onnx.checker.check_model(onnx.load_model_from_string(base64.b64decode(file)), full_check=True)
    except Exception as error:
        return str(error).strip() or repr(error)
    return ""


json.dump([problem(file) for file in json.load(sys.stdin)], sys.stdout)
