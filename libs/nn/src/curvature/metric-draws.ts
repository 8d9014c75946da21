/**
 * Cotangents drawn from the learned metric g, xi ~ N(0, g), whose second moment is the metric:
 *   pull-back (form II)  xi at the output of the layer's chart, brought to the layer by the chain rule: E[J^T xi xi^T J] = J^T g J
 *   local (form I)       xi at the layer's own output, where that is the coordinate of a chart with a metric: E[xi xi^T] = g
 */
import type { GraphBuilder } from '@geodesic/engine';
import type { CapturedLayer } from '../capture/captured-layer.ts';
import { ModelError } from '../errors.ts';
import type { Model } from '../model.ts';
import type { StepGraph } from '../step-graph.ts';

/** Where a metric is taken for a layer. */
export type MetricForm = 'pullback' | 'local';

/** The draws of one phase, one at each chart, made when they are asked for. */
export class MetricDraws {
  readonly #step: StepGraph;
  readonly #model: Model;
  #drawn: Readonly<Record<string, number>> | undefined;

  constructor(step: StepGraph, model: Model) {
    this.#step = step;
    this.#model = model;
  }

  /** Cotangents at the layer's uses. @throws {ModelError} naming a layer that the model has no such metric for */
  cotangents(layer: CapturedLayer, form: MetricForm): readonly number[] {
    return form === 'pullback' ? this.#pullback(layer) : this.#local(layer);
  }

  #pullback(layer: CapturedLayer): readonly number[] {
    const drawn = this.#draws(layer.name);
    const chart = this.#model.charts.find(({ layers }) => layers.includes(layer.name));
    if (!chart) throw new ModelError(layer.name, 'a chart that it belongs to, for the metric of that chart', 'none');
    const seed = { id: this.#step.bindings[chart.output], cotangent: this.#weighted(drawn, chart.output, layer.name) };
    return this.#step.separateCotangents(
      [seed],
      layer.uses.map(({ output }) => output),
    );
  }

  #local(layer: CapturedLayer): readonly number[] {
    const { builder, bindings } = this.#step;
    const drawn = this.#draws(layer.name);
    const outputs = layer.uses.map(({ output }) => output);
    const place = outputs.length === 1 ? markedValue(builder, outputs[0]) : undefined;
    const chart = this.#model.charts.find(({ output }) => place !== undefined && markedValue(builder, bindings[output]) === place);
    if (!chart) throw new ModelError(layer.name, 'an output that is the coordinate of a chart, for the local metric', 'none that is one');
    const seed = this.#weighted(drawn, chart.output, layer.name);
    return [builder.add('Reshape', [seed], { shape: builder.shapeOf(outputs[0]) })];
  }

  #draws(layer: string): Readonly<Record<string, number>> {
    if (this.#drawn) return this.#drawn;
    const { metricCotangents } = this.#model;
    if (!metricCotangents) throw new ModelError(layer, 'a model with a metric', 'a model without one');
    this.#step.draw(metricCotangents.random);
    return (this.#drawn = this.#step.call(metricCotangents.draw));
  }

  #weighted(drawn: Readonly<Record<string, number>>, chart: string, layer: string): number {
    const id = drawn[chart] as number | undefined;
    if (id === undefined) throw new ModelError(layer, `a metric on ${chart}`, `metrics on ${Object.keys(drawn).join(', ') || 'nothing'}`);
    return this.#step.weighted(id);
  }
}

/** A value without the marks and reshapes around it. */
function markedValue(builder: GraphBuilder, id: number): number {
  const { kernel, inputs } = builder.nodeOf(id);
  return kernel === 'Tap' || kernel === 'Reshape' ? markedValue(builder, inputs[0]) : id;
}
