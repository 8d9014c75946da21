/**
 * The programs of the quadratic model of the objective, with F = sum_n J_n^T H_n J_n the Gauss-Newton matrix of the task's loss over the
 * batch, J_n the Jacobian of the forward output in theta, H_n the loss' Hessian there (`Task.curvature`):
 *   product   sum `product` [P] = F v, v = `vector:direction`
 *   quad      columns DD, DM, MM = <J u, H J w> of each example, u, w of D = `vector:direction` and M = `previous`
 *   probe     columns `probe/<layer>` = <J_l v_l, H J_l v_l>, v_l the layer's part of `vector:direction`
 *   trial     columns `objective` and `sound` of each example at the theta that it is given
 * The geometric part of an objective has no part in F. Moments of batch norms count as constants. Source: Schraudolph 2002;
 * Martens and Grosse 2015, sections 6.4 and 7.
 */
import { gaussNewtonVector, type PhaseProgram } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';
import type { OutputCurvature } from '../task.ts';
import { StepGraph } from '../step-graph.ts';
import { forwardPass } from './forward-pass.ts';
import { outputOf } from './output-of.ts';
import { collectParameters, layerParameters, movingParameters, tangentsAt } from './parameter-vectors.ts';
import { stepMode, type ProgramOptions } from './program-options.ts';

/** Objectives beyond this count as infinite; it is exact in float32 and just below its largest number. */
const LARGEST = 3e38;

/** F v. */
export function productProgram(options: ProgramOptions): PhaseProgram {
  const { step, output, vectorSize, multiply } = linearised(options, 'product');
  const seeds = tangentsAt(step, options.model, { vector: step.vector('direction', vectorSize), names: movingParameters(options) });
  const found = gaussNewtonVector(step.builder, {
    outputs: [output],
    wrt: seeds.map(({ id }) => id),
    vectors: seeds.map(({ tangent }) => tangent),
    outputHessian: ([tangent]) => [step.weighted(multiply(tangent))],
    constants: step.moments,
  });
  step.sum('product', collectParameters(step, options, found));
  return step.finish();
}

/** The quadratic form of F at two vectors. */
export function quadraticProgram(options: ProgramOptions): PhaseProgram {
  const { step, output, vectorSize, multiply } = linearised(options, 'quad');
  const names = movingParameters(options);
  const push = (vector: number): number => step.separateTangents(tangentsAt(step, options.model, { vector, names }), [output])[0];
  const direction = push(step.vector('direction', vectorSize));
  const previous = push(step.builder.input('previous', vectorSize, 'float32'));
  const curvedDirection = multiply(direction);
  step.column('DD', rowProducts(step, direction, curvedDirection));
  step.column('DM', rowProducts(step, previous, curvedDirection));
  step.column('MM', rowProducts(step, previous, multiply(previous)));
  return step.finish();
}

/** The quadratic form of the blocks of layers with curvature. */
export function probeProgram(options: ProgramOptions): PhaseProgram {
  const { model, curvature, frozen } = options;
  const { step, output, vectorSize, multiply } = linearised(options, 'probe');
  const vector = step.vector('direction', vectorSize);
  for (const layer of model.layers) {
    if (!curvature.has(layer.name)) continue;
    const names = layerParameters(model, layer).filter((name) => !frozen?.has(name));
    const [tangent] = step.separateTangents(tangentsAt(step, model, { vector, names }), [output]);
    step.column(`probe/${layer.name}`, rowProducts(step, tangent, multiply(tangent)));
  }
  return step.finish();
}

/** The objective at a trial point; examples where it is not finite count in no sum but that of `sound`. */
export function trialProgram(options: ProgramOptions): PhaseProgram {
  const { step, objective } = forwardPass(options, { columns: false });
  const { builder } = step;
  // Comparisons with NaN are false, on every backend.
  const finite = builder.add('Less', [builder.add('Abs', [objective]), builder.constant(LARGEST)]);
  step.column('objective', builder.add('Select', [finite, objective, builder.constant(0)]));
  step.column('sound', builder.add('Cast', [finite], { dtype: 'float32' }));
  return step.finish();
}

interface Linearised {
  readonly step: StepGraph;
  /** The forward output in which the loss is curved. */
  readonly output: number;
  /** [P] */
  readonly vectorSize: readonly [number];
  /** H u for u of the output's shape; not weighted. */
  readonly multiply: (tangent: number) => number;
}

function linearised(options: ProgramOptions, program: string): Linearised {
  const { model, slotSize } = options;
  const curvature = requireCurvature(options, program);
  const step = new StepGraph(model, slotSize);
  step.forward(stepMode(options));
  return {
    step,
    output: outputOf(step.bindings, curvature.output, model.task.name),
    vectorSize: [sizeOf(step.builder.shapeOf(step.bindings.theta))],
    multiply: (tangent) => outputOf(step.call(curvature.product, { tangent }), 'product', model.task.name),
  };
}

function requireCurvature({ model: { task } }: ProgramOptions, program: string): OutputCurvature {
  if (task.curvature) return task.curvature;
  const subject = `task ${task.name}`;
  throw new ModelError(subject, `a loss of known curvature for the program ${program}`, 'none (take the search fixed, or another method)');
}

/** <a_n, b_n> of each row: [B]. */
function rowProducts({ builder }: StepGraph, a: number, b: number): number {
  const product = builder.add('Multiply', [a, b]);
  const axes = [...builder.shapeOf(product).keys()].slice(1);
  return axes.length === 0 ? product : builder.add('Sum', [product], { axes, keepDims: false });
}
