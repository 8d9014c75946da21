import { Expressions, GraphBuilder, KernelError, evaluate, findTaps, graphDigest, kernelNames, vjp, type Graph } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildSample, draw, generator, kernelCases, tensor, dtypeOf, type Sample } from './kernel-cases.ts';

const PROPERTY = { seed: 20260101, numRuns: 25 };
/** Step of central differences in float64: error h^2, noise 1e-16 / h. */
const H = 1e-5;

/** Inputs, a direction for the float ones, and weights of an output, as tensors. */
function point(sample: Sample): { at: Float64Array[]; along: Float64Array[] } {
  const random = generator(sample.seed);
  const at = sample.inputs.map((input) => draw(input, random));
  const along = sample.inputs.map((input, i) => {
    const float = dtypeOf(input.domain, 'float64') === 'float64';
    return at[i].map(() => (float ? 2 * random() - 1 : 0));
  });
  return { at, along };
}

function feed(sample: Sample, { at, along }: ReturnType<typeof point>, step: number) {
  return Object.fromEntries(
    sample.inputs.map(({ shape, domain }, i) => [
      `x${i}`,
      tensor(
        dtypeOf(domain, 'float64'),
        shape,
        at[i].map((value, e) => value + step * along[i][e]),
      ),
    ]),
  );
}

/** A fixed weighting of a value's entries, summed. */
function weightedSum(x: Expressions, value: number, seed: number): number {
  const random = generator(seed);
  const shape = x.shapeOf(value);
  const entries = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() + 0.5);
  const weights = x.builder.constant(tensor('float64', shape, entries));
  return x.sum(
    x.mul(value, weights),
    shape.map((_, axis) => axis),
  );
}

/** Checks <gradient, direction> of the output `loss` against central differences. */
function checkDirection(graph: Graph, sample: Sample): void {
  const where = point(sample);
  const used = (step: number) => {
    const all = feed(sample, where, step);
    return Object.fromEntries(graph.inputs.map(({ name }) => [name, all[name]]));
  };
  const loss = (step: number): number => evaluate(graph, used(step), { precision: 'float64' }).loss.data[0];
  const outputs = evaluate(graph, used(0), { precision: 'float64' });
  let product = 0;
  sample.inputs.forEach((_, i) => {
    const gradient = outputs[`g${i}`]?.data;
    if (gradient) gradient.forEach((value, e) => (product += value * where.along[i][e]));
  });
  const difference = (loss(H) - loss(-H)) / (2 * H);
  expectClose(product, difference, { abs: 1e-6 * (1 + Math.abs(outputs.loss.data[0])), rel: 1e-6 });
}

function lossGraph(kernel: string, sample: Sample, order: 1 | 2): Graph | undefined {
  const { builder, inputs, value } = buildSample(kernel, sample, 'float64');
  if (builder.dtypeOf(value) !== 'float64') return undefined;
  const x = new Expressions(builder);
  const floats = inputs.filter((id) => builder.dtypeOf(id) === 'float64');
  const one = builder.constant(1, 'float64');
  // The value is squared so that its second derivative is not zero for linear kernels.
  let loss = weightedSum(x, order === 2 ? x.square(value) : value, sample.seed + 1);
  if (order === 2) {
    const gradients = vjp(builder, [{ id: loss, cotangent: one }], floats);
    loss = gradients.map((id, i) => weightedSum(x, id, sample.seed + 2 + i)).reduce((sum, id) => x.add(sum, id));
  }
  const gradients = vjp(builder, [{ id: loss, cotangent: one }], floats);
  builder.output('loss', loss);
  floats.forEach((id, i) => builder.output(`g${inputs.indexOf(id)}`, gradients[i]));
  return builder.build();
}

describe('kernelCases', () => {
  it('cover every kernel once', () => {
    expect(kernelCases.map(({ kernel }) => kernel).sort()).toEqual(kernelNames);
  });
});

describe('vjp of each kernel', () => {
  const piecewise = ['StopGradient'];
  it.each(kernelCases.filter(({ kernel }) => !piecewise.includes(kernel)))(
    'agrees with finite differences to first and second order: $kernel',
    ({ kernel, samples }) => {
      for (const order of [1, 2] as const) {
        fc.assert(
          fc.property(samples, (sample) => {
            const graph = lossGraph(kernel, sample, order);
            if (graph) checkDirection(graph, sample);
          }),
          PROPERTY,
        );
      }
    },
  );
});

describe('vjp', () => {
  const build = () => {
    const builder = new GraphBuilder();
    return { builder, x: new Expressions(builder) };
  };

  it('sums a cotangent over the axes along which its input was repeated', () => {
    const { builder, x } = build();
    const bias = builder.input('bias', [3], 'float64');
    const rows = builder.input('rows', [4, 3], 'float64');
    const total = x.sum(x.mul(x.add(rows, bias), rows), [0, 1]);
    const [gradient] = vjp(builder, [{ id: total, cotangent: builder.constant(1, 'float64') }], [bias]);
    builder.output('gradient', gradient);
    const values = { rows: tensor('float64', [4, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) };
    expect(Array.from(evaluate(builder.build(), values, { precision: 'float64' }).gradient.data)).toEqual([22, 26, 30]);
  });

  it('gives zeros where no output is reached, and behind a StopGradient', () => {
    const { builder, x } = build();
    const a = builder.input('a', [2], 'float64');
    const b = builder.input('b', [3], 'float64');
    const total = x.sum(x.mul(a, builder.add('StopGradient', [x.square(a)])), [0]);
    const [toA, toB] = vjp(builder, [{ id: total, cotangent: builder.constant(1, 'float64') }], [a, b]);
    builder.output('a', toA);
    builder.output('b', toB);
    const outputs = evaluate(builder.build(), { a: tensor('float64', [2], [3, -2]) }, { precision: 'float64' });
    expect(Array.from(outputs.a.data)).toEqual([9, 4]);
    expect(Array.from(outputs.b.data)).toEqual([0, 0, 0]);
  });

  it('takes cotangents of values on the way, marked by taps of a finished graph', () => {
    const { builder, x } = build();
    const a = builder.input('a', [2], 'float64');
    const marked = builder.add('Tap', [x.scale(a, 3)], { layer: 'stem', role: 'output' });
    builder.output('total', x.sum(x.square(marked), [0]));
    const graph = builder.build();
    const [{ id, layer, role }] = findTaps(graph);
    expect([layer, role]).toEqual(['stem', 'output']);
    const more = GraphBuilder.from(graph);
    const [toTap, toInput] = vjp(more, [{ id: graph.outputs[0].id, cotangent: more.constant(1, 'float64') }], [id, graph.inputs[0].id]);
    more.output('tap', toTap);
    more.output('input', toInput);
    const outputs = evaluate(more.build(), { a: tensor('float64', [2], [1, 2]) }, { precision: 'float64' });
    expect(Array.from(outputs.tap.data)).toEqual([6, 12]);
    expect(Array.from(outputs.input.data)).toEqual([18, 36]);
  });

  it('writes the gradient of a flat vector by one Concat of its parts', () => {
    const { builder, x } = build();
    const theta = builder.input('theta', [10], 'float64');
    const part = (begin: number, size: number): number => x.slice(theta, [begin], [size]);
    const total = x.add(x.sum(x.square(part(0, 4)), [0]), x.sum(x.mul(x.square(part(6, 3)), part(1, 3)), [0]));
    const [gradient] = vjp(builder, [{ id: total, cotangent: builder.constant(1, 'float64') }], [theta]);
    builder.output('gradient', gradient);
    const graph = builder.build();
    expect(graph.nodes.filter(({ kernel }) => kernel === 'PadV2')).toEqual([]);
    const value = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const got = evaluate(graph, { theta: tensor('float64', [10], value) }, { precision: 'float64' }).gradient.data;
    expect(Array.from(got)).toEqual([2, 4 + 49, 6 + 64, 8 + 81, 0, 0, 28, 48, 72, 0]);
  });

  it('gives equal graphs for equal calls', () => {
    const once = (): string => {
      const { builder, x } = build();
      const a = builder.input('a', [5], 'float32');
      const value = x.sum(x.mul(x.unary('Tanh', a), x.add(x.unary('Exp', a), x.square(a))), [0]);
      builder.output('gradient', vjp(builder, [{ id: value, cotangent: builder.constant(1) }], [a])[0]);
      return graphDigest(builder.build());
    };
    expect(once()).toBe(once());
  });

  it('refuses a cotangent of another type', () => {
    const { builder } = build();
    const a = builder.input('a', [2], 'float32');
    expect(() => vjp(builder, [{ id: a, cotangent: builder.constant(1) }], [a])).toThrow(
      'vjp: expected a cotangent of type float32[2] for value 0, got float32[]',
    );
  });

  it('has no derivative through comparisons, but no error either', () => {
    const { builder, x } = build();
    const a = builder.input('a', [], 'float64');
    const step = x.cast(x.binary('Greater', a, x.like(a, 0)), 'float64');
    const [gradient] = vjp(builder, [{ id: step, cotangent: builder.constant(1, 'float64') }], [a]);
    builder.output('gradient', gradient);
    expect(evaluate(builder.build(), {}, { precision: 'float64' }).gradient.data[0]).toBe(0);
    expect(() => builder.add('BatchMatMul', [a, a])).toThrow(KernelError);
  });
});
