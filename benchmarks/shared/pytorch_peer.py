"""The PyTorch side of a benchmark: reads JSON requests on stdin, answers each with one JSON line.

  {"command": "open", "folder": .., "sizes": [784, 512, 256, 10], "batch": 128, "batches": 8, "learningRate": ..}
  {"command": "train", "steps": n}      back to the first parameters, n steps: {"losses": [..]}
  {"command": "window", "seconds": s}   back to the first parameters, steps for s seconds: {"steps": n, "seconds": ..}

The folder holds `theta.f32` (weights [in, out], each followed by its bias), `x.f32` and `y.i32`, little endian, written by the
caller, so that both sides train the same network on the same data. Works with PyTorch 1.13 and 2.x; needs no numpy.
"""
import json
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def read(folder, name, dtype):
    path = os.path.join(folder, name)
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


class Case:
    """A ReLU network with softmax cross-entropy (mean over the batch), trained by plain SGD."""

    def __init__(self, folder, sizes, batch, batches, learningRate):
        layers = [nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]
        relus = [nn.ReLU() for _ in layers[1:]]
        self.layers = layers
        self.net = nn.Sequential(*[m for pair in zip(layers, relus) for m in pair], layers[-1])
        self.theta = read(folder, "theta.f32", torch.float32)
        self.x = read(folder, "x.f32", torch.float32).view(batches, batch, sizes[0])
        self.y = read(folder, "y.i32", torch.int32).view(batches, batch).long()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=learningRate)
        self.reset()

    def reset(self):
        self.next, at = 0, 0
        with torch.no_grad():
            for layer in self.layers:
                count = layer.weight.numel()
                layer.weight.copy_(self.theta[at:at + count].view(layer.in_features, layer.out_features).t())
                layer.bias.copy_(self.theta[at + count:at + count + layer.out_features])
                at += count + layer.out_features

    def step(self):
        x, y = self.x[self.next], self.y[self.next]
        self.next = (self.next + 1) % len(self.x)
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.net(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    def train(self, steps):
        self.reset()
        return {"losses": [self.step().item() for _ in range(steps)]}

    def window(self, seconds):
        self.reset()
        steps, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            self.step()
            steps += 1
        return {"steps": steps, "seconds": time.perf_counter() - start}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    case = None
    for line in sys.stdin:
        request = json.loads(line)
        command = request.pop("command")
        if command == "open":
            case, answer = Case(**request), {"version": torch.__version__, "threads": torch.get_num_threads()}
        else:
            answer = getattr(case, command)(**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
