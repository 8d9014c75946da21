/**
 * The builder: appends operations one at a time, infers their types, and keeps the graph small while it grows. Equal
 * operations become one value (hash-consing), scalar constants are folded in float64, algebraic identities and broadcasts
 * are resolved (see simplify/), and dead code is left out at the end.
 */
import type { DType, Shape, TensorData } from '@geodesic/tensor';
import { sizeOf } from '@geodesic/tensor';
import { canonicalJson } from './canonical-json.ts';
import { encodeConstant } from './constant-data.ts';
import { GraphError } from './errors.ts';
import type { Attributes, Graph, GraphNode, NamedValue } from './graph.ts';
import { inferType, kernelOf } from './kernels/registry.ts';
import { simplify } from './simplify/simplify.ts';

/** How a builder keeps its graph small. */
export interface GraphBuilderOptions {
  /**
   * all (the default): equal operations are shared and every identity is applied; sharing: equal operations are shared, and
   * no bit changes; none: every operation is appended as it is given, which tests compare with.
   */
  readonly simplify?: 'all' | 'sharing' | 'none';
}

/**
 * A graph under construction.
 *
 * Limitations: shapes are static; scalar arithmetic may be re-associated (x * 2 * 3 becomes x * 6), so a graph's last bits
 * are those of the simplified program.
 */
export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #known = new Map<string, number>();
  readonly #inputs: NamedValue[] = [];
  readonly #outputs: NamedValue[] = [];
  readonly #simplify: 'all' | 'sharing' | 'none';

  constructor({ simplify = 'all' }: GraphBuilderOptions = {}) {
    this.#simplify = simplify;
  }

  /** Continues a graph: its ids keep their meaning, its inputs stay, its outputs are dropped. */
  static from(graph: Graph, options: GraphBuilderOptions = {}): GraphBuilder {
    const builder = new GraphBuilder(options);
    for (const node of graph.nodes) {
      builder.#nodes.push(node);
      if (node.kernel !== 'Tap') builder.#known.set(keyOf(node), builder.#nodes.length - 1);
    }
    builder.#inputs.push(...graph.inputs);
    return builder;
  }

  /** Number of values made so far; ids are below it. */
  get size(): number {
    return this.#nodes.length;
  }

  /** Declares a named input. @throws {GraphError} when the name is taken */
  input(name: string, shape: Shape, dtype: DType): number {
    if (this.#inputs.some((input) => input.name === name)) throw new GraphError('input', 'a new name', `'${name}' again`);
    const id = this.#append({ kernel: 'Input', inputs: [], attributes: { name }, shape: [...shape], dtype });
    this.#inputs.push({ name, id });
    return id;
  }

  /** A constant: a scalar (float32 unless told), kept as a double, or a whole tensor; a tensor of equal entries is stored as one. */
  constant(value: number | TensorData, dtype: DType = 'float32'): number {
    if (typeof value === 'number') {
      return this.#append({ kernel: 'Constant', inputs: [], attributes: { data: encodeConstant(dtype, [value]) }, shape: [], dtype });
    }
    const { data, shape } = value;
    if (data.length !== sizeOf(shape))
      throw new GraphError('constant', `${sizeOf(shape)} entries for shape [${shape.join(',')}]`, String(data.length));
    if (data.every((entry) => Object.is(entry, data[0]))) return this.add('BroadcastTo', [this.constant(data[0], value.dtype)], { shape });
    const attributes = { data: encodeConstant(value.dtype, data) };
    return this.#append({ kernel: 'Constant', inputs: [], attributes, shape: [...shape], dtype: value.dtype });
  }

  /**
   * Appends an operation, or finds or derives an equal value.
   * @throws {KernelError} when the kernel does not take these inputs or attributes
   * @throws {GraphError} when there is no such kernel or value
   */
  add(kernel: string, inputs: readonly number[], attributes: Attributes = {}): number {
    const types = inputs.map((id) => this.nodeOf(id));
    const inferred = inferType(kernel, types, attributes);
    const { commutative } = kernelOf(kernel);
    const swap = commutative && this.#simplify !== 'none' && inputs[0] > inputs[1];
    const ordered = swap ? [inputs[1], inputs[0]] : [...inputs];
    const node: GraphNode = { kernel, inputs: ordered, attributes: inferred.attributes, shape: inferred.shape, dtype: inferred.dtype };
    return (this.#simplify === 'all' ? simplify(this, node) : undefined) ?? this.#append(node);
  }

  /** Appends a node of another graph whose inputs are ids of this builder; its type is inferred anew, except for a Constant. */
  addNode(node: GraphNode): number {
    if (node.kernel === 'Input') throw new GraphError('addNode', 'an operation or a constant', 'Input (declare it with input())');
    return node.kernel === 'Constant' ? this.#append(node) : this.add(node.kernel, node.inputs, node.attributes);
  }

  /** Names a result. @throws {GraphError} when the name is taken */
  output(name: string, id: number): void {
    this.nodeOf(id);
    if (this.#outputs.some((output) => output.name === name)) throw new GraphError('output', 'a new name', `'${name}' again`);
    this.#outputs.push({ name, id });
  }

  /** The node that makes a value. @throws {GraphError} for an unknown id */
  nodeOf(id: number): GraphNode {
    const node = this.#nodes[id];
    if (!node) throw new GraphError('value', `an id below ${this.#nodes.length}`, String(id));
    return node;
  }

  shapeOf(id: number): Shape {
    return this.nodeOf(id).shape;
  }

  dtypeOf(id: number): DType {
    return this.nodeOf(id).dtype;
  }

  /** The finished graph: only what the outputs need, inputs included, renumbered in the order of construction. */
  build(): Graph {
    const live = new Set(this.#outputs.map(({ id }) => id));
    for (let id = this.#nodes.length - 1; id >= 0; id--) if (live.has(id)) this.#nodes[id].inputs.forEach((input) => live.add(input));
    const renumbered = new Map<number, number>();
    const nodes: GraphNode[] = [];
    this.#nodes.forEach((node, id) => {
      if (!live.has(id)) return;
      renumbered.set(id, nodes.length);
      nodes.push({ ...node, inputs: node.inputs.map((input) => renumbered.get(input)!) });
    });
    const rename = ({ name, id }: NamedValue): NamedValue => ({ name, id: renumbered.get(id)! });
    return { nodes, inputs: this.#inputs.filter(({ id }) => live.has(id)).map(rename), outputs: this.#outputs.map(rename) };
  }

  #append(node: GraphNode): number {
    // Two taps are two marks even where they mark one value.
    const key = node.kernel === 'Tap' || this.#simplify === 'none' ? undefined : keyOf(node);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const id = this.#nodes.push(node) - 1;
    if (key !== undefined) this.#known.set(key, id);
    return id;
  }
}

function keyOf({ kernel, inputs, attributes, shape, dtype }: GraphNode): string {
  return `${kernel}(${inputs.join(',')})${canonicalJson(attributes)}:${dtype}[${shape.join(',')}]`;
}
