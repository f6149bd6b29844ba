"""PyTorch's side of the comparison: it answers like the programs in Go beside it.

Reads names of workloads from standard input, a line each, and answers with a line
of JSON each. What the workloads are, and their data, is in ../workload.
"""

import ctypes
import functools
import gzip
import json
import os
import re
import sys
import time

import numpy as np
import torch

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))

SIZE = 1024
CHAIN_LINKS = 250
CHAIN_START = 0.9
MEAN = 0.1307
STD = 0.3081


def hashes(seed, n):
    with np.errstate(over="ignore"):
        z = (np.uint64(seed << 32) + np.arange(1, n + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(seed, *shape):
    n = int(np.prod(shape))
    xs = (hashes(seed, n) >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1
    return xs.reshape(shape)


def uniform32(seed, *shape):
    return torch.from_numpy(uniform(seed, *shape).astype(np.float32))


def read_idx(directory, name, header):
    path = os.path.join(directory, name)
    if os.path.exists(path):
        with open(path, "rb") as f:
            data = f.read()
    else:
        with gzip.open(path + ".gz") as f:
            data = f.read()
    return np.frombuffer(data[header:], np.uint8).copy()


def load_digits():
    directory = os.environ.get("MNIST_DIR")
    if directory:
        images = read_idx(directory, "train-images-idx3-ubyte", 16)
        labels = read_idx(directory, "train-labels-idx1-ubyte", 8)
    else:
        h = hashes(200, 60000 * 784)
        images = np.where(h % np.uint64(5) == 0, h >> np.uint64(56), np.uint64(0)).astype(np.uint8)
        labels = (hashes(201, 60000) % np.uint64(10)).astype(np.uint8)
    return torch.from_numpy(images.reshape(-1, 784)), torch.from_numpy(labels.astype(np.int64))


def mlp(sizes, hidden, last=None):
    layers = []
    for i, (n_in, n_out) in enumerate(zip(sizes, sizes[1:])):
        layer = torch.nn.Linear(n_in, n_out)
        w = (uniform(i, n_in, n_out) * (1 / np.sqrt(n_in))).astype(np.float32)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w.T.copy()))
            layer.bias.zero_()
        layers.append(layer)
        if i < len(sizes) - 2:
            layers.append(hidden())
    if last:
        layers.append(last())
    return torch.nn.Sequential(*layers)


class Trainer:
    def __init__(self, model, loss):
        self.model, self.loss = model, loss
        # foreach updates all parameters with a few calls, which is the faster way.
        self.adam = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, foreach=True)

    def step(self, x, y):
        self.adam.zero_grad(set_to_none=True)
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.adam.step()
        return loss

    def check(self, x, y):
        return [self.step(x, y).item() for _ in range(3)]


def mnist_epoch(scale, shift):
    images, labels = load_digits()
    batch = 128
    trainer = Trainer(mlp([784, 128, 10], torch.nn.ReLU), torch.nn.functional.cross_entropy)

    def read(index):
        x = images[index].float().mul_(scale)
        return x.add_(shift) if shift else x, labels[index]

    def run():
        order = torch.randperm(len(labels))
        for i in range(len(labels) // batch):
            trainer.step(*read(order[i * batch:(i + 1) * batch]))

    return trainer.check(*read(torch.arange(batch))), run


def large_step():
    sizes, batch = [1024, 2048, 2048, 10], 256
    x = uniform32(100, batch, sizes[0])
    y = torch.from_numpy((hashes(101, batch) % np.uint64(10)).astype(np.int64))
    trainer = Trainer(mlp(sizes, torch.nn.ReLU), torch.nn.functional.cross_entropy)
    return trainer.check(x, y), lambda: trainer.step(x, y)


def xor_step():
    x = torch.tensor([[0., 0.], [0., 1.], [1., 0.], [1., 1.]])
    y = torch.tensor([[0.], [1.], [1.], [0.]])
    trainer = Trainer(mlp([2, 8, 1], torch.nn.Tanh, torch.nn.Sigmoid), torch.nn.functional.mse_loss)
    return trainer.check(x, y), lambda: trainer.step(x, y)


def scalar_chain():
    x = torch.tensor(CHAIN_START, dtype=torch.float64, requires_grad=True)

    def run():
        x.grad = None
        y = x
        for _ in range(CHAIN_LINKS):
            y = torch.tanh(torch.sin(y * x + x))
        y.backward()
        return y

    y = run()
    return [y.item(), x.grad.item()], run


def channels_last(x):
    """x, with images laid out as the setting says."""
    if os.environ.get("PEER_MEMORY_FORMAT") == "channels_last":
        return x.to(memory_format=torch.channels_last)
    return x


class First(torch.nn.Module):
    """The first result of a module that has several."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)[0]


def cnn():
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10))


def lenet():
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))


def transformer():
    return torch.nn.TransformerEncoderLayer(128, 4, 512, dropout=0, activation="gelu", batch_first=True)


# By name: the model, the step's name, its batch, the shape of an example, classes.
NETWORKS = {
    "CNN": (cnn, "CNN 32-64-128-10 on 28×28, batch 128, Adam: a step", 128, (1, 28, 28), 10),
    "LeNet": (lenet, "LeNet on 28×28, batch 64, Adam: a step", 64, (1, 28, 28), 10),
    "LSTM": (lambda: First(torch.nn.LSTM(64, 128, batch_first=True)),
             "LSTM 64-128, 32 steps, batch 64, Adam: a step", 64, (32, 64), 0),
    "GRU": (lambda: First(torch.nn.GRU(64, 128, batch_first=True)),
            "GRU 64-128, 32 steps, batch 64, Adam: a step", 64, (32, 64), 0),
    "transformer": (transformer, "transformer layer 128, 4 heads, 64 tokens, batch 32, Adam: a step", 32, (64, 128), 0),
}


def prepared(make):
    model = make()
    with torch.no_grad():
        for i, (name, w) in enumerate(model.named_parameters()):
            if w.dim() > 1:
                row = w.numel() // w.shape[0]
                w.copy_(torch.from_numpy((uniform(300 + i, *w.shape) * (1 / np.sqrt(row))).astype(np.float32)))
            else:
                w.fill_(0 if "bias" in name else 1)
    return channels_last(model)


def inputs(*shape):
    x = uniform32(100, *shape)
    return channels_last(x) if x.dim() == 4 else x


def labels(n, classes):
    return torch.from_numpy((hashes(101, n) % np.uint64(classes)).astype(np.int64))


def network_step(make, batch, shape, classes):
    x, y = inputs(batch, *shape), labels(batch, classes or 1)
    loss = torch.nn.functional.cross_entropy if classes else lambda output, _: output.square().mean()
    trainer = Trainer(prepared(make), loss)
    return trainer.check(x, y), lambda: trainer.step(x, y)


def inference(make, batch, shape):
    model, x = prepared(make).eval(), inputs(batch, *shape)

    def run():
        with torch.inference_mode():
            return model(x)

    return probe(run()), run


# By name: batch, channels in and out, size of the images and of the kernel, stride, groups.
CONVOLUTIONS = {
    "convolution 1×1, 256 to 64 channels, 32 images of 28×28": (32, 256, 64, 28, 1, 1, 1),
    "convolution 3×3, 64 to 64 channels, 32 images of 28×28": (32, 64, 64, 28, 3, 1, 1),
    "convolution 5×5, 32 to 64 channels, 32 images of 28×28": (32, 32, 64, 28, 5, 1, 1),
    "convolution 3×3 of each of 128 channels, 32 images of 28×28": (32, 128, 128, 28, 3, 1, 128),
    "convolution 3×3 with stride 2, 64 to 128 channels, 32 images of 28×28": (32, 64, 128, 28, 3, 2, 1),
    "convolution 3×3, 512 to 512 channels, 16 images of 7×7": (16, 512, 512, 7, 3, 1, 1),
}


def convolution(batch, n_in, n_out, size, kernel, stride, groups):
    row = n_in // groups * kernel * kernel
    w = (uniform(400, n_out, n_in // groups, kernel, kernel) * (1 / np.sqrt(row))).astype(np.float32)
    return differentiated(
        lambda x, w: torch.nn.functional.conv2d(x, w, stride=stride, padding=kernel // 2, groups=groups),
        inputs(batch, n_in, size, size), channels_last(torch.from_numpy(w)))


def differentiated(f, *xs):
    xs = [x.detach().requires_grad_() for x in xs]
    upstream = uniform32(102, *f(*xs).shape)
    if upstream.dim() == 4:
        upstream = channels_last(upstream)

    def run():
        for x in xs:
            x.grad = None
        y = f(*xs)
        y.backward(upstream)
        return y

    check = probe(run())
    for x in xs:
        check += probe(x.grad)
    return check, run


def embedding():
    tokens = labels(32 * 64, 10000)
    return differentiated(lambda w: torch.nn.functional.embedding(tokens, w), uniform32(100, 10000, 128))


def layer_norm():
    return differentiated(
        lambda x, w, b: torch.nn.functional.layer_norm(x, (512,), w, b),
        uniform32(100, 8192, 512), torch.ones(512), torch.zeros(512))


def batch_norm():
    mean, variance = torch.zeros(64), torch.ones(64)
    return differentiated(
        lambda x, w, b: torch.nn.functional.batch_norm(x, mean, variance, w, b, training=True),
        inputs(32, 64, 28, 28), torch.ones(64), torch.zeros(64))


def max_pool():
    return differentiated(lambda x: torch.nn.functional.max_pool2d(x, 2), inputs(32, 64, 28, 28))


def adam_step():
    w = torch.nn.Parameter(uniform32(100, 10_000_000))
    w.grad = uniform32(102, 10_000_000)
    # One parameter: foreach would make copies of what it works on.
    adam = torch.optim.Adam([w], lr=1e-3, betas=(0.9, 0.999), eps=1e-8, foreach=False)
    adam.step()
    return probe(w.detach()), adam.step


def probe(x):
    x = x.detach().contiguous().double().flatten()
    n = len(x)
    return [x[0].item(), x[n // 3].item(), x[n - 1].item(), x.abs().mean().item()]


def matmul(a, b):
    c = torch.empty_like(a)
    torch.matmul(a, b, out=c)
    return probe(c), lambda: torch.matmul(a, b, out=c)


def unary(f):
    x = uniform32(3, SIZE, SIZE)
    y = torch.empty_like(x)
    f(x, y)
    return probe(y), lambda: f(x, y)


WORKLOADS = {
    "MNIST MLP 784-128-10, batch 128, Adam: an epoch": lambda: mnist_epoch(1 / 255, 0),
    "the same with standardized pixels, none of them 0": lambda: mnist_epoch(1 / (255 * STD), -MEAN / STD),
    "MLP 1024-2048-2048-10, batch 256, Adam: a step": large_step,
    "XOR MLP 2-8-1, Adam: a step": xor_step,
    "1,000 scalar operations, forward and backward": scalar_chain,
    "matmul 1024³ float32": lambda: matmul(uniform32(1, SIZE, SIZE), uniform32(2, SIZE, SIZE)),
    "matmul 1024³ float64": lambda: matmul(
        torch.from_numpy(uniform(1, SIZE, SIZE)), torch.from_numpy(uniform(2, SIZE, SIZE))),
    "tanh of 1M float32": lambda: unary(lambda x, y: torch.tanh(x, out=y)),
    "exp of 1M float32": lambda: unary(lambda x, y: torch.exp(x, out=y)),
    "sigmoid of 1M float32": lambda: unary(lambda x, y: torch.sigmoid(x, out=y)),
    "softmax of 1024 rows of 1024 float32": lambda: unary(lambda x, y: torch.softmax(x, 1, out=y)),
    "Adam on 10M float32: a step": adam_step,
    "embedding 10,000×128 of 32×64 tokens, forward and backward": embedding,
    "layer normalization of 8,192 rows of 512, forward and backward": layer_norm,
    "batch normalization of 32×64×28×28, forward and backward": batch_norm,
    "max pooling by 2×2 of 32×64×28×28, forward and backward": max_pool,
}
for key, (make, step, batch, shape, classes) in NETWORKS.items():
    WORKLOADS[step] = functools.partial(network_step, make, batch, shape, classes)
    for count in (1, 128):
        WORKLOADS["%s: inference of %d" % (key, count)] = functools.partial(inference, make, count, shape)
for name, arguments in CONVOLUTIONS.items():
    WORKLOADS[name] = functools.partial(convolution, *arguments)


def measure(run, budget):
    start = time.perf_counter()
    done, following = 0, 1
    while True:
        while done < following:
            run()
            done += 1
        elapsed = time.perf_counter() - start
        if elapsed >= budget / 2:
            return elapsed / done
        following *= 2


def blas_library():
    """The path of the library that the process has loaded for matrix products."""
    with open("/proc/self/maps") as maps:
        names = {os.path.realpath(line.split()[-1]) for line in maps if "/" in line}
    for name in sorted(names):
        if any(word in os.path.basename(name) for word in ("openblas", "mkl", "blis")):
            return name
    return None


def kernels(path):
    """The processor for which OpenBLAS has chosen its kernels, None for another library."""
    try:
        name = ctypes.CDLL(path).openblas_get_corename
    except (OSError, AttributeError):
        return None
    name.restype = ctypes.c_char_p
    return name().decode()


def remark(blas):
    if blas is None:
        parts = ["no fast BLAS library"]
    else:
        parts = [os.path.basename(blas)]
        if kernels(blas) and not os.environ.get("OPENBLAS_CORETYPE"):
            parts[0] += ", which takes its kernels for %s if nobody says otherwise" % kernels(blas)
    usage = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    if usage and not os.environ.get("ATEN_CPU_CAPABILITY"):
        parts.append("its own loops use %s if nobody says otherwise" % usage.group(1))
    return "; ".join(parts)


def answer(message):
    json.dump(message, sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()


def main():
    budget = float(sys.argv[1]) if len(sys.argv) > 1 else 0.3
    blas = blas_library()
    greeting = {"peer": "PyTorch", "version": torch.__version__, "remark": remark(blas)}
    if blas is None:
        greeting["warning"] = (
            "no fast library for matrix products found; on Debian or Ubuntu `apt-get install libopenblas0-pthread`")
    answer(greeting)
    current, run, check = None, None, None
    for line in sys.stdin:
        name = line.rstrip("\n")
        try:
            if name != current:
                current, run = None, None
                check, run = WORKLOADS[name]()
                run()
                current = name
            answer({"workload": name, "seconds": measure(run, budget), "check": check})
        except Exception as err:  # the next workload may do better
            answer({"workload": name, "error": "%s: %s" % (type(err).__name__, err)})


if __name__ == "__main__":
    main()
