#!/usr/bin/python3
"""Write files of torch.save with all that a state_dict may have, and what is in them.

Usage: generate.py [DIR]     (PyTorch; the files here are 1.13's)
"""
import argparse, collections, json, os, sys
import numpy as np, torch

out = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
base = torch.arange(24.).reshape(2, 3, 4) / 8
state = collections.OrderedDict(
    whole=base, transposed=base.transpose(0, 2), row=base[1, 2], columns=base[:, :, 1::2], expanded=base[:1, :1].expand(3, 2, 4),
    parameter=torch.nn.Parameter(torch.tensor([1., -2.])), scalar=torch.tensor(.5), empty=torch.zeros(0, 3),
    double=torch.tensor([.1, 1e300], dtype=torch.float64), half=(base[0] * 3).half(), bfloat16=(base[0] * 3).bfloat16(),
    long=torch.tensor([1 << 40, -1]), int=torch.tensor([1 << 20, -1], dtype=torch.int32), short=torch.tensor([300, -1], dtype=torch.int16),
    char=torch.tensor([100, -1], dtype=torch.int8), byte=torch.tensor([200, 1], dtype=torch.uint8), bool=torch.tensor([True, False]))
checkpoint = {"epoch": 3, "best": np.float64(.5), "args": {"size": base.shape, "dtype": torch.float16, "device": torch.device("cpu")},
              "milestones": collections.Counter([30, 60]), "history": [(0, .1), (1, None)], "long": 1 << 70, "negative": -5, "state_dict": state}
torch.save(state, f"{out}/state.pt")
torch.save(checkpoint, f"{out}/checkpoint.pt")
torch.save(checkpoint, f"{out}/protocol4.pt", pickle_protocol=4)
torch.save(state, f"{out}/legacy.pt", _use_new_zipfile_serialization=False)
torch.save({"model": state, "args": argparse.Namespace(lr=.1)}, f"{out}/namespace.pt")
torch.save(torch.nn.Linear(1, 1), f"{out}/module.pt")
torch.jit.script(torch.nn.Linear(1, 1)).save(f"{out}/script.pt")
names = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32", torch.int16: "I16",
         torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
with open(f"{out}/state.json", "w") as f:
    rows = [json.dumps({"name": k, "dtype": names[v.dtype], "shape": list(v.shape), "values": v.double().flatten().tolist()}) for k, v in state.items()]
    f.write("[\n" + ",\n".join(rows) + "\n]\n")
