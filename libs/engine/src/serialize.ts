/**
 * Graphs as canonical JSON: equal graphs have equal bytes and one digest. Parsing builds every node anew, so a graph that
 * parses is well formed: known kernels, earlier inputs, and the very types that inference gives.
 *
 *   {"format":"geodesic.graph","inputs":[{"id":0,"name":"x"}],"nodes":[{...}],"outputs":[...],"version":1}
 */
import { createHash } from 'node:crypto';
import type { DType } from '@geodesic/tensor';
import { sameShape, sizeOf } from '@geodesic/tensor';
import { canonicalJson } from './canonical-json.ts';
import { decodeConstant } from './constant-data.ts';
import { GraphFormatError } from './errors.ts';
import { describeType, type Attributes, type AttributeValue, type Graph, type GraphNode, type NamedValue } from './graph.ts';
import { inferType } from './kernels/registry.ts';

const FORMAT = 'geodesic.graph';
const VERSION = 1;
const DTYPES: readonly string[] = ['float32', 'float64', 'int32', 'bool'];

/** A graph as a JSON value; {@link canonicalJson} makes it text. */
export function graphToJson(graph: Graph): unknown {
  return { format: FORMAT, version: VERSION, nodes: graph.nodes, inputs: graph.inputs, outputs: graph.outputs };
}

/** Encodes a graph as canonical JSON bytes. */
export function serializeGraph(graph: Graph): Uint8Array {
  return new TextEncoder().encode(canonicalJson(graphToJson(graph)));
}

/** The content address of a graph: 'sha256:<hex>' of its canonical bytes. */
export function graphDigest(graph: Graph): string {
  return `sha256:${createHash('sha256').update(serializeGraph(graph)).digest('hex')}`;
}

/** Decodes and checks a graph. @throws {GraphFormatError} naming the bad field */
export function parseGraph(bytes: Uint8Array): Graph {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new GraphFormatError('bytes', 'UTF-8 JSON', error instanceof Error ? error.message : String(error));
  }
  return graphFromJson(json);
}

/** Checks a JSON value and returns the graph that it is. @throws {GraphFormatError} naming the bad field */
export function graphFromJson(json: unknown): Graph {
  const object = asObject(json, 'graph');
  if (object.format !== FORMAT) throw new GraphFormatError('format', `"${FORMAT}"`, show(object.format));
  if (object.version !== VERSION) throw new GraphFormatError('version', String(VERSION), show(object.version));
  const nodes: GraphNode[] = [];
  asArray(object.nodes, 'nodes').forEach((node, index) => nodes.push(parseNode(node, `nodes[${index}]`, nodes)));
  const inputs = parseNames(object.inputs, 'inputs', nodes);
  const outputs = parseNames(object.outputs, 'outputs', nodes);
  checkInputs(nodes, inputs);
  return { nodes, inputs, outputs };
}

function parseNode(json: unknown, path: string, earlier: readonly GraphNode[]): GraphNode {
  const { kernel, inputs, attributes, shape, dtype } = asObject(json, path);
  if (typeof kernel !== 'string') throw new GraphFormatError(`${path}.kernel`, 'a kernel name', show(kernel));
  const ids = asArray(inputs, `${path}.inputs`).map((id, i) => asId(id, `${path}.inputs[${i}]`, earlier.length));
  const sizes = asArray(shape, `${path}.shape`).map((size, i) => {
    if (!Number.isInteger(size) || (size as number) < 1)
      throw new GraphFormatError(`${path}.shape[${i}]`, 'a positive integer', show(size));
    return size as number;
  });
  if (typeof dtype !== 'string' || !DTYPES.includes(dtype)) throw new GraphFormatError(`${path}.dtype`, DTYPES.join(', '), show(dtype));
  const node: GraphNode = {
    kernel,
    inputs: ids,
    attributes: asAttributes(attributes, `${path}.attributes`),
    shape: sizes,
    dtype: dtype as DType,
  };
  checkType(node, path, earlier);
  return node;
}

/** Checks that a node has the type and attributes that its kernel infers. */
function checkType(node: GraphNode, path: string, earlier: readonly GraphNode[]): void {
  if (node.kernel === 'Input' || node.kernel === 'Constant') {
    if (node.inputs.length > 0) throw new GraphFormatError(`${path}.inputs`, 'no inputs', show(node.inputs));
    if (node.kernel === 'Constant' && !decodeConstant(node.dtype, node.attributes.data, sizeOf(node.shape)))
      throw new GraphFormatError(`${path}.attributes.data`, `${sizeOf(node.shape)} ${node.dtype} values`, show(node.attributes.data));
    return;
  }
  let inferred;
  try {
    const types = node.inputs.map((id) => earlier[id]);
    inferred = inferType(node.kernel, types, node.attributes);
  } catch (error) {
    throw new GraphFormatError(path, 'a valid operation', error instanceof Error ? error.message : String(error));
  }
  if (inferred.dtype !== node.dtype || !sameShape(inferred.shape, node.shape))
    throw new GraphFormatError(path, `the type ${describeType(inferred)} of ${node.kernel}`, describeType(node));
  if (canonicalJson(inferred.attributes) !== canonicalJson(node.attributes))
    throw new GraphFormatError(`${path}.attributes`, canonicalJson(inferred.attributes), canonicalJson(node.attributes));
}

/** Checks that the input table lists exactly the Input nodes, by their names. */
function checkInputs(nodes: readonly GraphNode[], inputs: readonly NamedValue[]): void {
  inputs.forEach(({ name, id }, i) => {
    const { kernel, attributes } = nodes[id];
    if (kernel !== 'Input' || attributes.name !== name)
      throw new GraphFormatError(`inputs[${i}]`, `an Input named '${name}'`, `${kernel} ${show(attributes.name)}`);
  });
  const listed = new Set(inputs.map(({ id }) => id));
  nodes.forEach((node, id) => {
    if (node.kernel === 'Input' && !listed.has(id)) throw new GraphFormatError('inputs', `an entry for node ${id}`, 'none');
  });
}

function parseNames(json: unknown, path: string, nodes: readonly GraphNode[]): NamedValue[] {
  const names = new Set<string>();
  return asArray(json, path).map((entry, i) => {
    const { name, id } = asObject(entry, `${path}[${i}]`);
    if (typeof name !== 'string' || names.has(name)) throw new GraphFormatError(`${path}[${i}].name`, 'a new name', show(name));
    names.add(name);
    return { name, id: asId(id, `${path}[${i}].id`, nodes.length) };
  });
}

function asId(json: unknown, path: string, below: number): number {
  if (Number.isInteger(json) && (json as number) >= 0 && (json as number) < below) return json as number;
  throw new GraphFormatError(path, `the id of an earlier node (below ${below})`, show(json));
}

function asAttributes(json: unknown, path: string): Attributes {
  const object = asObject(json, path);
  const valid = (value: unknown): value is AttributeValue =>
    Array.isArray(value) ? value.every(valid) : ['string', 'number', 'boolean'].includes(typeof value);
  for (const [name, value] of Object.entries(object))
    if (!valid(value)) throw new GraphFormatError(`${path}.${name}`, 'a string, number, boolean or list', show(value));
  return object as Attributes;
}

function asObject(json: unknown, path: string): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new GraphFormatError(path, 'an object', show(json));
}

function asArray(json: unknown, path: string): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw new GraphFormatError(path, 'an array', show(json));
}

function show(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value).slice(0, 120);
}
