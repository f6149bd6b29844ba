#!/usr/bin/python3
"""Writes pos_weight.jsonl.gz beside this file: what PyTorch computes, README.md says what is in it.

Usage: generate_pos_weight.py [SEED [DIR]]     (needs torch; the file here is seed 1 of PyTorch 1.13)
"""
import gzip, json, os, sys
import torch
import torch.nn.functional as F

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
out = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(seed)
torch.set_default_dtype(torch.float64)
tensor = lambda t: {"shape": list(t.shape), "data": t.detach().flatten().tolist()}
lines = []
for shape, weights in [((4, 3), 3), ((4, 3), 1), ((5,), 1), ((5,), 5), ((2, 3, 4), 4), ((3, 2), 2)]:
    for reduction in ["mean", "sum", "none"]:
        x, target = (3 * torch.randn(shape)).requires_grad_(), torch.rand(shape)
        if len(lines) % 2:
            target = target.round()
        pos_weight = 3 * torch.rand(weights)
        if len(lines) == 4:
            pos_weight[0] = 0
        loss = F.binary_cross_entropy_with_logits(x, target, pos_weight=pos_weight, reduction=reduction)
        upstream = torch.randn_like(loss)
        grad, = torch.autograd.grad(loss, x, upstream, create_graph=True)
        v = torch.randn_like(x)
        hv, = torch.autograd.grad((grad * v).sum(), x)
        lines.append(json.dumps({
            "op": "binary_cross_entropy_with_logits", "name": f"pos_weight/{len(lines) + 1}", "dtype": "float64",
            "attrs": {"reduction": reduction, "pos_weight": pos_weight.tolist()},
            "inputs": [tensor(x), tensor(target)], "requires_grad": [True, False], "outputs": [tensor(loss)],
            "grad_outputs": [tensor(upstream)], "grads": [tensor(grad), None],
            "second": {"v": [tensor(v)], "hv": [tensor(hv)]}}, separators=(",", ":")))
with gzip.GzipFile(os.path.join(out, "pos_weight.jsonl.gz"), "wb", mtime=0) as f:
    f.write(("\n".join(lines) + "\n").encode())
