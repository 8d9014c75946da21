/**
 * Softmax fusion: the kernel set has LogSoftmax only, whose exponential is the softmax. Where the logarithms are used for nothing
 * else, as in attention, both are one operation, which saves a pass over the scores.
 */
import type { Graph } from '../graph.ts';
import { countUses } from './gemm.ts';

/** Softmaxes by the node whose value each makes, with the id of their logits; nodes that only feed one are `absorbed`. */
export interface SoftmaxPlan {
  readonly logits: ReadonlyMap<number, number>;
  readonly absorbed: ReadonlySet<number>;
}

/** Finds the exponentials of log-softmaxes that nothing else uses. */
export function planSoftmaxes(graph: Graph): SoftmaxPlan {
  const { nodes } = graph;
  const uses = countUses(graph);
  const logits = new Map<number, number>();
  const absorbed = new Set<number>();
  nodes.forEach((node, id) => {
    const [from] = node.inputs;
    if (node.kernel !== 'Exp' || nodes[from].kernel !== 'LogSoftmax' || uses[from] !== 1) return;
    logits.set(id, nodes[from].inputs[0]);
    absorbed.add(from);
  });
  return { logits, absorbed };
}
