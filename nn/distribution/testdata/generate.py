#!/usr/bin/python3
"""Writes torch.jsonl.gz beside this file: what torch.distributions computes.

Usage: generate.py [SEED [DIR]]     (needs torch; the file here is seed 1 of PyTorch 1.13)

Each line is a case: a distribution's parameters, a point x, log density, entropy, mean and
variance, the distribution function where there is one; or, with q, the divergence KL(p‖q).
grads has for each result y the gradients of Σ g·y, with random g, with respect to the
parameters and, for the log density, x. Numbers are float64 with 14 digits.
"""
import gzip, json, os, sys
import torch
from torch import distributions as D

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
out = sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(seed)
torch.set_default_dtype(torch.float64)
D.Distribution.set_default_validate_args(False)
cases = []


def tensor(t):
    number = lambda x: float("%.14g" % x) if abs(x) < float("inf") else "nan" if x != x else "inf" if x > 0 else "-inf"
    return {"shape": list(t.shape), "data": [number(x) for x in t.detach().flatten().tolist()]}


def result(y, wanted):
    """The value, a random upstream gradient and the gradients of the wanted."""
    g = torch.randn_like(y)
    if y.requires_grad:
        grads = torch.autograd.grad(y, wanted, g, allow_unused=True, retain_graph=True)
    else:
        grads = [None] * len(wanted)
    return {"value": tensor(y), "upstream": tensor(g),
            "grads": [tensor(torch.zeros_like(w) if v is None else v) for v, w in zip(grads, wanted)]}


def normal(loc, scale): return D.Normal(loc, scale)
def laplace(loc, scale): return D.Laplace(loc, scale)
def uniform(low, high): return D.Uniform(low, high)
def mvn(loc, tril): return D.MultivariateNormal(loc, scale_tril=tril.tril())
def bernoulli(logits): return D.Bernoulli(logits=logits)
def categorical(logits): return D.Categorical(logits=logits)
def gamma(a, b): return D.Gamma(a, b)
def beta(a, b): return D.Beta(a, b)
def mixture_normal(logits, loc, scale): return D.MixtureSameFamily(D.Categorical(logits=logits), D.Normal(loc, scale))
def mixture_mvn(logits, loc, tril): return D.MixtureSameFamily(D.Categorical(logits=logits), mvn(loc, tril))


def single(name, make, params, x, has=("entropy", "mean", "variance"), cdf=False):
    own = [p.clone().requires_grad_() for p in params]
    own_x = x.clone().requires_grad_()
    d = make(*own)
    case = {"p": name, "params": [tensor(p) for p in params], "x": tensor(x), "results": {}}
    differentiable = name not in ("bernoulli", "categorical")
    case["results"]["log_prob"] = result(d.log_prob(own_x if differentiable else x), own + ([own_x] if differentiable else []))
    for h in has:
        y = getattr(d, h)
        case["results"][h] = result(y() if callable(y) else y, own)
    if cdf:
        case["results"]["cdf"] = result(d.cdf(own_x), own + [own_x])
    cases.append(case)


def divergence(pname, pmake, ps, qname, qmake, qs):
    own = [p.clone().requires_grad_() for p in ps + qs]
    kl = D.kl_divergence(pmake(*own[:len(ps)]), qmake(*own[len(ps):]))
    cases.append({"p": pname, "params": [tensor(p) for p in ps], "q": qname, "q_params": [tensor(q) for q in qs],
                  "results": {"kl": result(kl, own)}})


rnd = lambda *s: torch.randn(s)
pos = lambda *s: torch.rand(s) * 2 + 0.2
big = lambda *s: torch.exp(rnd(*s) * 1.5)
tril = lambda *s: (rnd(*s) * 0.4).tril(-1) + torch.diag_embed(pos(*s[:-1]))
pairs = [((3,), (3,)), ((2, 1), (3,)), ((), (2, 3))]
for a, b in pairs:
    wide = torch.broadcast_shapes(a, b)
    single("normal", normal, [rnd(*a), pos(*b)], rnd(4, *wide) * 3, cdf=True)
    single("laplace", laplace, [rnd(*a), pos(*b)], rnd(4, *wide) * 3, cdf=True)
    low = rnd(*a)
    single("uniform", uniform, [low, low.max() + pos(*b)], low + torch.rand(*wide) * 0.1, cdf=True)
    single("gamma", gamma, [big(*a), big(*b)], big(4, *wide))
    single("beta", beta, [big(*a), big(*b)], torch.rand(4, *wide))
for b in ((3,), (2, 3)):
    single("bernoulli", bernoulli, [rnd(*b) * 3], (torch.rand(4, *b) > 0.5).double())
    single("categorical", categorical, [rnd(*b) * 2], torch.randint(0, 3, (4, *b[:-1])).double(), ("entropy",))
single("multivariate_normal", mvn, [rnd(3), tril(3, 3)], rnd(5, 3))
single("multivariate_normal", mvn, [rnd(2, 3), tril(2, 3, 3)], rnd(5, 2, 3))
single("multivariate_normal", mvn, [rnd(2, 1, 3), tril(4, 3, 3)], rnd(2, 4, 3))
moments = ("mean", "variance")
single("mixture_normal", mixture_normal, [rnd(3), rnd(3), pos(3)], rnd(5) * 2, moments)
single("mixture_normal", mixture_normal, [rnd(2, 3), rnd(2, 3), pos(2, 3)], rnd(4, 2) * 2, moments)
single("mixture_mvn", mixture_mvn, [rnd(4), rnd(4, 2), tril(4, 2, 2)], rnd(5, 2), moments)

for a, b in (((3,), (3,)), ((2, 1), (3,))):
    n, l, g, bt = lambda: [rnd(*a), pos(*b)], lambda: [rnd(*a), pos(*b)], lambda: [big(*a), big(*b)], lambda: [big(*a), big(*b)]
    full = torch.broadcast_shapes(a, b)  # these cannot broadcast in PyTorch
    u = lambda: [rnd(*a) * 0.1, 1.2 + pos(*b)]
    divergence("normal", normal, n(), "normal", normal, n())
    divergence("laplace", laplace, l(), "laplace", laplace, l())
    divergence("gamma", gamma, g(), "gamma", gamma, g())
    divergence("beta", beta, bt(), "beta", beta, bt())
    divergence("uniform", uniform, [rnd(*full) * 0.1, 1.2 + pos(*full)], "uniform", uniform, [rnd(*full) * 0.1 - 1, 4 + pos(*full)])
    divergence("bernoulli", bernoulli, [rnd(*full) * 2], "bernoulli", bernoulli, [rnd(*full) * 2])
    divergence("categorical", categorical, [rnd(*full, 4)], "categorical", categorical, [rnd(*full, 4)])
    divergence("multivariate_normal", mvn, [rnd(*a, 3), tril(*a, 3, 3)], "multivariate_normal", mvn, [rnd(*b, 3), tril(*b, 3, 3)])
    divergence("laplace", laplace, l(), "normal", normal, n())
    divergence("uniform", uniform, u(), "normal", normal, n())
    divergence("beta", beta, bt(), "normal", normal, n())
    divergence("gamma", gamma, g(), "normal", normal, n())
    divergence("normal", normal, n(), "laplace", laplace, l())
    divergence("beta", beta, bt(), "gamma", gamma, g())
    divergence("beta", beta, [big(*full), big(*full)], "uniform", uniform, [-pos(*full), 1 + pos(*full)])

with gzip.GzipFile(os.path.join(out, "torch.jsonl.gz"), "wb", mtime=0) as f:
    f.write("".join(json.dumps(c) + "\n" for c in cases).encode())
print(len(cases), "cases")
