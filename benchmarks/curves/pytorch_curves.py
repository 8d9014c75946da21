"""The PyTorch side of B1: reads JSON requests on stdin, answers each with one JSON line.

  {"command": "open", "folder": .., "layers": [{"offset": .., "inputs": .., "outputs": .., "linear": bool}], "l2": .., "targets": [3, 1]}
        {"version": ..}
  {"command": "train", "method": {"method": "adam", ..}, "l2": "inside" or "beside", "steps": n, "limit": m, "shown": k}
        from the first parameters to the last target, or m steps; the schedule extends over n:
        {"reached": {target: {"steps": .., "seconds": ..}}, "errors": [of the first k steps], "left": .., "stepMs": ..}

The folder holds `theta.f32` and `x.f32`, little endian, written by the caller, so that both sides train the same network on the same
data. A layer's weight [inputs, outputs] and its bias stand together in theta. The error is the mean summed squared error of the sigmoid
output, of the forward pass of step k, before its update. Needs no numpy. The number of threads is argv[1].
"""
import json
import math
import os
import sys
import time

import torch


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32)


def rate_at(schedule, step, steps):
    """The learning rate of a step, 1-based: a linear warm-up, then constant or half a cosine."""
    if step < schedule["warmupSteps"]:
        return schedule["initial"] * step / schedule["warmupSteps"]
    if schedule["shape"] == "constant":
        return schedule["initial"]
    peak = max(1, schedule["warmupSteps"])
    progress = min(1, (step - peak) / max(1, steps - peak))
    return schedule["final"] + (schedule["initial"] - schedule["final"]) * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimizer(method, weights, decay):
    """`decay`: the L2 coefficient beside the step; only for Adam."""
    if method["method"] == "sgd":
        return torch.optim.SGD(weights, lr=1.0, momentum=method["momentum"], nesterov=method["nesterov"])
    return torch.optim.AdamW(weights, lr=1.0, betas=(method.get("beta1", 0.9), method.get("beta2", 0.999)), eps=1e-8, weight_decay=decay)


class Curves:
    def __init__(self, folder, layers, l2, targets):
        self.layers, self.l2, self.targets = layers, l2, targets
        self.theta = read(folder, "theta.f32")
        self.x = read(folder, "x.f32").view(-1, layers[0]["inputs"])

    def first_weights(self):
        weights = []
        for layer in self.layers:
            rows, columns = layer["inputs"] + 1, layer["outputs"]
            matrix = self.theta[layer["offset"]:layer["offset"] + rows * columns].view(rows, columns)
            weights += [matrix[:-1].clone().requires_grad_(), matrix[-1].clone().requires_grad_()]
        return weights

    def forward(self, weights):
        x = self.x
        for layer, weight, bias in zip(self.layers, weights[::2], weights[1::2]):
            x = torch.addmm(bias, x, weight)
            if not layer["linear"]:
                x = torch.tanh(x)
        return x

    def train(self, method, l2, steps, limit, shown):
        weights = self.first_weights()
        optimizer = make_optimizer(method, weights, self.l2 if l2 == "beside" else 0)
        waiting, reached, errors, error, step = list(self.targets), {}, [], math.inf, 0
        start = time.perf_counter()
        for step in range(1, limit + 1):
            optimizer.param_groups[0]["lr"] = rate_at(method["learningRate"], step, steps)
            optimizer.zero_grad()
            logits = self.forward(weights)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, self.x, reduction="sum") / len(self.x)
            if l2 == "inside":
                loss = loss + 0.5 * self.l2 * sum((weight * weight).sum() for weight in weights)
            with torch.no_grad():
                error = ((torch.sigmoid(logits) - self.x) ** 2).sum(1).mean().item()
            if step <= shown:
                errors.append(error)
            loss.backward()
            optimizer.step()
            while waiting and error <= waiting[0]:
                reached[str(waiting.pop(0))] = {"steps": step, "seconds": time.perf_counter() - start}
            if not waiting or not math.isfinite(error):
                break
        left = error if math.isfinite(error) else None
        return {"reached": reached, "errors": errors, "left": left, "stepMs": 1000 * (time.perf_counter() - start) / step}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    curves = None
    for line in sys.stdin:
        request = json.loads(line)
        command = request.pop("command")
        if command == "open":
            curves = Curves(**request)
            answer = {"version": torch.__version__}
        else:
            answer = curves.train(**request)
        print(json.dumps(answer), flush=True)


main()
