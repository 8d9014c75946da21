import {
  Expressions,
  GraphBuilder,
  GraphFormatError,
  graphDigest,
  graphFromJson,
  graphToJson,
  parseGraph,
  serializeGraph,
  type Graph,
} from '@geodesic/engine';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

function example(): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const a = builder.input('a', [2, 3], 'float32');
  const weights = builder.constant(tensor('float64', [3], [0.1, Infinity, -0]));
  const product = x.mul(x.cast(a, 'float64'), weights);
  builder.output(
    'y',
    builder.add('PadV2', [product], {
      paddings: [
        [0, 1],
        [2, 0],
      ],
      value: 0.5,
    }),
  );
  builder.output('z', x.sum(product, [-1]));
  return builder.build();
}

/** The example with one field changed. */
function broken(
  change: (json: { nodes: Record<string, unknown>[]; inputs: unknown[]; outputs: Record<string, unknown>[]; version: unknown }) => void,
): () => Graph {
  const json = JSON.parse(new TextDecoder().decode(serializeGraph(example()))) as Parameters<typeof change>[0];
  change(json);
  return () => graphFromJson(json);
}

describe('serializeGraph', () => {
  it('comes back as the same graph', () => {
    expect(parseGraph(serializeGraph(example()))).toEqual(example());
    expect(graphFromJson(graphToJson(example()))).toEqual(example());
  });

  it('writes the keys of every object in order', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.add('Sum', [builder.input('x', [2], 'float32')], { keepDims: true, axes: [0] }));
    expect(new TextDecoder().decode(serializeGraph(builder.build()))).toBe(
      '{"format":"geodesic.graph","inputs":[{"id":0,"name":"x"}],"nodes":[' +
        '{"attributes":{"name":"x"},"dtype":"float32","inputs":[],"kernel":"Input","shape":[2]},' +
        '{"attributes":{"axes":[0],"keepDims":true},"dtype":"float32","inputs":[0],"kernel":"Sum","shape":[1]}],' +
        '"outputs":[{"id":1,"name":"y"}],"version":1}',
    );
  });
});

describe('graphDigest', () => {
  it('is stable over releases: a change of this digest is a change of format', () => {
    expect(graphDigest(example())).toBe('sha256:1084f12765c218318bbcaa0fa70ee8c4525feac9f9a4ffc1a3dddc9cbfdc62b4');
  });
});

describe('parseGraph', () => {
  it('names the bad field, what is expected and what was there', () => {
    expect(() => parseGraph(new TextEncoder().encode('{'))).toThrow(GraphFormatError);
    expect(broken((json) => (json.version = 2))).toThrow('parse graph: version: expected 1, got 2');
    expect(broken((json) => (json.nodes[0].dtype = 'float16'))).toThrow(
      'nodes[0].dtype: expected float32, float64, int32, bool, got "float16"',
    );
    expect(broken((json) => (json.nodes[1].inputs = [1]))).toThrow(
      'nodes[1].inputs[0]: expected the id of an earlier node (below 1), got 1',
    );
    expect(broken((json) => (json.nodes[2].shape = [3, 2]))).toThrow('nodes[2]: expected the type float64[2,3] of Cast, got float64[3,2]');
    expect(broken((json) => (json.nodes[2].kernel = 'Warp'))).toThrow(
      /nodes\[2\]: expected a valid operation, got kernel: expected one of .*, got 'Warp'/,
    );
    expect(broken((json) => (json.nodes[1].attributes = { data: 'AA==' }))).toThrow(
      'nodes[1].attributes.data: expected 3 float64 values, got "AA=="',
    );
    expect(
      broken(
        (json) =>
          (json.nodes[4].attributes = {
            paddings: [
              [0, 1],
              [2, 0],
            ],
          }),
      ),
    ).toThrow('nodes[4].attributes: expected');
    expect(broken((json) => (json.inputs = []))).toThrow('inputs: expected an entry for node 0, got none');
    expect(broken((json) => (json.outputs[1].name = 'y'))).toThrow('outputs[1].name: expected a new name, got "y"');
  });
});
