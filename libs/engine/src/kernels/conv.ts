/**
 * Convolutions of images with filters (correlations, as everywhere in machine learning):
 *   y[b, p, o] = sum over taps t and channels c of o's group:  x[b, pixel(p, t), c] w[t, c, o]
 * with x [B, H, W, C], w [kh, kw, C / groups, O], y [B, H', W', O]. The form is trilinear: together with its transposes in x
 * and in w it is closed under differentiation. A depthwise convolution has groups = C and its filter relaid to [kh, kw, 1, C M].
 */
import { sizeOf, type Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import type { Expressions } from '../expressions.ts';
import type { Attributes, ValueType } from '../graph.ts';
import { integerAttribute, requireFloat, requireSameDtype, type Inferred, type Kernel, type Linearization } from '../kernel.ts';
import { kernelAttribute, requireImages, requirePositions, sizeAttribute, tapsOf, windowOf, type Window } from './window.ts';

/** Everything a convolution's loops need. */
interface Convolution {
  readonly window: Window;
  readonly batch: number;
  readonly groups: number;
  /** Input and output channels of a group. */
  readonly perGroup: readonly [number, number];
}

/** Checks the three types against each other; `x` and `w` by shape, for one of them may be asked for. */
function convolution(name: string, at: { readonly x: Shape; readonly w: Shape; readonly attributes: Attributes }): Convolution {
  const { x, w, attributes } = at;
  requireImages(name, x);
  if (w.length !== 4) throw new KernelError(name, 'a filter [kh, kw, C / groups, O]', `shape [${w.join(',')}]`);
  const groups = integerAttribute(name, attributes, 'groups', 1);
  if (x[3] !== w[2] * groups || w[3] % groups !== 0)
    throw new KernelError(
      name,
      `${groups} groups of channels, the same in images and filter`,
      `images [${x.join(',')}] and filter [${w.join(',')}]`,
    );
  const window = windowOf(name, { size: x.slice(1, 3), kernel: w.slice(0, 2), attributes });
  return { window, batch: x[0], groups, perGroup: [w[2], w[3] / groups] };
}

/** The attributes that all three kernels share, canonical. */
function shared({ strides, pads, dilations }: Window, groups: number): Attributes {
  return { strides, pads, dilations, groups };
}

function requireFloats(name: string, inputs: readonly ValueType[]): void {
  requireSameDtype(name, inputs);
  requireFloat(name, inputs[0]);
}

/** Calls `visit` with offsets in x, w and y for every tap and input channel; `count` output channels lie side by side in w and y. */
function eachRow(
  { window, batch, groups, perGroup: [inputs, outputs] }: Convolution,
  visit: (x: number, w: number, y: number, count: number) => void,
): void {
  const { position, pixel, tap } = tapsOf(window);
  const pixels = window.size[0] * window.size[1];
  const positions = window.positions[0] * window.positions[1];
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < tap.length; i++)
      for (let g = 0; g < groups; g++) {
        const x = ((b * pixels + pixel[i]) * groups + g) * inputs;
        const y = ((b * positions + position[i]) * groups + g) * outputs;
        for (let c = 0; c < inputs; c++) visit(x + c, ((tap[i] * inputs + c) * groups + g) * outputs, y, outputs);
      }
}

/** The tangent of a bilinear kernel: the kernel once for each tangent. */
function bilinear(name: string): (x: Expressions, at: Linearization) => number | undefined {
  return (x, { inputs, tangents, attributes }) =>
    tangents
      .flatMap((tangent, i) => (tangent === undefined ? [] : [x.builder.add(name, inputs.with(i, tangent), attributes)]))
      .reduce((sum, term) => x.add(sum, term));
}

const linearIn = {
  images: (x: Expressions, w: number, dy: number, { strides, pads, dilations, groups }: Attributes, size: readonly number[]): number =>
    x.builder.add('Conv2DInputGrad', [w, dy], { strides, pads, dilations, groups, size }),
  filter: (x: Expressions, images: number, dy: number, attributes: Attributes, kernel: readonly number[]): number => {
    const { strides, pads, dilations, groups } = attributes;
    return x.builder.add('Conv2DFilterGrad', [images, dy], { strides, pads, dilations, groups, kernel });
  },
  output: (x: Expressions, images: number, w: number, { strides, pads, dilations, groups }: Attributes): number =>
    x.builder.add('Conv2D', [images, w], { strides, pads, dilations, groups }),
};

const conv2D: Kernel = {
  name: 'Conv2D',
  arity: 2,
  infer(inputs, attributes): Inferred {
    requireFloats('Conv2D', inputs);
    const [{ shape: x, dtype }, { shape: w }] = inputs;
    const { window, groups } = convolution('Conv2D', { x, w, attributes });
    return { shape: [x[0], ...window.positions, w[3]], dtype, attributes: shared(window, groups) };
  },
  evaluate([x, w], { shape, attributes }) {
    const out = new Float64Array(sizeOf(shape));
    eachRow(convolution('Conv2D', { x: x.shape, w: w.shape, attributes }), (atX, atW, atY, count) => {
      const pixel = x.data[atX];
      for (let o = 0; o < count; o++) out[atY + o] += pixel * w.data[atW + o];
    });
    return out;
  },
  vjp: (x, { inputs: [images, w], cotangent, attributes }) => [
    () => linearIn.images(x, w, cotangent, attributes, x.shapeOf(images).slice(1, 3)),
    () => linearIn.filter(x, images, cotangent, attributes, x.shapeOf(w).slice(0, 2)),
  ],
  jvp: bilinear('Conv2D'),
};

/** (w, dy) -> dx: the transpose of Conv2D in the images, whose H and W are attribute `size`. */
const inputGrad: Kernel = {
  name: 'Conv2DInputGrad',
  arity: 2,
  infer(inputs, attributes): Inferred {
    const name = 'Conv2DInputGrad';
    requireFloats(name, inputs);
    const [{ shape: w, dtype }, { shape: dy }] = inputs;
    requireImages(name, dy);
    const size = sizeAttribute(name, attributes);
    const x = [dy[0], ...size, (w[2] ?? 0) * integerAttribute(name, attributes, 'groups', 1)];
    const { window, groups } = convolution(name, { x, w, attributes });
    requirePositions(name, dy, window.positions);
    if (dy[3] !== w[3]) throw new KernelError(name, `${w[3]} output channels, as the filter has`, String(dy[3]));
    return { shape: x, dtype, attributes: { ...shared(window, groups), size } };
  },
  evaluate([w, dy], { shape, attributes }) {
    const out = new Float64Array(sizeOf(shape));
    eachRow(convolution('Conv2DInputGrad', { x: shape, w: w.shape, attributes }), (atX, atW, atY, count) => {
      let sum = 0;
      for (let o = 0; o < count; o++) sum += w.data[atW + o] * dy.data[atY + o];
      out[atX] += sum;
    });
    return out;
  },
  vjp: (x, { inputs: [w, dy], cotangent, attributes }) => [
    () => linearIn.filter(x, cotangent, dy, attributes, x.shapeOf(w).slice(0, 2)),
    () => linearIn.output(x, cotangent, w, attributes),
  ],
  jvp: bilinear('Conv2DInputGrad'),
};

/** (x, dy) -> dw: the transpose of Conv2D in the filter, whose kh and kw are attribute `kernel`. */
const filterGrad: Kernel = {
  name: 'Conv2DFilterGrad',
  arity: 2,
  infer(inputs, attributes): Inferred {
    const name = 'Conv2DFilterGrad';
    requireFloats(name, inputs);
    const [{ shape: x, dtype }, { shape: dy }] = inputs;
    requireImages(name, x);
    requireImages(name, dy);
    const kernel = kernelAttribute(name, attributes);
    const w = [...kernel, x[3] / integerAttribute(name, attributes, 'groups', 1), dy[3]];
    const { window, groups } = convolution(name, { x, w, attributes });
    requirePositions(name, dy, window.positions);
    if (dy[0] !== x[0]) throw new KernelError(name, `${x[0]} images`, String(dy[0]));
    return { shape: w, dtype, attributes: { ...shared(window, groups), kernel } };
  },
  evaluate([x, dy], { shape, attributes }) {
    const out = new Float64Array(sizeOf(shape));
    eachRow(convolution('Conv2DFilterGrad', { x: x.shape, w: shape, attributes }), (atX, atW, atY, count) => {
      const pixel = x.data[atX];
      for (let o = 0; o < count; o++) out[atW + o] += pixel * dy.data[atY + o];
    });
    return out;
  },
  vjp: (x, { inputs: [images, dy], cotangent, attributes }) => [
    () => linearIn.images(x, cotangent, dy, attributes, x.shapeOf(images).slice(1, 3)),
    () => linearIn.output(x, images, cotangent, attributes),
  ],
  jvp: bilinear('Conv2DFilterGrad'),
};

/** Convolutions and their transposes. */
export const convKernels: readonly Kernel[] = [conv2D, inputGrad, filterGrad];
