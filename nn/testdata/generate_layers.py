#!/usr/bin/python3
"""Writes layers.jsonl.gz beside this file: what PyTorch computes, README.md says what is in it.

Usage: generate_layers.py [SEED [DIR]]     (needs torch; the file here is seed 1 of PyTorch 1.13)
"""
import gzip, json, os, sys, warnings
import torch
from torch import nn

warnings.filterwarnings("ignore")
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
out = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(seed)
torch.set_default_dtype(torch.float64)
cases, count = [], {}


def tensor(t):
    t = t.detach()
    if not t.is_floating_point():
        return {"shape": list(t.shape), "dtype": "bool" if t.dtype == torch.bool else "int", "data": [int(x) for x in t.flatten()]}
    number = lambda x: float("%.12g" % x) if abs(x) < float("inf") else "nan" if x != x else "inf" if x > 0 else "-inf"
    return {"shape": list(t.shape), "data": [number(x) for x in t.flatten().tolist()]}


def flat(y):
    return [y] if torch.is_tensor(y) else [t for part in y if part is not None for t in flat(part)]


def emit(layer, module, inputs, args, options, keywords=None, call=None):
    keywords = keywords or {}
    with torch.no_grad():
        for p in module.parameters():  # some are 0 or 1 at first, which hides mistakes
            p += 0.3 * torch.randn_like(p)
    f = call or (lambda m, *xs: m(*xs, **keywords))
    own = lambda x: x.clone().requires_grad_() if x.is_floating_point() else x
    case = {"layer": layer, "args": args, "options": options, "inputs": [tensor(x) for x in inputs],
            "state": {k: tensor(v) for k, v in module.state_dict().items()},
            "keywords": {k: tensor(v) if torch.is_tensor(v) else v for k, v in keywords.items()}}
    module.train()
    xs = [own(x) for x in inputs]
    ys = flat(f(module, *xs))
    gs = [torch.randn_like(y) for y in ys]
    names, ps = zip(*module.named_parameters()) if list(module.parameters()) else ((), ())
    wanted = [x for x in xs if x.requires_grad] + list(ps)
    got = iter(torch.autograd.grad(ys, wanted, gs, allow_unused=True))
    zero = lambda g, w: torch.zeros_like(w) if g is None else g.to_dense() if g.is_sparse else g
    case["outputs"], case["grad_outputs"] = [tensor(y) for y in ys], [tensor(g) for g in gs]
    case["input_grads"] = [tensor(zero(next(got), x)) if x.requires_grad else None for x in xs]
    case["grads"] = {n: tensor(zero(next(got), p)) for n, p in zip(names, ps)}
    f(module, *[x.detach() * 1.1 if x.is_floating_point() else x for x in xs])
    buffers = {k: tensor(v) for k, v in module.named_buffers()}
    if buffers:
        case["buffers_after"] = buffers
    module.eval()  # with gradients: without them PyTorch takes another way, in which padding gives 0
    case["eval_outputs"] = [tensor(y) for y in flat(f(module, *[own(x) for x in inputs]))]
    count[layer] = count.get(layer, 0) + 1
    case["name"] = f"{layer}/{count[layer]}"
    cases.append(case)


rnd = torch.randn
causal = lambda n: torch.ones(n, n).triu(1).bool()
padding = lambda *lengths: torch.arange(max(lengths)).expand(len(lengths), -1) >= torch.tensor(lengths)[:, None]

# ---- attention: masks that are added, of each head, without a batch axis
a = {"num_heads": 2, "batch_first": True}
emit("MultiheadAttention", nn.MultiheadAttention(4, **a), [rnd(2, 3, 4), rnd(2, 5, 4), rnd(2, 5, 4)], [4], a, {"attn_mask": rnd(3, 5)})
emit("MultiheadAttention", nn.MultiheadAttention(4, **a), [rnd(2, 3, 4), rnd(2, 5, 4), rnd(2, 5, 4)], [4], a,
     {"key_padding_mask": padding(5, 2), "average_attn_weights": False})
emit("MultiheadAttention", nn.MultiheadAttention(4, **a), [rnd(3, 4), rnd(5, 4), rnd(5, 4)], [4], a, {"key_padding_mask": padding(5, 2)[1]})
o = {"num_heads": 2, "kdim": 3, "vdim": 5}
emit("MultiheadAttention", nn.MultiheadAttention(4, **o), [rnd(3, 2, 4), rnd(5, 2, 3), rnd(5, 2, 5)], [4], o, {"attn_mask": torch.rand(3, 5) > 0.7})

# ---- stacks of transformers with all their masks
base = {"nhead": 2, "dim_feedforward": 5, "dropout": 0.0}
for o in ({**base, "batch_first": True}, {**base, "activation": "gelu", "norm_first": True}, {**base, "batch_first": True, "layer_norm_eps": 1e-3}):
    turned = (lambda t: t) if o.get("batch_first") else (lambda t: t.transpose(0, 1))
    masks = {"tgt_mask": causal(3), "memory_mask": torch.rand(3, 4) > 0.8, "tgt_key_padding_mask": padding(3, 2), "memory_key_padding_mask": padding(3, 4)}
    x, memory = turned(rnd(2, 3, 4)), turned(rnd(2, 4, 4))
    emit("TransformerEncoderLayer", nn.TransformerEncoderLayer(4, **o), [x], [4], o, {"src_mask": causal(3), "src_key_padding_mask": padding(3, 2)})
    emit("TransformerEncoder", nn.TransformerEncoder(nn.TransformerEncoderLayer(4, **o), 2, norm=nn.LayerNorm(4, o.get("layer_norm_eps", 1e-5))), [x], [4],
         {**o, "num_layers": 2, "norm": True}, {"mask": causal(3), "src_key_padding_mask": padding(3, 2)})
    emit("TransformerDecoderLayer", nn.TransformerDecoderLayer(4, **o), [x, memory], [4], o, masks)
    emit("TransformerDecoder", nn.TransformerDecoder(nn.TransformerDecoderLayer(4, **o), 2), [x, memory], [4], {**o, "num_layers": 2}, masks)
    emit("TransformerDecoder", nn.TransformerDecoder(nn.TransformerDecoderLayer(4, **o), 1, norm=nn.LayerNorm(4, o.get("layer_norm_eps", 1e-5))),
         [x, memory], [4], {**o, "num_layers": 1, "norm": True}, {"tgt_mask": causal(3)})
    stacks = {"num_encoder_layers": 2, "num_decoder_layers": 1}
    emit("Transformer", nn.Transformer(4, **o, **stacks), [memory, x], [4], {**o, **stacks},
         {**masks, "src_mask": causal(4), "src_key_padding_mask": padding(3, 4)})
o = {**base, "batch_first": True}
emit("TransformerEncoderLayer", nn.TransformerEncoderLayer(4, **o), [rnd(3, 4)], [4], o)
emit("TransformerDecoderLayer", nn.TransformerDecoderLayer(4, **o), [rnd(3, 4), rnd(2, 4)], [4], o)

# ---- tables whose rows have a greatest norm, and gradients that are sparse
for o in ({"max_norm": 1.0}, {"max_norm": 1.5, "norm_type": 1.0, "padding_idx": 2}, {"max_norm": 0.8, "sparse": True}, {"sparse": True}):
    emit("Embedding", nn.Embedding(5, 3, **o), [torch.tensor([[1, 4, 1], [2, 0, 1]])], [5, 3], o)
for o in ({"max_norm": 1.0, "mode": "sum"}, {"max_norm": 1.0, "norm_type": 3.0, "mode": "max"}, {"sparse": True, "mode": "mean"}):
    emit("EmbeddingBag", nn.EmbeddingBag(5, 3, **o), [torch.tensor([[1, 4, 1], [2, 0, 1]])], [5, 3], o)

# ---- weights that are made of others
wn, sn = nn.utils.weight_norm, nn.utils.spectral_norm
around = [("Linear", nn.Linear, [4, 3], rnd(5, 4)), ("Conv2d", nn.Conv2d, [2, 3, 2], rnd(2, 2, 3, 3)),
          ("ConvTranspose1d", nn.ConvTranspose1d, [2, 3, 2], rnd(2, 2, 3))]
for name, make, args, x in around:
    for o in ({}, {"dim": 1}, {"dim": None}):
        emit("WeightNorm", wn(make(*args), **o), [x], [name, *args], o)
    for o in ({}, {"n_power_iterations": 3}, {"dim": 1}):
        emit("SpectralNorm", sn(make(*args), **o), [x], [name, *args], o)

# ---- keys and values that are none of a sequence
e = {"num_heads": 2, "batch_first": True}
kv, zero = {"add_bias_kv": True}, {"add_zero_attn": True}
for o, keywords in (({**e, **kv}, {}), ({**e, **zero}, {"attn_mask": causal(3)}), ({**e, **kv, **zero, "bias": False}, {"key_padding_mask": padding(3, 2)})):
    x = rnd(2, 3, 4)
    emit("MultiheadAttention", nn.MultiheadAttention(4, **o), [x, x, x], [4], o, keywords)
o = {"num_heads": 2, "kdim": 3, "vdim": 5, **kv, **zero}
emit("MultiheadAttention", nn.MultiheadAttention(4, **o), [rnd(3, 2, 4), rnd(5, 2, 3), rnd(5, 2, 5)], [4], o,
     {"attn_mask": rnd(3, 5), "key_padding_mask": padding(5, 2), "average_attn_weights": False})
emit("MultiheadAttention", nn.MultiheadAttention(4, **e, **kv, **zero), [rnd(3, 4), rnd(5, 4), rnd(5, 4)], [4], {**e, **kv, **zero},
     {"attn_mask": torch.rand(3, 5) > 0.6, "key_padding_mask": padding(5, 2)[1]})
emit("MultiheadAttention", nn.MultiheadAttention(4, **e, **kv), [rnd(2, 3, 4), rnd(2, 5, 4), rnd(2, 5, 4)], [4], {**e, **kv},
     {"attn_mask": torch.rand(4, 3, 5) > 0.5, "average_attn_weights": False})

# ---- slopes that are drawn between bounds which are the same
emit("RReLU", nn.RReLU(0.2, 0.2), [rnd(3, 4)], [], {"lower": 0.2, "upper": 0.2})

with gzip.GzipFile(os.path.join(out, "layers.jsonl.gz"), "wb", mtime=0) as f:
    f.write("".join(json.dumps(c) + "\n" for c in cases).encode())
print(len(cases), "cases")
