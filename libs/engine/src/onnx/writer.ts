/**
 * Writes ONNX operations: fresh names, shared constants, equal operations once; substitutes for what the provider lacks.
 * Operations are named `<id>:<kernel>@<layer>/<op>` after the graph's node, so that the runtime's messages name it.
 */
import type { DType } from '@geodesic/tensor';
import { UnsupportedKernelError } from '../errors.ts';
import { isFloat } from '../graph.ts';
import { cpuCapabilities, type Capabilities, type Element } from './capabilities.ts';
import { ELEMENT, encodeModel, type AttributeProto, type NodeProto, type TensorProto, type ValueProto } from './proto.ts';
import { substitutionOf } from './substitutions.ts';

const OPSET = 18;

/** The float type of the emitted model's float32 values; float64 values stay. */
export type Precision = 'float32' | 'float64';

/** Attributes of an operation: integers and lists of them; floats and texts are marked as such. */
export type OpAttributes = Readonly<Record<string, number | readonly number[] | { readonly float: number } | { readonly text: string }>>;

/** The node of the graph that is being written. */
export interface Place {
  readonly id: number;
  readonly kernel: string;
  /** Layer of the nearest tap, where there is one. */
  readonly layer?: string;
}

/** Element types of results that differ from their operand's. */
const RESULT: Readonly<Record<string, Element>> = {
  ...Object.fromEntries(
    ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Not', 'And', 'Or', 'Xor', 'IsNaN', 'IsInf'].map((op) => [op, 'bool']),
  ),
  ...Object.fromEntries(['ArgMax', 'ArgMin', 'Shape', 'Size'].map((op) => [op, 'int64'])),
};

/** Operations that are the same, bit for bit, with their operands in the other order. */
const COMMUTATIVE: ReadonlySet<string> = new Set(['Add', 'Mul']);

const ELEMENT_NAMES: ReadonlyMap<number, Element> = new Map(Object.entries(ELEMENT).map(([name, code]) => [code, name as Element]));

/** A model under construction. Values are known by name. */
export class OnnxWriter {
  readonly precision: Precision;
  readonly capabilities: Capabilities;
  readonly #elements = new Map<string, Element>();
  #place: Place | undefined;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueProto[] = [];
  readonly #outputs: ValueProto[] = [];
  readonly #known = new Map<string, string>();
  #names = 0;

  constructor(precision: Precision, capabilities: Capabilities = cpuCapabilities) {
    this.precision = precision;
    this.capabilities = capabilities;
  }

  /** Whether the provider has an operation on values of a graph dtype. */
  can(op: string, dtype: DType): boolean {
    return this.capabilities.has(op, this.element(dtype));
  }

  /** Says which node of the graph the operations that follow belong to. */
  enter(place: Place): void {
    this.#place = place;
  }

  /** The element type that holds a graph dtype in this model. */
  element(dtype: DType): 'float32' | 'float64' | 'int32' | 'bool' {
    return dtype === 'float32' ? this.precision : dtype;
  }

  input(name: string, shape: readonly number[], dtype: DType): string {
    this.#inputs.push({ name, dims: shape, dataType: ELEMENT[this.element(dtype)] });
    this.#elements.set(name, this.element(dtype));
    return name;
  }

  /** Makes a value an output; an Identity gives it the name. */
  output(name: string, value: string, type: { readonly shape: readonly number[]; readonly dtype: DType }): void {
    this.#nodes.push({ name: `${name}/Identity`, opType: 'Identity', input: [value], output: [name], attribute: [] });
    this.#outputs.push({ name, dims: type.shape, dataType: ELEMENT[this.element(type.dtype)] });
  }

  /**
   * Appends an operation of one result, or its substitute where the provider lacks it, or finds the same one.
   * @throws {UnsupportedKernelError} when there is neither
   */
  op(opType: string, inputs: readonly string[], attributes: OpAttributes = {}): string {
    const operands = COMMUTATIVE.has(opType) ? inputs.toSorted() : inputs;
    const key = `${opType}(${operands.join(',')})${JSON.stringify(attributes)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#substitute(opType, inputs, attributes) ?? this.#append(opType, inputs, attributes, 1)[0];
    this.#known.set(key, name);
    return name;
  }

  /** Appends an operation of several results, or finds the same one. */
  ops(opType: string, inputs: readonly string[], options: { readonly attributes: OpAttributes; readonly results: number }): string[] {
    const key = `${options.results} ${opType}(${inputs.join(',')})${JSON.stringify(options.attributes)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known.split(' ');
    const output = this.#append(opType, inputs, options.attributes, options.results);
    this.#known.set(key, output.join(' '));
    return output;
  }

  /** A constant of a graph dtype; floats are stored in the model's precision. */
  constant(dtype: DType, shape: readonly number[], values: ArrayLike<number>): string {
    return this.#constant(this.element(dtype), shape, values);
  }

  /** A scalar of a graph dtype. */
  scalar(dtype: DType, value: number): string {
    return this.constant(dtype, [], [value]);
  }

  /** A list of int64, as shapes and axes are given. */
  integers(values: readonly number[]): string {
    return this.#constant('int64', [values.length], values);
  }

  /** The kinds of the operations written so far, in order, without those that only name outputs. */
  operations(): readonly string[] {
    return this.#nodes.filter(({ output }) => !this.#outputs.some(({ name }) => name === output[0])).map(({ opType }) => opType);
  }

  /** The finished model's bytes. */
  encode(): Uint8Array {
    return encodeModel({
      opset: OPSET,
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #append(opType: string, inputs: readonly string[], attributes: OpAttributes, results: number): string[] {
    const output = Array.from({ length: results }, () => this.#fresh());
    const name = `${this.#placeName()}/${opType}:${output[0]}`;
    this.#nodes.push({ name, opType, input: inputs, output, attribute: Object.entries(attributes).map(attributeProto) });
    const element = this.#deciding(opType, inputs);
    const result = opType === 'Cast' ? ELEMENT_NAMES.get(attributes.to as number) : (RESULT[opType] ?? element);
    output.forEach((value, i) => result && this.#elements.set(value, i === 0 ? result : 'int64'));
    return output;
  }

  #substitute(op: string, inputs: readonly string[], attributes: OpAttributes): string | undefined {
    const element = this.#deciding(op, inputs);
    if (element === undefined || this.capabilities.has(op, element)) return undefined;
    const substitution = substitutionOf(op, element);
    if (substitution) return substitution(this, { op, inputs, element, attributes });
    const { executor } = this.capabilities;
    throw new UnsupportedKernelError(executor, this.#place?.kernel ?? op, `the provider has no ${op} of ${element}`);
  }

  /** The element type of the operand that decides whether a provider has an operation. */
  #deciding(op: string, inputs: readonly string[]): Element | undefined {
    return this.#elements.get(inputs[op === 'Where' ? 1 : 0]);
  }

  #placeName(): string {
    if (!this.#place) return 'model';
    const { id, kernel, layer } = this.#place;
    return `${id}:${kernel}${layer === undefined ? '' : `@${layer}`}`;
  }

  #constant(element: keyof typeof ELEMENT, dims: readonly number[], values: ArrayLike<number>): string {
    const rawData = littleEndian(element, values);
    const key = `${element}[${dims.join(',')}]=${Buffer.from(rawData.buffer).toString('base64')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#fresh();
    this.#initializers.push({ name, dims, dataType: ELEMENT[element], rawData });
    this.#elements.set(name, element);
    this.#known.set(key, name);
    return name;
  }

  #fresh(): string {
    return `v${this.#names++}`;
  }
}

function attributeProto([name, value]: [string, OpAttributes[string]]): AttributeProto {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if ('float' in value) return { name, type: 1, f: value.float };
  return 'text' in value ? { name, type: 3, s: new TextEncoder().encode(value.text) } : { name, type: 7, ints: value };
}

function littleEndian(element: keyof typeof ELEMENT, values: ArrayLike<number>): Uint8Array {
  const width = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1 }[element];
  const bytes = new Uint8Array(width * values.length);
  const view = new DataView(bytes.buffer);
  const write = {
    float32: (at: number, value: number) => view.setFloat32(at, value, true),
    float64: (at: number, value: number) => view.setFloat64(at, value, true),
    int32: (at: number, value: number) => view.setInt32(at, value, true),
    int64: (at: number, value: number) => view.setBigInt64(at, BigInt(value), true),
    bool: (at: number, value: number) => view.setUint8(at, value),
  }[element];
  for (let i = 0; i < values.length; i++) write(i * width, values[i]);
  return bytes;
}

/** Whether a node's value is computed in double precision in this model. */
export function isDouble(writer: OnnxWriter, dtype: DType): boolean {
  return isFloat(dtype) && writer.element(dtype) === 'float64';
}
