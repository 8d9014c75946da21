/**
 * Layers in any traced graph, found by what its parameters do: a weight is the right factor of a matrix product, the filter of a
 * convolution, the table of a gather or the gain of a product along the last axis; a parameter added right after it is its bias.
 * So a plain tfjs function and a LayersModel have curvature without marks. A weight that plays the same role in several places (tied
 * weights) is one layer with several uses, whose positions count together, as those of a recurrence do (Eschenhagen et al. 2023); in
 * different roles, such as an embedding's table that is also the transposed head, it has no Kronecker factors and is no layer.
 */
import type { Graph, ParameterEntry } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';
import type { Captured, CapturedLayer, UncapturedParameter } from './captured-layer.ts';
import { Consumers, type Consumer } from './consumers.ts';
import { findUse, type FoundUse } from './find-use.ts';

/** How a graph is read. */
export interface CaptureOptions {
  /** B; default the first axis of the graph's input `x`. */
  readonly rows?: number;
  /** What curvature makes of shared positions, by layer; default `expand`. */
  readonly sharing?: Readonly<Record<string, 'expand' | 'reduce'>>;
}

/**
 * Finds the layers of a traced forward pass. Parameters are inputs of the graph by their names; those that the graph does not read
 * are reported like any other without a layer. Biases belong to the layer that they are added to and are not reported.
 * A layer is called after its weight without the last part (`conv1.weight`, `conv1/kernel` -> `conv1`) where that is unique.
 * @throws {ModelError} when the number of rows is not known
 */
export function captureLayers(graph: Graph, parameters: readonly ParameterEntry[], options: CaptureOptions = {}): Captured {
  const rows = options.rows ?? rowsOf(graph);
  const readers = new ParameterReaders(graph, parameters);
  const found: { readonly parameter: string; readonly uses: readonly FoundUse[] }[] = [];
  const reasons: UncapturedParameter[] = [];
  for (const { name, shape } of parameters) {
    const uses = usesOf(readers, name, { size: sizeOf(shape), rows });
    if (typeof uses === 'string') reasons.push({ parameter: name, got: uses });
    else found.push({ parameter: name, uses });
  }
  const stems = found.map(({ parameter }) => stemOf(parameter));
  const layers = found.map(({ parameter, uses }, i): CapturedLayer => {
    const name = stems.filter((stem) => stem === stems[i]).length > 1 ? parameter : stems[i];
    const [{ kind, inputs, outputs }] = uses;
    const positions = uses.reduce((sum, use) => sum + use.positions, 0);
    const bias = findBias(readers, uses);
    const next = parameters[parameters.findIndex((entry) => entry.name === parameter) + 1] as ParameterEntry | undefined;
    return {
      name,
      kind,
      inputs,
      outputs,
      positions,
      bias: bias !== undefined && bias.parameter === next?.name,
      ...(bias && { biasParameter: bias.parameter }),
      weight: parameter,
      sharing: positions === 1 ? 'none' : (options.sharing?.[name] ?? 'expand'),
      uses: uses.map(({ use }, u) => ({ ...use, output: bias?.outputs[u] ?? use.output })),
    };
  });
  const biases = new Set(layers.map(({ biasParameter }) => biasParameter));
  return { layers, uncaptured: reasons.filter(({ parameter }) => !biases.has(parameter)) };
}

/** Who reads each parameter of a graph. */
class ParameterReaders {
  readonly consumers: Consumers;
  readonly #readers: ReadonlyMap<string, readonly Consumer[]>;

  constructor(graph: Graph, parameters: readonly ParameterEntry[]) {
    this.consumers = new Consumers(graph);
    const inputs = new Map(graph.inputs.map(({ name, id }) => [name, id]));
    const read = ({ name }: ParameterEntry): Consumer[] => (inputs.has(name) ? this.consumers.of(inputs.get(name)!) : []);
    this.#readers = new Map(parameters.map((parameter) => [parameter.name, read(parameter)]));
  }

  of(parameter: string): readonly Consumer[] {
    return this.#readers.get(parameter) ?? [];
  }

  /** The parameter that is read at a node, and the form in which it is read there. */
  at(node: number): { readonly parameter: string; readonly alias: number } | undefined {
    for (const [parameter, readers] of this.#readers) {
      const reader = readers.find(({ id }) => id === node);
      if (reader) return { parameter, alias: reader.alias };
    }
    return undefined;
  }
}

function rowsOf(graph: Graph): number {
  const x = graph.inputs.find(({ name }) => name === 'x');
  const shape = x && graph.nodes[x.id].shape;
  if (shape === undefined || shape.length === 0)
    throw new ModelError('captureLayers', 'an input x [B, ..], or the number of rows', 'neither');
  return shape[0];
}

/** The uses of a parameter, all in one role; a reason in words when it has none. */
function usesOf(readers: ParameterReaders, parameter: string, options: { size: number; rows: number }): readonly FoundUse[] | string {
  const consumers = readers.of(parameter);
  if (consumers.length === 0) return 'a parameter that the forward pass does not use';
  const found = consumers.map((consumer) => findUse(readers.consumers, consumer, options));
  const reason = found.find((use) => typeof use === 'string');
  if (consumers.length === 1 && reason !== undefined) return reason;
  const uses = found.filter((use) => typeof use !== 'string');
  const alike = uses.every(
    ({ kind, inputs, outputs }) => kind === uses[0].kind && inputs === uses[0].inputs && outputs === uses[0].outputs,
  );
  if (reason === undefined && alike) return uses;
  const places = consumers.map(({ id }) => readers.consumers.nodeOf(id).kernel).join(', ');
  return `a parameter used in ${consumers.length} places (${places}) in different roles: tied weights`;
}

interface FoundBias {
  readonly parameter: string;
  /** The sums, by use. */
  readonly outputs: readonly number[];
}

/** The parameter [O] that is added to the value of every use, which nothing else reads, and nowhere else. */
function findBias(readers: ParameterReaders, uses: readonly FoundUse[]): FoundBias | undefined {
  const added = uses.map(({ use, outputs }) => addedTo(readers, use.output, outputs));
  const parameter = added[0]?.parameter;
  if (parameter === undefined || readers.of(parameter).length !== uses.length) return undefined;
  const outputs = added.flatMap((bias) => (bias?.parameter === parameter ? [bias.output] : []));
  return outputs.length === uses.length ? { parameter, outputs } : undefined;
}

function addedTo(readers: ParameterReaders, value: number, width: number): { parameter: string; output: number } | undefined {
  const sum = readers.consumers.only(value);
  if (!sum) return undefined;
  const { kernel, shape } = readers.consumers.nodeOf(sum.id);
  const added = kernel === 'Add' && shape.at(-1) === width ? readers.at(sum.id) : undefined;
  if (!added) return undefined;
  const bias = readers.consumers.nodeOf(added.alias).shape;
  return sizeOf(bias) === width && bias.at(-1) === width ? { parameter: added.parameter, output: sum.id } : undefined;
}

function stemOf(parameter: string): string {
  return parameter.replace(/[./][^./]*$/, '');
}
