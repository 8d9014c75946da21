/**
 * S10: the linear algebra of curvature on one core, against LAPACK in the same run: SPD inverse, Cholesky, QR with Q, and the symmetric
 * eigendecomposition, float64. The peer of a case is the faster of numpy and PyTorch; numpy's inverse is its general one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onnxCpuExecutor } from '../../libs/engine/dist/onnx/index.js';
import { createLinalg } from '../../libs/linalg/dist/index.js';
import { openLapack, probeLapack } from '../../libs/linalg/dist/lapack/index.js';
import { findPyTorch, startPyTorch } from '../shared/pytorch.mjs';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { lapack, ourSingle, ours, recursion } from './contenders.mjs';
import { residualOf, spdMatrix } from './matrices.mjs';

const seed = 1;
const operations = ['inverse', 'cholesky', 'qr', 'eigen'];
/** Ratios to LAPACK at n = 1024. */
const goals = { inverse: 0.5, cholesky: 0.5, qr: 0.5, eigen: 0.25 };
const goalOrder = 1024;
/** Plain TypeScript takes seconds beyond. */
const plainUpTo = 256;
const peerProgram = fileURLToPath(new URL('lapack_peer.py', import.meta.url));
const profiles = {
  quick: { orders: [128, 256, 512, 1024], rounds: 5, seconds: 0.1 },
  full: { orders: [128, 256, 512, 1024, 2048], rounds: 7, seconds: 0.2 },
};

/** Runs the benchmark and prints one line for each operation and order. */
export async function run({ profile, python }) {
  const found = findPyTorch({ python });
  const peer = found.reason ? undefined : startPyTorch({ python: found.python, threads: 1, program: peerProgram });
  const executor = onnxCpuExecutor({ threads: 1, precision: 'float64' });
  const probe = await probeLapack();
  const native = probe.available ? await openLapack() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-bench-'));
  try {
    for (const n of profiles[profile].orders) {
      const a = spdMatrix(n, seed);
      const path = join(folder, 'a.f64');
      writeFileSync(path, new Uint8Array(a.buffer));
      const versions = await peer?.ask({ command: 'open', path, n });
      for (const operation of operations) {
        const contenders = contendersOf({ operation, a, n, executor, native, peer, versions });
        const times = await takeTurns(contenders, operation, profiles[profile]);
        const residual = residualOf(operation, a, n, contenders.wasm.result(operation));
        report({ operation, n, times, residual, versions, found, profile, probe });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await executor.close();
    await peer?.close();
  }
}

/** Everyone who has the operation, ours first. */
function contendersOf({ operation, a, n, executor, native, peer, versions }) {
  const wasm = createLinalg({ backend: 'wasm' });
  const all = {
    wasm: ours(wasm, a, n),
    ...(n <= plainUpTo && { plain: ours(createLinalg({ backend: 'plain' }), a, n) }),
    recursionOnOnnx: recursion(executor, a, n),
    wasmFloat32: ourSingle(wasm, a, n),
    ...(native && { lapackThroughKoffi: ours(native, a, n) }),
    ...(peer && { pytorch: lapack(peer, 'pytorch') }),
    ...(versions?.numpy && { numpy: lapack(peer, 'numpy') }),
    ...(peer && operation === 'inverse' && { pytorchFloat32: lapack(peer, 'pytorch', 'float32') }),
  };
  return Object.fromEntries(Object.entries(all).filter(([, contender]) => contender.operations?.includes(operation) ?? true));
}

/** Milliseconds of each contender in each round; a first round only warms up. */
async function takeTurns(contenders, operation, { rounds, seconds }) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const [name, contender] of Object.entries(contenders)) {
      const ms = await contender.time(operation, seconds);
      if (round >= 0) times[name].push(ms);
    }
  return times;
}

function report({ operation, n, times, residual, versions, found, profile, probe }) {
  const { wasm, pytorch, numpy, ...others } = times;
  const peers = Object.entries({ pytorch, numpy }).filter(([, ms]) => ms);
  const [peerName, peer] = peers.toSorted(([, x], [, y]) => median(x) - median(y))[0] ?? [null, null];
  printResult({
    benchmark: 'S10',
    case: `${operation} ${n}`,
    unit: 'ms',
    ours: significant(median(wasm)),
    oursRange: range(wasm).map((ms) => significant(ms)),
    peer: peer && significant(median(peer)),
    peerName: peer && `${peerName} ${versions[peerName]}`,
    ratio: peer && significant(median(peer) / median(wasm), 3),
    goal: n === goalOrder ? goals[operation] : null,
    seed,
    ...(peer && {
      peerRange: range(peer).map((ms) => significant(ms)),
      ratioRange: range(wasm.map((ms, round) => peer[round] / ms)).map((ratio) => significant(ratio, 3)),
    }),
    ...(found.reason && { reason: found.reason }),
    ms: Object.fromEntries(
      [...peers.filter(([name]) => name !== peerName), ...Object.entries(others)].map(([name, ms]) => [name, significant(median(ms))]),
    ),
    residual: significant(residual, 2),
    ...(!probe.available && { lapackThroughKoffi: probe.reason }),
    rounds: wasm.length,
    threads: 1,
    profile,
  });
}
