/**
 * Identities that mean something: a Tap marks a value to be found again, a StopGradient cuts differentiation.
 */
import { KernelError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { noTangent } from './tangents.ts';

const tap: Kernel = {
  name: 'Tap',
  arity: 1,
  infer([input], { layer, role }) {
    if (typeof layer !== 'string' || layer === '') throw new KernelError('Tap', 'attribute layer: a name', JSON.stringify(layer));
    if (typeof role !== 'string' || role === '') throw new KernelError('Tap', 'attribute role: a name', JSON.stringify(role));
    return { ...input, attributes: { layer, role } };
  },
  evaluate: ([{ data }]) => data.slice(),
  vjp: (_x, { cotangent }) => [() => cotangent],
  jvp: (_x, { tangents: [tangent] }) => tangent,
};

const stopGradient: Kernel = {
  name: 'StopGradient',
  arity: 1,
  infer: ([input]) => ({ ...input, attributes: {} }),
  evaluate: ([{ data }]) => data.slice(),
  vjp: () => [undefined],
  jvp: noTangent,
};

/** Tap and StopGradient. */
export const markerKernels: readonly Kernel[] = [tap, stopGradient];
