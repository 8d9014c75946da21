/** The program `eval`: the task's columns, as the model is used after training. */
import type { PhaseProgram } from '@geodesic/engine';
import type { Model } from '../model.ts';
import { StepGraph } from '../step-graph.ts';
import { taskTerms } from './forward-pass.ts';

/** Reports the columns of a slot; no gradient. */
export function evaluationProgram(model: Model, slotSize: number): PhaseProgram {
  const step = new StepGraph(model, slotSize);
  step.forward({ training: false });
  taskTerms(step, model, { columns: true });
  return step.finish();
}
