"""LAPACK as numpy and PyTorch call it: reads JSON requests on stdin, answers each with one JSON line.

  {"command": "open", "path": .., "n": n}                a symmetric positive definite matrix, float64, little endian
  {"command": "time", "library": "pytorch", "operation": "inverse", "dtype": "float64", "seconds": s}
                                                          {"ms": milliseconds of a call, averaged over the window}

numpy may be missing: `open` says which libraries there are. The number of threads is argv[1].
"""
import json
import sys
import time

import torch

try:
    import numpy
except ImportError:
    numpy = None


class Case:
    def __init__(self, path, n):
        with open(path, "rb") as file:
            self.matrix = torch.frombuffer(bytearray(file.read()), dtype=torch.float64).view(n, n)

    def calls(self, library, operation, dtype):
        a = self.matrix.to(getattr(torch, dtype))
        if library == "numpy":
            m, linalg = a.numpy(), numpy.linalg
            return {"inverse": lambda: linalg.inv(m), "cholesky": lambda: linalg.cholesky(m), "qr": lambda: linalg.qr(m),
                    "eigen": lambda: linalg.eigh(m)}[operation]
        linalg = torch.linalg
        return {"inverse": lambda: torch.cholesky_inverse(linalg.cholesky(a)), "cholesky": lambda: linalg.cholesky(a),
                "qr": lambda: linalg.qr(a), "eigen": lambda: linalg.eigh(a)}[operation]

    def time(self, library, operation, dtype, seconds):
        call, count, start = self.calls(library, operation, dtype), 0, time.perf_counter()
        while count == 0 or time.perf_counter() - start < seconds:
            call()
            count += 1
        return {"ms": 1e3 * (time.perf_counter() - start) / count}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    case = None
    for line in sys.stdin:
        request = json.loads(line)
        command = request.pop("command")
        if command == "open":
            case = Case(**request)
            answer = {"pytorch": torch.__version__, "numpy": numpy and numpy.__version__}
        else:
            answer = getattr(case, command)(**request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
