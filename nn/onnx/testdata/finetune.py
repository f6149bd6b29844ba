#!/usr/bin/env python3
"""Writes finetune.npz: the parameters, and the output, of models after three steps of Adam in PyTorch.

The models are those of internal/models/testdata, of which opset13.onnx is the graph in inference: they are trained as
that graph is, without dropout, to make the mean of the squares of their output small. Run it in this directory.

Adam divides a gradient by its size, so a number whose gradient is 0 but for rounding, as that of the bias of attention's
keys, moves at random: it is NaN in the file. Which ones these are, double precision tells.
"""
import copy

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.norm = nn.GroupNorm(2, 8)
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = x + torch.relu(self.norm(self.conv2(x)))
        return torch.log_softmax(self.fc(x.mean((2, 3))), 1)


class Tagger(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(20, 6)
        self.rnn = kind(6, 5, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(10, 3)

    def forward(self, tokens):
        return self.out(self.rnn(self.embedding(tokens))[0])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.position = nn.Parameter(torch.zeros(7, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, activation="gelu")
        self.layers = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(8, 20)

    def forward(self, tokens):
        return self.head(self.layers(self.embedding(tokens) + self.position))


models = {
    "autoencoder": nn.Sequential(nn.Linear(20, 8), nn.GELU(), nn.Linear(8, 20), nn.Sigmoid()),
    "gru_tagger": Tagger(nn.GRU),
    "lstm_tagger": Tagger(nn.LSTM),
    "residual_groupnorm": Residual(),
    "transformer": Encoder(),
    "upsampler": nn.Sequential(
        nn.ConvTranspose2d(4, 6, 4, 2, 1), nn.LeakyReLU(0.2), nn.InstanceNorm2d(6, affine=True), nn.Conv2d(6, 1, 3, padding=1), nn.Tanh()
    ),
}
arrays = {}
for name, model in models.items():
    directory = f"../../../internal/models/testdata/{name}"
    model.load_state_dict(torch.load(f"{directory}/state_dict.pt"))
    model.eval()
    x = torch.from_numpy(np.load(f"{directory}/input.npy"))
    for key, p in model.named_parameters():
        arrays[f"{name}/before/{key}"] = p.detach().numpy().copy()
    exact = copy.deepcopy(model).double()
    exact(x.double() if x.is_floating_point() else x).square().mean().backward()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
    for key, p in model.named_parameters():
        arrays[f"{name}/after/{key}"] = p.detach().numpy().copy()
        noise = (exact.get_parameter(key).grad.abs() < 1e-14) & (p != torch.from_numpy(arrays[f"{name}/before/{key}"]))
        arrays[f"{name}/after/{key}"][noise.numpy()] = np.nan
    arrays[f"{name}/output"] = model(x).detach().numpy()
np.savez_compressed("finetune.npz", **arrays)
