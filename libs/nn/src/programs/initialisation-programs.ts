/**
 * Data-dependent initialisation: the program `init` reports sums, and a graph of its own turns their totals into parameters.
 */
import { GraphBuilder, spliceGraph, type Graph, type PhaseProgram } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { Model } from '../model.ts';
import { StepGraph } from '../step-graph.ts';

/** Reports the model's sums over a slot. */
export function initProgram(model: Model, slotSize: number): PhaseProgram {
  const step = new StepGraph(model, slotSize);
  const { sums, statistics } = model.initialisation!;
  const found = step.append(statistics);
  for (const { name } of sums) step.sum(name, found[name]);
  return step.finish();
}

/** From `count` and the reduced sums to these parameters. */
export function finishInitGraph(model: Model, parameters: readonly string[]): Graph {
  const { sums, finish } = model.initialisation!;
  const inputs = { count: { shape: [] }, ...Object.fromEntries(sums.map(({ name, shape }) => [name, { shape }])) };
  const graph = trace(finish, inputs);
  const builder = new GraphBuilder();
  const bindings = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [name, builder.input(name === 'count' ? name : `sum:${name}`, shape, 'float32')]),
  );
  const { outputs } = spliceGraph(builder, graph, bindings);
  for (const name of parameters) builder.output(`parameter:${name}`, outputs[name]);
  return builder.build();
}
