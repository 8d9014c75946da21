/**
 * The curvature sums of one layer in a phase: which are wanted, by the layer's kind and the form of its curvature.
 *   kronecker, eigenbasis  A/<layer>, S/<layer> (no S where output gradients are not used); norms U/<layer>; M/<layer> of the metric
 *   diagonal               D/<layer>
 *   dense                  F/<layer>
 *   in a basis             E/<layer>
 */
import { Expressions } from '@geodesic/engine';
import type { CapturedLayer } from '../capture/captured-layer.ts';
import { ModelError } from '../errors.ts';
import type { LayerCurvature } from '../layer-curvature.ts';
import type { Model } from '../model.ts';
import { outputOf } from '../programs/output-of.ts';
import type { StepGraph } from '../step-graph.ts';
import type { Backpropagation } from './backpropagation.ts';
import { denseBlock, secondMoments } from './block-sums.ts';
import { inputFactor, outputFactor, unitFactor } from './kronecker-sums.ts';
import { LayerCases } from './layer-cases.ts';

/** A layer of a phase and what is asked of it. */
export interface LayerRequest {
  readonly model: Model;
  readonly layer: CapturedLayer;
  readonly curvature: LayerCurvature;
  readonly backpropagation: Backpropagation;
}

/** Adds the sums of a layer's curvature to a step. @throws {ModelError} naming the layer */
export function layerSums(step: StepGraph, request: LayerRequest, options: { readonly skipInputs?: boolean } = {}): void {
  const { layer, curvature, backpropagation } = request;
  const { name, kind } = layer;
  requireMeaning(request);
  const cases = casesOf(step, request);
  const { codec } = curvature;
  switch (curvature.form) {
    case 'diagonal':
      return step.sum(`D/${name}`, secondMoments(cases, backpropagation.vectors(layer, curvature)));
    case 'dense':
      return step.sum(`F/${name}`, denseBlock(cases, backpropagation.vectors(layer, curvature)), { symmetric: true });
    case 'kronecker':
    case 'eigenbasis':
      if (kind === 'norm') return step.sum(`U/${name}`, unitFactor(cases, backpropagation.vectors(layer, curvature)));
      if (!options.skipInputs) {
        if (kind === 'embedding') step.sum(`A/${name}`, inputFactor(cases));
        else step.sum(`A/${name}`, inputFactor(cases), { symmetric: true, codec });
      }
      if (curvature.source !== 'forward')
        step.sum(`S/${name}`, outputFactor(cases, backpropagation.vectors(layer, curvature)), { symmetric: true, codec });
      if (curvature.dampingMetric)
        step.sum(`M/${name}`, outputFactor(cases, backpropagation.metric(layer, curvature.dampingMetric)), { symmetric: true, codec });
  }
}

/** Adds `E/<layer>`, the second moments in the basis that the round is broadcast with. Norms have none. */
export function basisSums(step: StepGraph, request: LayerRequest): void {
  const { layer, curvature, backpropagation } = request;
  const { name, kind, outputs } = layer;
  if (kind === 'norm') return;
  const cases = casesOf(step, request);
  const bases = {
    ...(kind !== 'embedding' && { inputs: step.vector(`QA/${name}`, [cases.rows, cases.rows]) }),
    outputs: step.vector(`QS/${name}`, [outputs, outputs]),
  };
  step.sum(`E/${name}`, secondMoments(cases, backpropagation.vectors(layer, curvature), bases));
}

/** Whether a layer's A follows from the features alone, so that it is the same at every step that sees the same examples. */
export function hasConstantInputs(step: StepGraph, request: LayerRequest): boolean {
  const { layer, curvature } = request;
  if (layer.kind === 'norm' || curvature.form === 'diagonal' || curvature.form === 'dense') return false;
  const constant = new Set([step.bindings.x, step.bindings.y, step.bindings.weight]);
  const pending = [inputFactor(casesOf(step, request))];
  const seen = new Set(pending);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const { kernel, inputs } = step.builder.nodeOf(id);
    if (kernel === 'Input' && !constant.has(id)) return false;
    for (const input of inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      pending.push(input);
    }
  }
  return true;
}

function casesOf(step: StepGraph, { model, layer, curvature }: LayerRequest): LayerCases {
  const name = model.positionMasks?.[layer.name];
  const mask = name === undefined ? undefined : outputOf(step.bindings, name, layer.name);
  const shared = layer.positions > 1 && curvature.sharing ? { ...layer, sharing: curvature.sharing } : layer;
  return new LayerCases(new Expressions(step.builder), shared, { weight: step.bindings.weight, mask });
}

function requireMeaning({ layer: { name, kind }, curvature }: LayerRequest): void {
  const { source, form, dampingMetric } = curvature;
  if (source === 'forward' && (form !== 'kronecker' || kind === 'norm'))
    throw new ModelError(
      name,
      'output gradients for its curvature',
      'the Fisher type forward, which has none (for Kronecker factors only)',
    );
  if (dampingMetric && (kind === 'norm' || form === 'diagonal' || form === 'dense'))
    throw new ModelError(name, 'Kronecker factors, to be damped by the metric', kind === 'norm' ? 'a norm' : `form ${form}`);
}
