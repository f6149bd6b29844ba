#!/usr/bin/python3
"""Write finetuned.npz beside each state_dict.pt: the state after three more steps of training in PyTorch.

Usage: finetune.py DIR     (PyTorch; the files here are by 1.13)

DIR has a directory for each of some of the nine models, as this one. A model gets the weights of state_dict.pt and is
trained to make the mean of the squares of its output small, for the input in input.npy, by Adam with a rate of 1e-3, in
training mode, but without dropout. Adam's epsilon is 1e-3, not 1e-8: else parameters whose gradient is 0 but for rounding,
as that of the bias of attention's keys, would move by as much as others, to one side or the other.
"""
import os, sys
import numpy as np, torch, torch.nn as nn

class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, stride=2, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.classifier = nn.Sequential(nn.Flatten(), nn.Identity(), nn.Linear(8 * 6 * 6, 10))
    def forward(self, x): return self.classifier(self.features(x))

class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1); self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.norm = nn.GroupNorm(2, 8); self.fc = nn.Linear(8, 4)
    def forward(self, x):
        x = torch.relu(self.conv1(x)); x = x + torch.relu(self.norm(self.conv2(x)))
        return torch.log_softmax(self.fc(x.mean((2, 3))), 1)

class Tagger(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(20, 6); self.rnn = kind(6, 5, 2, batch_first=True, bidirectional=True); self.out = nn.Linear(10, 3)
    def forward(self, tokens): return self.out(self.rnn(self.embedding(tokens))[0])

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8); self.position = nn.Parameter(torch.zeros(7, 8))
        self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0., batch_first=True, activation="gelu"), 2)
        self.head = nn.Linear(8, 20)
    def forward(self, tokens): return self.head(self.layers(self.embedding(tokens) + self.position))

models = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
    "lenet": lambda: nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
                                   nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    "cnn_batchnorm": CNN, "residual_groupnorm": Residual, "lstm_tagger": lambda: Tagger(nn.LSTM), "gru_tagger": lambda: Tagger(nn.GRU), "transformer": Encoder,
    "autoencoder": lambda: nn.Sequential(nn.Linear(20, 8), nn.GELU(), nn.Linear(8, 20), nn.Sigmoid()),
    "upsampler": lambda: nn.Sequential(nn.ConvTranspose2d(4, 6, 4, 2, 1), nn.LeakyReLU(.2), nn.InstanceNorm2d(6, affine=True), nn.Conv2d(6, 1, 3, padding=1), nn.Tanh()),
}
torch.set_num_threads(1)
for name, make in models.items():
    dir = os.path.join(sys.argv[1], name)
    if not os.path.exists(dir):
        continue
    model = make()
    model.load_state_dict(torch.load(f"{dir}/state_dict.pt"))
    model.train()
    x = torch.from_numpy(np.load(f"{dir}/input.npy"))
    adam = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-3)
    for _ in range(3):
        adam.zero_grad()
        model(x).square().mean().backward()
        adam.step()
    np.savez(f"{dir}/finetuned.npz", **{k: v.detach().numpy() for k, v in model.state_dict().items()})
