/**
 * Writes ONNX operations: fresh names, shared constants, equal operations once.
 */
import type { DType } from '@geodesic/tensor';
import { isFloat } from '../graph.ts';
import { ELEMENT, encodeModel, type AttributeProto, type NodeProto, type TensorProto, type ValueProto } from './proto.ts';

const OPSET = 18;

/** The float type of the emitted model's float32 values; float64 values stay. */
export type Precision = 'float32' | 'float64';

/** Attributes of an operation: integers and lists of them; floats and texts are marked as such. */
export type OpAttributes = Readonly<Record<string, number | readonly number[] | { readonly float: number } | { readonly text: string }>>;

/** A model under construction. Values are known by name. */
export class OnnxWriter {
  readonly precision: Precision;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueProto[] = [];
  readonly #outputs: ValueProto[] = [];
  readonly #known = new Map<string, string>();
  #names = 0;

  constructor(precision: Precision) {
    this.precision = precision;
  }

  /** The element type that holds a graph dtype in this model. */
  element(dtype: DType): 'float32' | 'float64' | 'int32' | 'bool' {
    return dtype === 'float32' ? this.precision : dtype;
  }

  input(name: string, shape: readonly number[], dtype: DType): string {
    this.#inputs.push({ name, dims: shape, dataType: ELEMENT[this.element(dtype)] });
    return name;
  }

  /** Makes a value an output; an Identity gives it the name. */
  output(name: string, value: string, type: { readonly shape: readonly number[]; readonly dtype: DType }): void {
    this.#nodes.push({ opType: 'Identity', input: [value], output: [name], attribute: [] });
    this.#outputs.push({ name, dims: type.shape, dataType: ELEMENT[this.element(type.dtype)] });
  }

  /** Appends an operation of one result, or finds the same one. */
  op(opType: string, inputs: readonly string[], attributes: OpAttributes = {}): string {
    const key = `${opType}(${inputs.join(',')})${JSON.stringify(attributes)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#fresh();
    this.#nodes.push({ opType, input: inputs, output: [name], attribute: Object.entries(attributes).map(attributeProto) });
    this.#known.set(key, name);
    return name;
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

  #constant(element: keyof typeof ELEMENT, dims: readonly number[], values: ArrayLike<number>): string {
    const rawData = littleEndian(element, values);
    const key = `${element}[${dims.join(',')}]=${Buffer.from(rawData.buffer).toString('base64')}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = this.#fresh();
    this.#initializers.push({ name, dims, dataType: ELEMENT[element], rawData });
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
