/**
 * Writes plans: one method for each kernel of tfjs that several rules use, and the types of what they make. Equal calls on equal
 * values are written once.
 */
import { broadcastShapes, sameShape, sizeOf, type DType, type Shape } from '@geodesic/tensor';
import { UnsupportedKernelError } from '../errors.ts';
import type { GraphNode, ValueType } from '../graph.ts';
import type { TfjsCapabilities } from './capabilities.ts';
import { exactly, mapOperands, type KernelAttributes, type Operands, type Source, type Step } from './plan.ts';

/** A call before it has a place in a plan. */
export interface PlannedCall extends ValueType {
  readonly attributes?: KernelAttributes;
  /** Which of the kernel's outputs is meant; default the first. */
  readonly output?: number;
}

/** Kernels that take bools on every backend. */
const TAKES_BOOLS: ReadonlySet<string> = new Set(['Reshape', 'Cast', 'LogicalNot', 'LogicalAnd', 'LogicalOr']);

/** Kernels that make bools of anything. */
const MAKES_BOOLS: ReadonlySet<string> = new Set(['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual']);

/** A plan in the making; values are named by their ids. */
export class PlanWriter {
  readonly capabilities: TfjsCapabilities;
  readonly steps: Step[] = [];
  readonly #known = new Map<string, number>();
  #node = 0;

  constructor(capabilities: TfjsCapabilities) {
    this.capabilities = capabilities;
  }

  /** Says for which node of the graph the next calls are. */
  begin(node: number): void {
    this.#node = node;
  }

  typeOf(id: number): ValueType {
    return this.steps[id];
  }

  shapeOf(id: number): Shape {
    return this.steps[id].shape;
  }

  input(name: string, { shape, dtype }: ValueType): number {
    return this.#append({ kind: 'input', name }, { shape, dtype }, `input ${name}`);
  }

  constant(dtype: DType, shape: Shape, values: ArrayLike<number>): number {
    const exact = Float64Array.from(values);
    const bits = Buffer.from(exact.buffer).toString('base64');
    return this.#append({ kind: 'constant', values: exact }, { shape, dtype }, `constant ${dtype} ${shape.join()} ${bits}`);
  }

  scalar(dtype: DType, value: number): number {
    return this.constant(dtype, [], [value]);
  }

  /**
   * A call of a kernel. Where a backend does not move bools, they travel as integers.
   * @throws {UnsupportedKernelError} when the backend does not have the kernel
   */
  call(kernel: string, inputs: Operands, planned: PlannedCall): number {
    const { executor, has, movesBools } = this.capabilities;
    if (!has(kernel)) throw new UnsupportedKernelError(executor, kernel, 'the backend has no such kernel');
    if (movesBools || TAKES_BOOLS.has(kernel)) return this.#call(kernel, inputs, planned);
    let moves = false;
    const integers = mapOperands(inputs, (id, name) => {
      if (this.typeOf(id).dtype !== 'bool' || name === 'condition') return id;
      moves = true;
      return this.cast(id, 'int32');
    });
    if (!moves || planned.dtype !== 'bool' || MAKES_BOOLS.has(kernel)) return this.#call(kernel, integers, planned);
    return this.cast(this.#call(kernel, integers, { ...planned, dtype: 'int32' }), 'bool');
  }

  unary(kernel: string, x: number, dtype: DType = this.typeOf(x).dtype): number {
    return this.call(kernel, { x }, { shape: this.shapeOf(x), dtype });
  }

  binary(kernel: string, a: number, b: number, dtype: DType = this.typeOf(a).dtype): number {
    return this.call(kernel, { a, b }, { shape: broadcastShapes(this.shapeOf(a), this.shapeOf(b)), dtype });
  }

  reshape(x: number, shape: Shape): number {
    const type = this.typeOf(x);
    return sameShape(type.shape, shape) ? x : this.call('Reshape', { x }, { shape, dtype: type.dtype, attributes: { shape } });
  }

  transpose(x: number, perm: readonly number[]): number {
    if (perm.every((axis, i) => axis === i)) return x;
    const { shape, dtype } = this.typeOf(x);
    return this.call('Transpose', { x }, { shape: perm.map((axis) => shape[axis]), dtype, attributes: { perm } });
  }

  /** To bool by comparison: what backends call a cast may cut off bits. */
  cast(x: number, dtype: DType): number {
    const type = this.typeOf(x);
    if (type.dtype === dtype) return x;
    if (dtype === 'bool') return this.binary('NotEqual', x, this.scalar(type.dtype, 0), 'bool');
    return this.call('Cast', { x }, { shape: type.shape, dtype, attributes: { dtype } });
  }

  broadcastTo(x: number, shape: Shape): number {
    const from = this.shapeOf(x);
    const aligned = this.reshape(x, [...Array.from({ length: shape.length - from.length }, () => 1), ...from]);
    const { shape: ones, dtype } = this.typeOf(aligned);
    if (sameShape(ones, shape)) return aligned;
    const reps = shape.map((size, axis) => size / ones[axis]);
    return this.call('Tile', { x: aligned }, { shape, dtype, attributes: { reps } });
  }

  /** a where the condition holds, else b; all are repeated to one shape, as the kernel wants them. */
  select(condition: number, a: number, b: number): number {
    const shape = [condition, a, b].map((id) => this.shapeOf(id)).reduce((left, right) => broadcastShapes(left, right));
    const [c, t, e] = [condition, a, b].map((id) => this.broadcastTo(id, shape));
    return this.call('Select', { condition: c, t, e }, { shape, dtype: this.typeOf(a).dtype });
  }

  slice(x: number, begin: readonly number[], size: readonly number[]): number {
    const { shape, dtype } = this.typeOf(x);
    return sameShape(shape, size) ? x : this.call('Slice', { x }, { shape: size, dtype, attributes: { begin, size } });
  }

  concat(values: readonly number[], axis: number): number {
    if (values.length === 1) return values[0];
    const { shape, dtype } = this.typeOf(values[0]);
    const total = values.reduce((sum, id) => sum + this.shapeOf(id)[axis], 0);
    return this.call('Concat', values, { shape: shape.with(axis, total), dtype, attributes: { axis } });
  }

  pad(x: number, paddings: readonly (readonly number[])[], constantValue: number = 0): number {
    if (paddings.flat().every((count) => count === 0)) return x;
    const { shape, dtype } = this.typeOf(x);
    const padded = shape.map((size, axis) => paddings[axis][0] + size + paddings[axis][1]);
    return this.call('PadV2', { x }, { shape: padded, dtype, attributes: { paddings, constantValue } });
  }

  sum(x: number, axes: readonly number[], options: { readonly keepDims?: boolean } = {}): number {
    if (axes.length === 0) return x;
    const { keepDims = false } = options;
    const { shape, dtype } = this.typeOf(x);
    const kept = keepDims ? shape.map((n, axis) => (axes.includes(axis) ? 1 : n)) : shape.filter((_, axis) => !axes.includes(axis));
    return this.call('Sum', { x }, { shape: kept, dtype, attributes: { axis: axes, keepDims } });
  }

  /** op(A) op(B) over the last two axes. */
  matMul(a: number, b: number, options: { readonly transposeA?: boolean; readonly transposeB?: boolean } = {}): number {
    const { transposeA = false, transposeB = false } = options;
    if (this.capabilities.slowTransposedProducts && (transposeA || transposeB))
      return this.matMul(transposeA ? this.#swapped(a) : a, transposeB ? this.#swapped(b) : b);
    const [left, right] = [this.shapeOf(a), this.shapeOf(b)];
    const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
    const shape = [...batch, left[left.length - (transposeA ? 1 : 2)], right[right.length - (transposeB ? 2 : 1)]];
    // Not every backend repeats matrices right by itself.
    const operands = { a: this.broadcastTo(a, [...batch, ...left.slice(-2)]), b: this.broadcastTo(b, [...batch, ...right.slice(-2)]) };
    return this.call('BatchMatMul', operands, { shape, dtype: this.typeOf(a).dtype, attributes: { transposeA, transposeB } });
  }

  /** Entries of an axis at positions [N]. */
  gather(x: number, indices: number, axis: number): number {
    const { shape, dtype } = this.typeOf(x);
    const attributes = { axis, batchDims: 0 };
    return this.call('GatherV2', { x, indices }, { shape: shape.with(axis, sizeOf(this.shapeOf(indices))), dtype, attributes });
  }

  /** Updates [N, ..] added into zeros of a shape, at indices [N, K]. */
  scatter(indices: number, updates: number, shape: Shape): number {
    return this.call('ScatterNd', { indices, updates }, { shape, dtype: this.typeOf(updates).dtype, attributes: { shape } });
  }

  #call(kernel: string, inputs: Operands, planned: PlannedCall): number {
    const { shape, dtype, attributes = {}, output = 0 } = planned;
    const source = { kind: 'call', kernel, inputs, attributes, output } as const;
    return this.#append(source, { shape, dtype }, JSON.stringify([source, shape, dtype], exactly));
  }

  #swapped(x: number): number {
    const rank = this.shapeOf(x).length;
    return this.transpose(
      x,
      Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis)),
    );
  }

  #append(source: Source, { shape, dtype }: ValueType, key: string): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.steps.push({ source, shape, dtype, node: this.#node });
    this.#known.set(key, this.steps.length - 1);
    return this.steps.length - 1;
  }
}

/** What a lowering rule sees: the writer, the node, and the values it reads. */
export interface Site {
  readonly writer: PlanWriter;
  readonly node: GraphNode;
  readonly inputs: readonly number[];
}

/** Plans a node and returns its value. */
export type Lowering = (site: Site) => number;

/** Lowerings by kernel name. */
export type LoweringTable = Readonly<Record<string, Lowering>>;
