"""The four networks of S1 in PyTorch, from parameters named and laid out as ours are: weights [in, out], filters [kh, kw, C, O], channels
last. A net has `forms` (ways to lay it out that give the same numbers), `inputs(x, form)` and `loss(x, y)`, the mean over the batch of
an example's loss, which is added up over pixels and tokens.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


def linear(first, *names):
    """A dense layer; several layers side by side become one."""
    weight = torch.cat([first[f"{name}.weight"] for name in names], 1).t()
    bias = torch.cat([first[f"{name}.bias"] for name in names])
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def conv(first, name):
    weight = first[f"{name}.weight"].permute(3, 2, 0, 1)
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:], padding="same")
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(first[f"{name}.bias"])
    return layer


def layer_norm(first, name):
    gain, bias = first[f"{name}.gain"], first[f"{name}.bias"]
    layer = nn.LayerNorm(gain.shape[0])
    with torch.no_grad():
        layer.weight.copy_(gain)
        layer.bias.copy_(bias)
    return layer


class Mlp(nn.Module):
    forms = ("eager",)

    def __init__(self, first, form):
        super().__init__()
        self.net = nn.Sequential(linear(first, "dense1"), nn.ReLU(), linear(first, "dense2"), nn.ReLU(), linear(first, "head"))

    @staticmethod
    def inputs(x, form):
        return x

    def loss(self, x, y):
        return F.cross_entropy(self.net(x), y)


class Cnn(nn.Module):
    forms = ("contiguous", "channels_last")

    def __init__(self, first, form):
        super().__init__()
        # Flattening here puts channels first, in ours last.
        head = first["head.weight"]
        channels = first["conv2.bias"].shape[0]
        side = round((head.shape[0] / channels) ** 0.5)
        reordered = head.view(side, side, channels, -1).permute(2, 0, 1, 3).reshape(head.shape)
        stage = lambda name: (conv(first, name), nn.ReLU(), nn.MaxPool2d(2))
        dense = linear({**first, "head.weight": reordered}, "head")
        self.net = nn.Sequential(*stage("conv1"), *stage("conv2"), nn.Flatten(), dense).to(memory_format=FORMATS[form])

    @staticmethod
    def inputs(x, form):
        return x.permute(0, 3, 1, 2).contiguous(memory_format=FORMATS[form])

    def loss(self, x, y):
        return F.cross_entropy(self.net(x), y)


FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class Autoencoder(nn.Module):
    forms = ("eager",)

    def __init__(self, first, form):
        super().__init__()
        down, up = ([linear(first, f"{part}coder{i}") for i in (1, 2, 3)] for part in ("en", "de"))
        layers = [down[0], nn.Tanh(), down[1], nn.Tanh(), down[2], up[0], nn.Tanh(), up[1], nn.Tanh(), up[2]]
        self.net = nn.Sequential(*layers)

    @staticmethod
    def inputs(x, form):
        return x

    def loss(self, x, y):
        return F.binary_cross_entropy_with_logits(self.net(x), y, reduction="sum") / len(x)


class Block(nn.Module):
    def __init__(self, first, name, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = layer_norm(first, f"{name}.norm1"), layer_norm(first, f"{name}.norm2")
        self.qkv = linear(first, *[f"{name}.attention.{part}" for part in ("query", "key", "value")])
        self.output = linear(first, f"{name}.attention.output")
        self.up, self.down = linear(first, f"{name}.dense1"), linear(first, f"{name}.dense2")

    def attend(self, x):
        b, t, d = x.shape
        q, k, v = (u.view(b, t, self.heads, d // self.heads).transpose(1, 2) for u in self.qkv(x).chunk(3, dim=-1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.output(y.transpose(1, 2).reshape(b, t, d))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    forms = ("eager",)
    HEADS = 4

    def __init__(self, first, form):
        super().__init__()
        self.token = nn.Parameter(first["embedding.weight"].clone())
        self.position = nn.Parameter(first["embedding.positions"].clone())
        self.blocks = nn.Sequential(*[Block(first, f"block{i}", self.HEADS) for i in (1, 2)])
        self.norm, self.head = layer_norm(first, "norm"), linear(first, "head")

    @staticmethod
    def inputs(x, form):
        return x.long()

    def loss(self, ids, y):
        x = F.embedding(ids, self.token) + self.position
        logits = self.head(self.norm(self.blocks(x)))
        return F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum") / len(ids)


NETS = {"mlp": Mlp, "cnn": Cnn, "autoencoder": Autoencoder, "transformer": Transformer}
