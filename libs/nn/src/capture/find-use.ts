/**
 * What a parameter does at the one place where it is read: the weight of a dense layer, a convolution or an embedding, or the gain of
 * a norm. Anything else is said in words, for the person whose layer is not captured.
 */
import { sizeOf } from '@geodesic/tensor';
import type { LayerEntry } from '@geodesic/engine';
import type { LayerUse } from './captured-layer.ts';
import type { Consumer, Consumers } from './consumers.ts';

/** A layer's application as its weight shows it; the bias is not looked for yet. */
export interface FoundUse extends Pick<LayerEntry, 'kind' | 'inputs' | 'outputs' | 'positions'> {
  readonly use: LayerUse;
}

/** The role of a parameter of `size` entries at a reader, with B = `rows`; a reason in words when it has none. */
export function findUse(consumers: Consumers, reader: Consumer, { size, rows }: { size: number; rows: number }): FoundUse | string {
  const { kernel } = consumers.nodeOf(reader.id);
  switch (kernel) {
    case 'BatchMatMul':
      return denseUse(consumers, reader, rows);
    case 'Conv2D':
      return convUse(consumers, reader);
    case 'GatherV2':
      return embeddingUse(consumers, reader, rows);
    case 'Multiply':
      return normUse(consumers, reader, { size, rows });
    default:
      return `an argument of ${kernel}`;
  }
}

function denseUse(consumers: Consumers, { id, at, alias }: Consumer, rows: number): FoundUse | string {
  const { inputs, attributes } = consumers.nodeOf(id);
  const weight = consumers.nodeOf(alias).shape;
  if (at === 0) return 'the left factor of a matrix product';
  if (weight.length !== 2) return `a batch of matrices of shape [${weight.join(', ')}]`;
  if (attributes.transposeB === true) return 'the transposed factor of a matrix product';
  if (attributes.transposeA === true) return 'a factor of a product with a transposed matrix';
  const cases = sizeOf(consumers.nodeOf(inputs[0]).shape) / weight[0];
  if (cases % rows !== 0) return `a factor of ${cases} rows, which are not positions of ${rows} examples`;
  const use = { inputs: [inputs[0]], output: id };
  return { kind: 'dense', inputs: weight[0], outputs: weight[1], positions: cases / rows, use };
}

function convUse(consumers: Consumers, { id, at, alias }: Consumer): FoundUse | string {
  const { inputs, attributes, shape } = consumers.nodeOf(id);
  const [height, width, channels, outputs] = consumers.nodeOf(alias).shape;
  if (at === 0) return 'the image of a convolution';
  if (attributes.groups !== 1) return `the filter of a convolution in ${String(attributes.groups)} groups (depthwise)`;
  const { strides, pads, dilations } = attributes;
  const use: LayerUse = { inputs: [inputs[0]], output: id, window: { kernel: [height, width], strides, pads, dilations } };
  return { kind: 'conv', inputs: height * width * channels, outputs, positions: shape[1] * shape[2], use };
}

function embeddingUse(consumers: Consumers, { id, at, alias }: Consumer, rows: number): FoundUse | string {
  const { inputs, attributes } = consumers.nodeOf(id);
  const table = consumers.nodeOf(alias).shape;
  if (at !== 0 || attributes.axis !== 0 || table.length !== 2) return `a gathered value of shape [${table.join(', ')}]`;
  const cases = sizeOf(consumers.nodeOf(inputs[1]).shape);
  if (cases % rows !== 0) return `a table read at ${cases} ids, which are not positions of ${rows} examples`;
  return { kind: 'embedding', inputs: table[0], outputs: table[1], positions: cases / rows, use: { inputs: [inputs[1]], output: id } };
}

/** Follows products until one has a row for every example: what the gain has met by then is the normalised value. */
function normUse(consumers: Consumers, reader: Consumer, { size, rows }: { size: number; rows: number }): FoundUse | string {
  const factors: number[] = [];
  for (let next: Consumer | undefined = reader; next; next = consumers.only(next.id)) {
    const { kernel, inputs, shape } = consumers.nodeOf(next.id);
    if (kernel !== 'Multiply') return `an argument of ${kernel}`;
    if (inputs[0] === inputs[1]) return 'a factor of its own square';
    factors.push(inputs[1 - next.at]);
    const cases = sizeOf(shape) / size;
    if (shape.at(-1) !== size) return `a factor of a value of shape [${shape.join(', ')}]`;
    if (shape.length > 1 && cases % rows === 0)
      return { kind: 'norm', inputs: 1, outputs: size, positions: cases / rows, use: { inputs: factors, output: next.id } };
  }
  return 'a factor of values that are used in several places';
}
