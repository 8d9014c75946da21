/**
 * The captured layers of a model: those that it taps are taken at their taps, all others are found in the graph by their weights.
 */
import type { Graph, LayerEntry } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';
import type { Model } from '../model.ts';
import type { Captured, CapturedLayer, LayerUse } from './captured-layer.ts';
import { captureLayers } from './capture-layers.ts';
import { Consumers } from './consumers.ts';
import { tappedUses } from './tapped-uses.ts';

/** Looks up where a layer stands; the layers of a model that are never asked for may be anything. */
export class ModelCapture {
  readonly #graph: Graph;
  readonly #model: Model;
  readonly #rows: number;
  readonly #tapped: ReadonlyMap<string, readonly LayerUse[]>;
  #found: Captured | undefined;

  /** @param options.graph the traced forward pass, whose inputs are the parameters by name, for B = `rows` */
  constructor(options: { readonly graph: Graph; readonly model: Model; readonly rows: number }) {
    this.#graph = options.graph;
    this.#model = options.model;
    this.#rows = options.rows;
    this.#tapped = tappedUses(options.graph);
  }

  /** Where a layer stands, in ids of the graph. @throws {ModelError} naming the layer that was not found, or has other positions */
  layer(name: string): CapturedLayer {
    const entry = this.#model.layers.find((layer) => layer.name === name);
    if (!entry) throw new ModelError(name, 'a layer of the model', 'none of this name');
    const layer = { ...entry, uses: this.#tappedUses(entry) ?? this.#foundUses(entry) };
    const cases = layer.uses.reduce((sum, { output }) => sum + sizeOf(this.#graph.nodes[output].shape) / entry.outputs, 0);
    if (cases !== this.#rows * entry.positions)
      throw new ModelError(name, `${entry.positions} positions of each example, as its entry says`, String(cases / this.#rows));
    return layer;
  }

  #tappedUses({ name, kind, weight }: LayerEntry): readonly LayerUse[] | undefined {
    const uses = this.#tapped.get(name);
    if (!uses || kind !== 'conv') return uses;
    const window = this.#windowOf(name, weight);
    return uses.map((use) => ({ ...use, window }));
  }

  #foundUses({ name, kind, weight }: LayerEntry): readonly LayerUse[] {
    this.#found ??= captureLayers(this.#graph, this.#model.parameters, { rows: this.#rows });
    const layer = this.#found.layers.find((candidate) => candidate.weight === weight && candidate.kind === kind);
    if (layer) return layer.uses;
    const reason = this.#found.uncaptured.find(({ parameter }) => parameter === weight)?.got;
    throw new ModelError(name, `${kind} weight ${weight} in one place, or taps for the layer's input and output`, reason ?? 'neither');
  }

  /** The window of the convolution that reads a filter. */
  #windowOf(layer: string, weight: string): NonNullable<LayerUse['window']> {
    const consumers = new Consumers(this.#graph);
    const input = this.#graph.inputs.find(({ name }) => name === weight);
    const readers = input ? consumers.of(input.id) : [];
    const conv = readers.find(({ id, at }) => at === 1 && consumers.nodeOf(id).kernel === 'Conv2D');
    if (!conv) throw new ModelError(layer, `a convolution by ${weight}`, 'none');
    const { strides, pads, dilations, groups } = consumers.nodeOf(conv.id).attributes;
    if (groups !== 1) throw new ModelError(layer, 'a convolution in one group', `${String(groups)} groups (depthwise)`);
    return { kernel: consumers.nodeOf(conv.alias).shape.slice(0, 2), strides, pads, dilations };
  }
}
