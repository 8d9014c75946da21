/**
 * The part of the ONNX schema that emitted models use (onnx.proto of ONNX 1.14, IR version 8), encoded by protobufjs.
 * Field numbers are those of the published schema.
 */
import protobuf from 'protobufjs';

/** Element types of TensorProto. */
export const ELEMENT: Readonly<Record<'float32' | 'float64' | 'int32' | 'int64' | 'bool', number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** Element types of 16 bits, to which values are only rounded. */
export const HALF: Readonly<Record<'float16' | 'bfloat16', number>> = { float16: 10, bfloat16: 16 };

/** A named tensor constant. */
export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Little-endian entries. */
  readonly rawData: Uint8Array;
}

/** An attribute; type 1: f, 2: i, 3: s, 7: ints. */
export type AttributeProto = { readonly name: string } & (
  | { readonly type: 1; readonly f: number }
  | { readonly type: 2; readonly i: number }
  | { readonly type: 3; readonly s: Uint8Array }
  | { readonly type: 7; readonly ints: readonly number[] }
);

/** One operation. */
export interface NodeProto {
  /** Named in the runtime's messages. */
  readonly name: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeProto[];
}

/** Name and type of an input or output. */
export interface ValueProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
}

/** A whole model. */
export interface ModelParts {
  readonly opset: number;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
}

type Field = readonly [type: string, id: number, rule?: 'repeated'];

function message(fields: Readonly<Record<string, Field>>): { fields: Record<string, protobuf.IField> } {
  const entries = Object.entries(fields).map(([name, [type, id, rule]]): [string, protobuf.IField] => [
    name,
    { type, id, ...(rule && { rule, options: { packed: false } }) },
  ]);
  return { fields: Object.fromEntries(entries) };
}

const schema = protobuf.Root.fromJSON({
  nested: {
    Model: message({ irVersion: ['int64', 1], opsetImport: ['Opset', 8, 'repeated'], producerName: ['string', 2], graph: ['Graph', 7] }),
    Opset: message({ domain: ['string', 1], version: ['int64', 2] }),
    Graph: message({
      node: ['Node', 1, 'repeated'],
      name: ['string', 2],
      initializer: ['Tensor', 5, 'repeated'],
      input: ['ValueInfo', 11, 'repeated'],
      output: ['ValueInfo', 12, 'repeated'],
    }),
    Node: message({
      input: ['string', 1, 'repeated'],
      output: ['string', 2, 'repeated'],
      name: ['string', 3],
      opType: ['string', 4],
      attribute: ['Attribute', 5, 'repeated'],
    }),
    Attribute: message({
      name: ['string', 1],
      f: ['float', 2],
      i: ['int64', 3],
      s: ['bytes', 4],
      ints: ['int64', 8, 'repeated'],
      type: ['int32', 20],
    }),
    Tensor: message({ dims: ['int64', 1, 'repeated'], dataType: ['int32', 2], name: ['string', 8], rawData: ['bytes', 9] }),
    ValueInfo: message({ name: ['string', 1], type: ['Type', 2] }),
    Type: message({ tensorType: ['TensorType', 1] }),
    TensorType: message({ elemType: ['int32', 1], shape: ['TensorShape', 2] }),
    TensorShape: message({ dim: ['Dimension', 1, 'repeated'] }),
    Dimension: message({ dimValue: ['int64', 1] }),
  },
});

/** Encodes a model as ONNX bytes. */
export function encodeModel(model: ModelParts): Uint8Array {
  const valueInfo = ({ name, dims, dataType }: ValueProto): unknown => ({
    name,
    type: { tensorType: { elemType: dataType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const graph = {
    name: 'program',
    node: model.nodes,
    initializer: model.initializers,
    input: model.inputs.map(valueInfo),
    output: model.outputs.map(valueInfo),
  };
  const type = schema.lookupType('Model');
  const parts = { irVersion: 8, producerName: 'geodesic', opsetImport: [{ domain: '', version: model.opset }], graph };
  return type.encode(type.fromObject(parts)).finish();
}
