/**
 * The recipe `ndm-classifier`: a linear stem, chart blocks with a factored metric on every chart, a linear head
 * (Zhang, "The Neural Differential Manifold", arXiv 2510.25113: coordinate, geometric and evolution layer).
 * Chart 0 is the stem's output, chart l the output of block l. Metrics act on charts 0 .. blocks.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { StateEntry } from '@geodesic/engine';
import { classificationTask, dense, type Model, type Tensors } from '@geodesic/nn';
import { chartBlock } from './charts/chart-block.ts';
import { chartNames, evolutionColumns, evolutionTerms, volumeWeight } from './evolution.ts';
import { drawFromMetric, factoredMetric } from './metrics/index.ts';
import { initialiseFromData } from './charts/initialisation.ts';

/** Sizes of the model and weights of its objective. */
export interface NdmClassifierOptions {
  readonly inputs: number;
  readonly classes: number;
  /** d, the dimension of every chart. */
  readonly width: number;
  readonly blocks: number;
  /** Hidden units of a coupling's net. */
  readonly hidden: number;
  readonly reflections: number;
  readonly scaleMax: number;
  readonly metric: { readonly rank: number; readonly basis: number; readonly hidden: number };
  /** lambda_a, lambda_v and the steps over which lambda_v warms up. */
  readonly objective: { readonly anchor: number; readonly volume: number; readonly volumeWarmupSteps: number };
  /** Share of a label spread over all classes while training, in [0, 1); default 0. */
  readonly labelSmoothing?: number;
}

/** tau_l never falls below this: a confident net has scores of almost zero. */
const scaleFloor = 1e-8;

/** Builds the model. Layers: `stem`, `block<l>.coupling<1|2>.<hidden|affine>`, `head`. */
export function ndmClassifier(options: NdmClassifierOptions): Model {
  const { inputs, width, hidden, reflections, scaleMax, objective } = options;
  const stem = dense({ name: 'stem', inputs, outputs: width });
  const blocks = range(options.blocks).map((i) => chartBlock({ name: `block${i + 1}`, width, hidden, reflections, scaleMax }));
  const metrics = range(options.blocks + 1).map((l) => factoredMetric({ name: `metric${l}`, width, ...options.metric }));
  const head = dense({ name: 'head', inputs: width, outputs: options.classes });
  const { rank } = options.metric;
  return {
    featureShape: [inputs],
    task: classificationTask(options),
    parameters: [stem, ...blocks, ...metrics, head].flatMap((part) => part.parameters),
    layers: [...stem.entries, ...blocks.flatMap((block) => block.layers), ...head.entries],
    state: stateOf(options),
    charts: range(options.blocks + 1).map((l) => ({
      output: chartNames.output(l),
      layers: l === 0 ? [] : blocks[l - 1].layers.map(({ name }) => name),
    })),
    forward: (t) => {
      const outputs: Record<string, tf.Tensor> = { [chartNames.output(0)]: stem.apply(t, t.x) };
      blocks.forEach((block, i) => {
        const { value, logDet } = block.forward(t, outputs[chartNames.output(i)]);
        outputs[chartNames.output(i + 1)] = value;
        outputs[chartNames.logDet(i + 1)] = logDet;
      });
      outputs.logits = head.apply(t, outputs[chartNames.output(options.blocks)]);
      return outputs;
    },
    evolution: { columns: evolutionColumns(options.blocks + 1), terms: evolutionTerms(metrics, { anchor: objective.anchor }) },
    metricCotangents: {
      random: range(options.blocks + 1).map((l) => ({
        name: normalName(l),
        purpose: `metric-cotangent/${l}`,
        distribution: 'normal',
        width: width + rank,
      })),
      draw: (t) => Object.fromEntries(range(options.blocks + 1).map((l) => [chartNames.output(l), draw(t, l)])),
    },
    initialisation: initialiseFromData({ stem, blocks, width }),
  };

  function draw(t: Tensors, l: number): tf.Tensor {
    const [e1, e2] = tf.split(t[normalName(l)], [width, rank], 1);
    const field = metrics[l].at(t, t[chartNames.output(l)]);
    // The net's metric is in relative scale; tau_l g^ is the metric that preconditions.
    return tf.mul(tf.sqrt(t[chartNames.scale(l)]), drawFromMetric(field, e1, e2));
  }
}

function stateOf({ blocks, objective }: NdmClassifierOptions): StateEntry[] {
  const scales = range(blocks + 1).map((l): StateEntry => ({
    name: chartNames.scale(l),
    initial: 1,
    rule: { kind: 'moving-average', column: chartNames.scoreColumn(l), decay: 0.95, floor: scaleFloor },
  }));
  return [
    ...scales,
    { name: volumeWeight, initial: 0, rule: { kind: 'warmup', target: objective.volume, steps: objective.volumeWarmupSteps } },
  ];
}

function normalName(l: number): string {
  return `normal:metric/${l}`;
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
