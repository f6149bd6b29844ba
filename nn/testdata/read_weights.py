#!/usr/bin/python3
"""Fail unless a file of safetensors, and one of NumPy's, have exactly the tensors of a state_dict.

Usage: read_weights.py STATE_DICT.pt MODEL.safetensors WEIGHTS.npz ...     (PyTorch; any number of such three)

The safetensors package is used where there is one; else the format is read here, as its specification has it.
"""
import json, struct, sys
import numpy as np, torch

def load_file(path):
    raw = open(path, "rb").read()
    size, = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + size])
    assert head.pop("__metadata__")["format"] == "pt", "the metadata do not say pt"
    types = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}
    tensors, end = {}, 0
    for name, t in sorted(head.items(), key=lambda item: item[1]["data_offsets"]):
        begin, stop = t["data_offsets"]
        assert begin == end, f"{name} begins at {begin}, not {end}"
        end = stop
        data = bytearray(raw[8 + size + begin:8 + size + stop])
        tensors[name] = torch.frombuffer(data, dtype=types[t["dtype"]]).reshape(t["shape"])
    assert 8 + size + end == len(raw), "the file does not end where the data do"
    return tensors

try:
    from safetensors.torch import load_file
except ImportError:
    pass

for i in range(1, len(sys.argv), 3):
    want = torch.load(sys.argv[i])
    arrays = np.load(sys.argv[i + 2])
    for path, got in (sys.argv[i + 1], load_file(sys.argv[i + 1])), (sys.argv[i + 2], {k: torch.from_numpy(arrays[k]) for k in arrays.files}):
        assert set(got) == set(want), f"{path}: {sorted(set(got) ^ set(want))}"
        for name, t in want.items():
            assert got[name].dtype == t.dtype and got[name].shape == t.shape, f"{path}: {name}: {got[name].dtype} {got[name].shape}"
            assert got[name].numpy().tobytes() == t.contiguous().numpy().tobytes(), f"{path}: {name} differs"
    print("equal:", len(want), "tensors")
