"""The PyTorch side of S1: reads JSON requests on stdin, answers each with one JSON line.

  {"command": "open", "net": "mlp", "folder": .., "parameters": [{"name": .., "shape": [..], "offset": ..}],
   "rows": {"batches": 8, "x": [128, 784], "y": [128] or null}, "learningRate": ..}
        times every variant of the net and its optimiser, keeps the fastest: {"version": .., "variant": .., "sweep": {variant: ms}}
  {"command": "train", "steps": n}      back to the first parameters, n steps: {"losses": [..]}
  {"command": "window", "seconds": s}   back to the first parameters, steps for s seconds: {"steps": n, "seconds": ..}

The folder holds `theta.f32`, `x.f32` and `y.i32`, little endian, written by the caller, so that both sides train the same network on
the same data. Needs no numpy. The number of threads is argv[1].
"""
import json
import os
import sys
import time

import torch

from pytorch_nets import NETS

OPTIMIZERS = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def read(folder, name, dtype):
    with open(os.path.join(folder, name), "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


class Workload:
    def __init__(self, net, folder, parameters, rows, learningRate):
        self.net, self.learning_rate = net, learningRate
        theta = read(folder, "theta.f32", torch.float32)
        self.first = {}
        for entry in parameters:
            size = torch.Size(entry["shape"]).numel()
            self.first[entry["name"]] = theta[entry["offset"]:entry["offset"] + size].view(entry["shape"])
        self.x = read(folder, "x.f32", torch.float32).view(rows["batches"], *rows["x"])
        self.y = read(folder, "y.i32", torch.int32).view(rows["batches"], *rows["y"]).long() if rows["y"] else self.x


class Variant:
    """One way to train the workload: a form of the net, and an implementation of plain SGD."""

    def __init__(self, workload, form, optimizer):
        self.workload, self.form = workload, form
        self.make_optimizer = lambda net: torch.optim.SGD(net.parameters(), lr=workload.learning_rate, **OPTIMIZERS[optimizer])
        net = NETS[workload.net]
        self.rows = [(net.inputs(x, form), y) for x, y in zip(workload.x, workload.y)]
        self.reset()

    def reset(self):
        self.next = 0
        self.net = NETS[self.workload.net](self.workload.first, self.form)
        self.optimizer = self.make_optimizer(self.net)

    def step(self):
        x, y = self.rows[self.next]
        self.next = (self.next + 1) % len(self.rows)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.net.loss(x, y)
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


def fastest(workload):
    """The fastest variant, and the milliseconds of a step of each."""
    best, sweep = None, {}
    for form in NETS[workload.net].forms:
        for optimizer in OPTIMIZERS:
            variant, name = Variant(workload, form, optimizer), f"{form}, {optimizer}"
            variant.train(3)
            timed = variant.window(0.2)
            sweep[name] = 1e3 * timed["seconds"] / timed["steps"]
            if best is None or sweep[name] < sweep[best[0]]:
                best = (name, variant)
    return (*best, sweep)


def main():
    torch.set_num_threads(int(sys.argv[1]))
    variant = None
    for line in sys.stdin:
        request = json.loads(line)
        command = request.pop("command")
        if command == "open":
            name, variant, sweep = fastest(Workload(**request))
            answer = {"version": torch.__version__, "variant": name, "sweep": sweep}
        else:
            answer = getattr(variant, command)(**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
