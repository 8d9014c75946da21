/**
 * One case a kernel: random shapes, attributes and domains on which it is tested, against finite differences and against
 * the native executor. A list of names proves that no kernel is left out.
 */
import { sizeOf, type DType, type Shape, type TensorData } from '@geodesic/tensor';
import fc from 'fast-check';
import { GraphBuilder, type Attributes } from '@geodesic/engine';

/** Where an input's entries are drawn from: 'spd' makes the last two axes well conditioned SPD matrices, a number n makes integers in [0, n). */
export type Domain = 'real' | 'positive' | 'spd' | 'bool' | number;

export interface SampleInput {
  readonly shape: Shape;
  readonly domain: Domain;
}

export interface Sample {
  readonly inputs: readonly SampleInput[];
  readonly attributes: Attributes;
  readonly seed: number;
}

export interface KernelCase {
  readonly kernel: string;
  readonly samples: fc.Arbitrary<Sample>;
}

/** A uniform generator (mulberry32) for test values. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** dtype of an input of some domain, floats being of the dtype asked. */
export function dtypeOf(domain: Domain, float: DType): DType {
  if (domain === 'bool') return 'bool';
  return typeof domain === 'number' ? 'int32' : float;
}

/** Entries of an input. */
export function draw({ shape, domain }: SampleInput, random: () => number): Float64Array {
  const size = sizeOf(shape);
  if (domain === 'spd') return drawSpd(shape, random);
  return Float64Array.from({ length: size }, () => {
    if (domain === 'bool') return Number(random() < 0.5);
    if (typeof domain === 'number') return Math.floor(random() * domain);
    return domain === 'positive' ? 0.3 + 2 * random() : 4 * random() - 2;
  });
}

function drawSpd(shape: Shape, random: () => number): Float64Array {
  const n = shape[shape.length - 1];
  const out = new Float64Array(sizeOf(shape));
  for (let start = 0; start < out.length; start += n * n) {
    const factor = Float64Array.from({ length: n * n }, () => random() - 0.5);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let dot = i === j ? 1 : 0;
        for (let k = 0; k < n; k++) dot += factor[i * n + k] * factor[j * n + k];
        out[start + i * n + j] = dot;
      }
  }
  return out;
}

/** Wraps entries as a tensor of a dtype. */
export function tensor(dtype: DType, shape: Shape, entries: ArrayLike<number>): TensorData {
  const types = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array };
  return { dtype, shape, data: types[dtype].from(Array.from(entries)) };
}

/** A builder with a sample's inputs (`x0`, `x1`, ...) and the kernel's value. */
export function buildSample(kernel: string, sample: Sample, float: DType): { builder: GraphBuilder; inputs: number[]; value: number } {
  const builder = new GraphBuilder();
  const inputs = sample.inputs.map(({ shape, domain }, i) => builder.input(`x${i}`, shape, dtypeOf(domain, float)));
  return { builder, inputs, value: builder.add(kernel, inputs, sample.attributes) };
}

const size = fc.integer({ min: 1, max: 4 });
const shapeOf = (minLength: number, maxLength: number): fc.Arbitrary<number[]> => fc.array(size, { minLength, maxLength });
const seed = fc.integer();
const flag = fc.boolean();

function sample(of: fc.Arbitrary<Omit<Sample, 'seed'>>): fc.Arbitrary<Sample> {
  return fc.tuple(of, seed).map(([rest, seed]) => ({ ...rest, seed }));
}

/** A shape that broadcasts to the given one: some leading axes dropped, some sizes 1. */
function broadcastable(shape: Shape): fc.Arbitrary<number[]> {
  return fc
    .tuple(fc.integer({ min: 0, max: shape.length }), fc.array(flag, { minLength: shape.length, maxLength: shape.length }))
    .map(([drop, ones]) => shape.map((n, axis) => (ones[axis] ? 1 : n)).slice(drop));
}

const elementwise = (kernel: string, ...domains: readonly Domain[]): KernelCase => ({
  kernel,
  samples: sample(
    shapeOf(0, 3).chain((full) =>
      fc.tuple(...domains.map(() => broadcastable(full))).map((shapes) => ({
        inputs: domains.map((domain, i) => ({ shape: i === 0 ? full : shapes[i], domain })),
        attributes: {},
      })),
    ),
  ),
});

const onShape = (kernel: string, ranks: [number, number], attributes: (shape: Shape) => fc.Arbitrary<Attributes>): KernelCase => ({
  kernel,
  samples: sample(
    shapeOf(...ranks).chain((shape) =>
      attributes(shape).map((chosen) => ({ inputs: [{ shape, domain: 'real' as const }], attributes: chosen })),
    ),
  ),
});

const axisOf = (shape: Shape): fc.Arbitrary<number> => fc.integer({ min: 0, max: shape.length - 1 });
const axesOf = (shape: Shape): fc.Arbitrary<Attributes> =>
  fc.record({
    axes: fc.subarray(
      shape.map((_, axis) => axis),
      { minLength: 1 },
    ),
    keepDims: flag,
  });
const none = (): fc.Arbitrary<Attributes> => fc.constant({});

const matMul: KernelCase = {
  kernel: 'BatchMatMul',
  samples: sample(
    fc
      .record({ m: size, k: size, n: size, batch: shapeOf(0, 2), transposeA: flag, transposeB: flag })
      .chain(({ m, k, n, batch, transposeA, transposeB }) =>
        fc.tuple(broadcastable(batch), flag).map(([other, swap]) => {
          const a = { shape: [...(swap ? other : batch), ...(transposeA ? [k, m] : [m, k])], domain: 'real' as const };
          const b = { shape: [...(swap ? batch : other), ...(transposeB ? [n, k] : [k, n])], domain: 'real' as const };
          return { inputs: [a, b], attributes: { transposeA, transposeB } };
        }),
      ),
  ),
};

const concat: KernelCase = {
  kernel: 'Concat',
  samples: sample(
    shapeOf(1, 3).chain((shape) =>
      fc.tuple(axisOf(shape), fc.array(size, { minLength: 2, maxLength: 3 })).map(([axis, sizes]) => ({
        inputs: sizes.map((n) => ({ shape: shape.with(axis, n), domain: 'real' as const })),
        attributes: { axis },
      })),
    ),
  ),
};

const gather: KernelCase = {
  kernel: 'GatherV2',
  samples: sample(
    fc.tuple(shapeOf(1, 3), shapeOf(0, 2)).chain(([shape, indices]) =>
      axisOf(shape).map((axis) => ({
        inputs: [
          { shape, domain: 'real' as const },
          { shape: indices, domain: shape[axis] },
        ],
        attributes: { axis },
      })),
    ),
  ),
};

const scatter: KernelCase = {
  kernel: 'ScatterAdd',
  samples: sample(
    fc.tuple(shapeOf(0, 1), shapeOf(1, 2), shapeOf(0, 1), size).map(([outer, indices, inner, n]) => ({
      inputs: [
        { shape: [...outer, ...indices, ...inner], domain: 'real' as const },
        { shape: indices, domain: n },
      ],
      attributes: { axis: outer.length, size: n },
    })),
  ),
};

const spd = (kernel: string): KernelCase => ({
  kernel,
  samples: sample(
    fc
      .tuple(shapeOf(0, 2), fc.integer({ min: 1, max: 6 }))
      .map(([batch, n]) => ({ inputs: [{ shape: [...batch, n, n], domain: 'spd' as const }], attributes: {} })),
  ),
});

const oneHot: KernelCase = {
  kernel: 'OneHot',
  samples: sample(
    fc.tuple(shapeOf(0, 2), size).map(([shape, depth]) => ({ inputs: [{ shape, domain: depth + 1 }], attributes: { depth } })),
  ),
};

/** All kernels, each once. */
export const kernelCases: readonly KernelCase[] = [
  ...[
    'Neg',
    'Exp',
    'Expm1',
    'Tanh',
    'Sigmoid',
    'Softplus',
    'Relu',
    'Square',
    'Abs',
    'Sign',
    'Sin',
    'Cos',
    'Erf',
    'Floor',
    'StopGradient',
  ].map((kernel) => elementwise(kernel, 'real')),
  ...['Log', 'Log1p', 'Sqrt', 'Rsqrt', 'Reciprocal'].map((kernel) => elementwise(kernel, 'positive')),
  ...['Add', 'Sub', 'Multiply', 'Maximum', 'Minimum', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'].map((kernel) =>
    elementwise(kernel, 'real', 'real'),
  ),
  elementwise('RealDiv', 'real', 'positive'),
  elementwise('Pow', 'positive', 'real'),
  ...['LogicalAnd', 'LogicalOr'].map((kernel) => elementwise(kernel, 'bool', 'bool')),
  elementwise('LogicalNot', 'bool'),
  elementwise('Select', 'bool', 'real', 'real'),
  onShape('Cast', [0, 3], () => fc.constantFrom<Attributes>({ dtype: 'float32' }, { dtype: 'int32' }, { dtype: 'bool' })),
  onShape('Tap', [0, 3], () => fc.constant({ layer: 'stem', role: 'input' })),
  onShape('Reshape', [0, 3], (shape) => fc.constantFrom<Attributes>({ shape: [sizeOf(shape)] }, { shape: [1, ...shape].reverse() })),
  onShape('BroadcastTo', [0, 2], (shape) => fc.tuple(size, size).map((lead) => ({ shape: [...lead, ...shape] }))),
  onShape('Transpose', [0, 4], (shape) =>
    fc.array(fc.nat(), { minLength: shape.length, maxLength: shape.length }).map((keys) => ({
      perm: shape.map((_, axis) => axis).sort((a, b) => keys[a] - keys[b] || a - b),
    })),
  ),
  onShape('Slice', [1, 3], (shape) =>
    fc
      .tuple(
        ...shape.map((n) =>
          fc.integer({ min: 0, max: n - 1 }).chain((at) => fc.tuple(fc.constant(at), fc.integer({ min: 1, max: n - at }))),
        ),
      )
      .map((ranges) => ({
        begin: ranges.map(([at]) => at),
        size: ranges.map(([, n]) => n),
      })),
  ),
  onShape('PadV2', [1, 3], (shape) =>
    fc.tuple(...shape.map(() => fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })))).map((paddings) => ({ paddings, value: 0.25 })),
  ),
  ...['Sum', 'Max', 'Min'].map((kernel) => onShape(kernel, [1, 4], axesOf)),
  onShape('ArgMax', [1, 3], (shape) => fc.record({ axis: axisOf(shape) })),
  onShape('Cumsum', [1, 3], (shape) => fc.record({ axis: axisOf(shape), exclusive: flag, reverse: flag })),
  onShape('LogSoftmax', [1, 3], none),
  matMul,
  concat,
  gather,
  scatter,
  oneHot,
  spd('SpdInverse'),
  spd('LogDet'),
];
