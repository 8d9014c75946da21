/**
 * A step's graph while it is put together: functions are traced and spliced in, cotangents taken on the graph, sums and
 * per-example columns collected. One instance builds one phase.
 */
import { GraphBuilder, findTaps, spliceGraph, vjp, type Graph, type PhaseProgram, type RandomInput, type SumEntry } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { sizeOf } from '@geodesic/tensor';
import { ModelError } from './errors.ts';
import type { ClassifierModel, TensorFunction } from './model.ts';
import { bindInputs, bindRandom, shapesOf, type Bindings } from './program-inputs.ts';

/** Ids of a layer's input [B, I] and pre-activation [B, O]. */
export interface Capture {
  readonly input: number;
  readonly output: number;
}

/** Builds the graph of one phase. */
export class StepGraph {
  readonly builder: GraphBuilder = new GraphBuilder();
  readonly bindings: Bindings;
  readonly captures: Map<string, Capture> = new Map();
  readonly #slotSize: number;
  readonly #random: RandomInput[] = [];
  readonly #columns: { name: string; id: number }[] = [];
  readonly #sums: SumEntry[] = [];

  constructor(model: ClassifierModel, slotSize: number) {
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
    const graph = trace(fn, shapesOf(this.builder, this.bindings));
    const spliced = spliceGraph(this.builder, graph, this.bindings);
    this.#capture(graph, spliced.ids);
    Object.assign(this.bindings, spliced.outputs);
    return spliced.outputs;
  }

  /** Cotangents of `outputs` at `places`; see `vjp`. */
  cotangents(outputs: readonly { id: number; cotangent: number }[], places: readonly number[]): number[] {
    return vjp(this.builder, outputs, places);
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

  /** Adds an output `sum:<name>`; symmetric sums are square matrices. */
  sum(name: string, id: number, options: { symmetric: boolean } = { symmetric: false }): void {
    this.builder.output(`sum:${name}`, id);
    this.#sums.push({ name, shape: this.builder.shapeOf(id), symmetric: options.symmetric });
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
    };
  }

  #capture(graph: Graph, ids: readonly number[]): void {
    const found = new Map<string, { input?: number; output?: number }>();
    for (const { id, layer, role } of findTaps(graph)) found.set(layer, { ...found.get(layer), [role]: ids[id] });
    for (const [layer, { input, output }] of found) {
      if (input === undefined || output === undefined) throw new ModelError(layer, 'taps for its input and its output', 'only one of them');
      this.captures.set(layer, { input, output });
    }
  }
}
