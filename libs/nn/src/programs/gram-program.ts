/**
 * The program `gram`: what the kernel trick needs of every example, gathered by ordinal, for dense layers with one position each. Rows
 *   a/<layer>  homogeneous input a- [I + 1]
 *   g/<layer>  cotangent of the objective at the pre-activation [O]: a- (x) g is the example's gradient
 *   s/<layer>  the same of a target drawn from the model; absent for the empirical Fisher matrix
 * so that inner products of gradients of two examples are (a . a')(g . g'), added over layers. Source: Ren and Goldfarb 2019.
 */
import { Expressions, type PhaseProgram } from '@geodesic/engine';
import type { CapturedLayer } from '../capture/captured-layer.ts';
import { Backpropagation } from '../curvature/backpropagation.ts';
import { LayerCases } from '../curvature/layer-cases.ts';
import { ModelError } from '../errors.ts';
import type { SearchPrograms } from '../layer-curvature.ts';
import { forwardPass } from './forward-pass.ts';
import { totalOf } from './gradient-programs.ts';
import type { ProgramOptions } from './program-options.ts';

/** Builds the program. @throws {ModelError} naming a layer without rows of its own, or a model that mixes examples */
export function gramProgram(options: ProgramOptions, { layers, fisher }: NonNullable<SearchPrograms['gram']>): PhaseProgram {
  const { model } = options;
  if (model.coupling)
    throw new ModelError(
      'kernel',
      'a model whose examples are independent',
      `${model.coupling} of a slot (batch norm): take another method`,
    );
  const pass = forwardPass(options, { columns: false });
  const { step, targets } = pass;
  const backpropagation = new Backpropagation(step, { model, targets, total: totalOf(pass) });
  const wanted = new Set(layers);
  const unknown = layers.filter((name) => !model.layers.some((layer) => layer.name === name));
  for (const name of [...model.layers.map((layer) => layer.name).filter((layer) => wanted.has(layer)), ...unknown]) {
    const layer = step.layer(name);
    requireRows(layer);
    const cases = new LayerCases(new Expressions(step.builder), layer, { weight: step.bindings.weight });
    const cotangent = (source: 'empirical' | 'sampled'): number => backpropagation.vectors(layer, { source }).vectors[0][0];
    step.rows(`a/${name}`, cases.inputs(cases.uses[0]));
    step.rows(`g/${name}`, cases.flat(cotangent('empirical'), layer.outputs));
    if (fisher === 'sampled') step.rows(`s/${name}`, cases.flat(cotangent('sampled'), layer.outputs));
  }
  return step.finish();
}

function requireRows({ name, kind, positions, uses }: CapturedLayer): void {
  if (kind === 'dense' && positions === 1 && uses.length === 1) return;
  const got = kind === 'dense' ? `${positions} positions` : `kind ${kind}`;
  throw new ModelError(name, 'a dense layer without shared positions, for the kernel trick', `${got} (take another method)`);
}
