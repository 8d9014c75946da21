/**
 * What a lowering is: the rewriting of one tfjs kernel into kernels of the engine's core. Tables of lowerings are data, one
 * family a file; their keys are tfjs' kernel names and their attribute types are tfjs' own.
 */
import { util } from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import type { Recorder, Value } from '../recorder.ts';

/** The tensors of a kernel call by tfjs' names; list inputs (Concat, Pack, AddN) are named 0, 1, ... */
export type Inputs = Readonly<Record<string, Value>>;

interface Kernel {
  // Written as a method, whose parameters are bivariant: a lowering names the attribute type of its kernel, which tfjs erases.
  lower(recorder: Recorder, inputs: Inputs, attributes: object): Value | readonly Value[];
}

/** Records one kernel call; several outputs come as a list. */
export type Lowering = Kernel['lower'];

/** Lowerings by tfjs kernel name. */
export type LoweringTable = Readonly<Record<string, Lowering>>;

/** Axes as tfjs accepts them (one, several, none for all, negative from the end) in canonical form. */
export function axesOf(axis: number | readonly number[] | null | undefined, shape: Shape): number[] {
  return util.parseAxisParam((axis ?? null) as number | number[], [...shape]);
}

/** One axis in canonical form. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
