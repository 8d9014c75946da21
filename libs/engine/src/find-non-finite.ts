/**
 * Where a NaN or an infinity comes from: the reference interpreter runs a graph with every float32 value rounded to
 * float32, so that it overflows where an executor does, and blames the node that made the first value which is not finite and
 * reaches an output. Infinities that a program states as constants, as masks do, are not blamed, nor is what they pass through;
 * a NaN made of them is.
 */
import type { DType, Shape } from '@geodesic/tensor';
import { checkInputs, evaluateNode, type NamedTensors } from './evaluate.ts';
import { describeType, type Graph, type GraphNode } from './graph.ts';
import type { Operand } from './kernel.ts';
import { kernelOf } from './kernels/registry.ts';

/** Least and greatest entry of an operand; NaN where it has one. */
export interface OperandRange {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly least: number;
  readonly greatest: number;
}

/** The node that first makes a value which is not finite. */
export interface NonFinite {
  /** Its id in the graph. */
  readonly id: number;
  /** Its kernel; `Input` where a fed value is not finite. */
  readonly kernel: string;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Name of the fed input, where it is one. */
  readonly input?: string;
  /** Layer of the tap that is nearest in the graph; absent in a graph without taps. */
  readonly layer?: string;
  /** In a graph without taps the nearest of the known parameters that the value is computed from; absent where there is none. */
  readonly parameter?: string;
  /** What is found in its value. */
  readonly found: 'NaN' | 'infinity';
  readonly operands: readonly OperandRange[];
  /** Names of the outputs that are not finite, in order. */
  readonly outputs: readonly string[];
  /** All of this as a sentence for an error. */
  readonly message: string;
}

/** What else is known of a graph. */
export interface NonFiniteOptions {
  /** Names of parameters by the ids of the values that hold them, to say where in a model without taps a node stands. */
  readonly parameters?: ReadonlyMap<number, string>;
}

/**
 * Finds the node that makes outputs NaN or infinite; undefined where all outputs are finite, or infinite by constants alone.
 * Costs one run of the reference interpreter and holds all values.
 * @throws {ProgramInputError} when an input is missing, unknown, or of another shape or dtype
 */
export function findNonFinite(graph: Graph, inputs: NamedTensors, options: NonFiniteOptions = {}): NonFinite | undefined {
  checkInputs(graph, inputs, { precision: 'float64' });
  const values: Operand[] = [];
  const states: State[] = [];
  for (const node of graph.nodes) {
    const data = evaluateNode(node, values, inputs);
    values.push({ shape: node.shape, dtype: node.dtype, data: node.dtype === 'float32' ? data.map(Math.fround) : data });
    states.push(stateOf(node, values, states));
  }
  const spoiled = graph.outputs.filter(({ id }) => states[id].blamed !== undefined);
  if (spoiled.length === 0) return undefined;
  const id = spoiled.reduce((first, output) => Math.min(first, states[output.id].blamed ?? first), graph.nodes.length);
  return report(graph, { id, values, found: states[id].found, outputs: spoiled.map(({ name }) => name) }, options);
}

/** What is wrong with a value, and the node that is to blame; nobody is for what stated constants cause. */
interface State {
  readonly found: 'NaN' | 'infinity' | undefined;
  readonly blamed: number | undefined;
}

/** The state of the last value, from those of its operands. */
function stateOf(node: GraphNode, values: readonly Operand[], states: readonly State[]): State {
  const id = values.length - 1;
  const found = inspect(values[id].data);
  if (found === undefined) return { found, blamed: undefined };
  const operands = suspects(node, values).map((input) => states[input]);
  const arriving = operands.filter((operand) => operand.found === found);
  const others = operands.filter((operand) => operand.found !== undefined && operand.found !== found);
  const blamed = [...arriving, ...others].find((operand) => operand.blamed !== undefined)?.blamed;
  const stated = node.kernel === 'Constant' || (found === 'infinity' && arriving.length > 0);
  return { found, blamed: blamed ?? (stated ? undefined : id) };
}

/** Operands that a value may have its fault from: of a selection, the branches that are at fault where they are taken. */
function suspects(node: GraphNode, values: readonly Operand[]): readonly number[] {
  if (node.kernel !== 'Select') return node.inputs;
  const [condition, ...branches] = node.inputs;
  const blank = (id: number): Operand => ({ ...values[id], data: new Float64Array(values[id].data.length) });
  return branches.filter((branch, i) => {
    const operands = branches.map((other, k) => (k === i ? values[branch] : blank(other)));
    return inspect(kernelOf('Select').evaluate([values[condition], ...operands], node)) !== undefined;
  });
}

function inspect(data: Float64Array): State['found'] {
  let found: State['found'];
  for (const value of data) {
    if (Number.isNaN(value)) return 'NaN';
    if (!Number.isFinite(value)) found = 'infinity';
  }
  return found;
}

interface Culprit {
  readonly id: number;
  readonly values: readonly Operand[];
  readonly found: State['found'];
  readonly outputs: readonly string[];
}

function report(graph: Graph, { id, values, found = 'NaN', outputs }: Culprit, { parameters }: NonFiniteOptions): NonFinite {
  const node = graph.nodes[id];
  const operands = node.inputs.map((input) => rangeOf(values[input]));
  const input = graph.inputs.find((named) => named.id === id)?.name;
  const layer = nearestLayer(graph, id);
  const parameter = layer === undefined && parameters ? nearestParameter(graph, id, parameters) : undefined;
  const from = operands.map((operand) => `${describeType(operand)} in [${operand.least}, ${operand.greatest}]`).join(' and ');
  const what = input === undefined ? `${node.kernel} ${describeType(node)}` : `input '${input}' ${describeType(node)}`;
  const where = layer === undefined ? parameter && ` near parameter '${parameter}'` : ` near layer '${layer}'`;
  const made = input === undefined ? `makes ${found} of ${from}` : `holds ${found}`;
  const message = `${what}${where ?? ''} (node ${id}) ${made}; it reaches output ${outputs.map((name) => `'${name}'`).join(', ')}`;
  return {
    id,
    kernel: node.kernel,
    shape: node.shape,
    dtype: node.dtype,
    ...(input !== undefined && { input }),
    ...(layer !== undefined && { layer }),
    ...(parameter !== undefined && { parameter }),
    found,
    operands,
    outputs,
    message,
  };
}

function rangeOf({ shape, dtype, data }: Operand): OperandRange {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of data) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return { shape, dtype, least, greatest };
}

/** The layer of the tap that is the fewest uses away; inputs and constants, which layers share, are not passed through. */
function nearestLayer(graph: Graph, from: number): string | undefined {
  const neighbours: number[][] = graph.nodes.map(() => []);
  graph.nodes.forEach(({ inputs }, id) => {
    for (const input of inputs) {
      if (graph.nodes[input].inputs.length === 0 && input !== from) continue;
      neighbours[id].push(input);
      neighbours[input].push(id);
    }
  });
  const tap = nearest(from, { neighbours, isSought: (id) => graph.nodes[id].kernel === 'Tap' });
  return tap === undefined ? undefined : (graph.nodes[tap].attributes.layer as string);
}

/** The parameter that is the fewest operands away. */
function nearestParameter({ nodes }: Graph, from: number, parameters: ReadonlyMap<number, string>): string | undefined {
  const id = nearest(from, { neighbours: nodes.map(({ inputs }) => inputs), isSought: (candidate) => parameters.has(candidate) });
  return id === undefined ? undefined : parameters.get(id);
}

/** Breadth-first search. */
function nearest(
  from: number,
  { neighbours, isSought }: { readonly neighbours: readonly (readonly number[])[]; readonly isSought: (id: number) => boolean },
): number | undefined {
  const seen = new Set([from]);
  for (const id of seen) {
    if (isSought(id)) return id;
    for (const neighbour of neighbours[id]) seen.add(neighbour);
  }
  return undefined;
}
