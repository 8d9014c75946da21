/**
 * A step's graph while it is put together: functions are traced and spliced in, cotangents taken on the graph, sums and
 * per-example columns collected. One instance builds one phase.
 */
import {
  GraphBuilder,
  jvp,
  spliceGraph,
  vjp,
  type FactorCodec,
  type PhaseProgram,
  type RandomInput,
  type RowsEntry,
  type SumEntry,
  type TangentSeed,
} from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { sizeOf, type Shape } from '@geodesic/tensor';
import { ModelCapture } from './capture/capture-model.ts';
import type { CapturedLayer } from './capture/captured-layer.ts';
import { momentTaps } from './capture/tapped-uses.ts';
import { ModelError } from './errors.ts';
import type { ForwardMode, Model, TensorFunction } from './model.ts';
import { bindInputs, bindRandom, shapesOf, type Bindings } from './program-inputs.ts';

/** Builds the graph of one phase. */
export class StepGraph {
  readonly builder: GraphBuilder = new GraphBuilder();
  readonly bindings: Bindings;
  readonly #model: Model;
  readonly #slotSize: number;
  readonly #moments: Set<number> = new Set();
  #captured: { readonly layers: ModelCapture; readonly ids: readonly number[] } | undefined;
  readonly #random: RandomInput[] = [];
  readonly #columns: { name: string; id: number }[] = [];
  readonly #sums: SumEntry[] = [];
  readonly #rows: RowsEntry[] = [];

  constructor(model: Model, slotSize: number) {
    this.#model = model;
    this.#slotSize = slotSize;
    this.bindings = bindInputs(this.builder, model, slotSize);
  }

  /** Declares random inputs, drawn anew for every example of every step. */
  draw(random: readonly RandomInput[]): void {
    bindRandom(this.builder, random, this.#slotSize, this.bindings);
    this.#random.push(...random);
  }

  /** Traces a function of what is bound so far, appends it, and binds its outputs by their names. */
  append(fn: TensorFunction): Record<string, number> {
    const outputs = this.call(fn);
    Object.assign(this.bindings, outputs);
    return outputs;
  }

  /** The same without binding the outputs; `extra` bindings hold for this call alone. */
  call(fn: TensorFunction, extra: Bindings = {}): Record<string, number> {
    const bindings = { ...this.bindings, ...extra };
    const graph = trace(fn, shapesOf(this.builder, bindings));
    return { ...spliceGraph(this.builder, graph, bindings).outputs };
  }

  /** Declares a vector that the round is broadcast with: the input `vector:<name>`. */
  vector(name: string, shape: Shape): number {
    return this.builder.input(`vector:${name}`, shape, 'float32');
  }

  /** Appends the model's forward pass, whose layers can be captured then. */
  forward(mode: ForwardMode): void {
    if (mode.training) this.draw(this.#model.random ?? []);
    const graph = trace((tensors) => this.#model.forward(tensors, mode), shapesOf(this.builder, this.bindings));
    const { ids, outputs } = spliceGraph(this.builder, graph, this.bindings);
    Object.assign(this.bindings, outputs);
    this.#captured = { layers: new ModelCapture({ graph, model: this.#model, rows: this.#slotSize }), ids };
    for (const id of momentTaps(graph)) this.#moments.add(ids[id]);
  }

  /** Where a layer stands in the step. @throws {ModelError} naming a layer that was not found */
  layer(name: string): CapturedLayer {
    if (!this.#captured) throw new ModelError(name, 'a forward pass before its layers are captured', 'none');
    const { layers, ids } = this.#captured;
    const layer = layers.layer(name);
    const uses = layer.uses.map((use) => ({ ...use, inputs: use.inputs.map((id) => ids[id]), output: ids[use.output] }));
    return { ...layer, uses };
  }

  /** Cotangents of `outputs` at `places`; see `vjp`. */
  cotangents(outputs: readonly { id: number; cotangent: number }[], places: readonly number[]): number[] {
    return vjp(this.builder, outputs, places);
  }

  /** The same with the moments of batch norms as constants: no example's cotangent passes through another example. */
  separateCotangents(outputs: readonly { id: number; cotangent: number }[], places: readonly number[]): number[] {
    return vjp(this.builder, outputs, places, { constants: this.#moments });
  }

  /** Moments of batch norms: curvature takes them as constants. */
  get moments(): ReadonlySet<number> {
    return this.#moments;
  }

  /** Tangents of `outputs`, moments as constants; see `jvp`. */
  separateTangents(seeds: readonly TangentSeed[], outputs: readonly number[]): number[] {
    return jvp(this.builder, seeds, outputs, { constants: this.#moments });
  }

  /** rows [B, n] or [B] times the weights of the examples, so that padding rows are exactly zero. */
  weighted(id: number): number {
    const rank = this.builder.shapeOf(id).length;
    const weight = this.builder.add('Reshape', [this.bindings.weight], { shape: [this.#slotSize, ...Array<number>(rank - 1).fill(1)] });
    return this.builder.add('Multiply', [id, weight]);
  }

  /** Adds a scalar of each example [B] to the output `examples`, weighted. */
  column(name: string, id: number): void {
    this.#columns.push({ name, id: this.weighted(id) });
  }

  /** Adds an output `sum:<name>`; symmetric sums are square matrices, and may be coded on their way. */
  sum(name: string, id: number, { symmetric = false, codec }: { symmetric?: boolean; codec?: FactorCodec | undefined } = {}): void {
    this.builder.output(`sum:${name}`, id);
    this.#sums.push({ name, shape: this.builder.shapeOf(id), symmetric, ...(codec && { codec }) });
  }

  /** Adds an output `rows:<name>` [B, width], which is gathered by ordinal; weighted. */
  rows(name: string, id: number): void {
    this.builder.output(`rows:${name}`, this.weighted(id));
    this.#rows.push({ name, width: this.builder.shapeOf(id)[1] });
  }

  /** Values one after the other as one flat vector. */
  concatenate(ids: readonly number[]): number {
    const flat = ids.map((id) => this.builder.add('Reshape', [id], { shape: [sizeOf(this.builder.shapeOf(id))] }));
    return flat.length === 1 ? flat[0] : this.builder.add('Concat', flat, { axis: 0 });
  }

  /** Closes the phase. */
  finish(): PhaseProgram {
    if (this.#columns.length > 0) {
      const columns = this.#columns.map(({ id }) => this.builder.add('Reshape', [id], { shape: [this.#slotSize, 1] }));
      this.builder.output('examples', columns.length === 1 ? columns[0] : this.builder.add('Concat', columns, { axis: 1 }));
    }
    const graph = this.builder.build();
    const used = new Set(graph.inputs.map(({ name }) => name));
    return {
      graph,
      columns: this.#columns.map(({ name }) => name),
      sums: this.#sums,
      random: this.#random.filter(({ name }) => used.has(name)),
      ...(this.#rows.length > 0 && { rows: this.#rows }),
    };
  }
}
