/**
 * Values that stay where they are computed. An executor with a memory of its own keeps parameters there from one run to the
 * next: the host places them once, programs take them as inputs, and kept outputs are the next run's inputs.
 */
import type { TensorData } from '@geodesic/tensor';
import type { Executor, Program } from './executor.ts';
import type { Graph, ValueType } from './graph.ts';

/** A value in the memory of a device; it belongs to whoever asked for it. */
export interface DeviceValue extends ValueType {
  /** Copies the value to the host. @throws {ClosedError} after dispose() */
  read(): Promise<TensorData>;
  /** Gives the memory back; may be called again. */
  dispose(): void;
}

/** A program that takes values of its executor's device, too. */
export interface DeviceProgram extends Program {
  run(inputs: Readonly<Record<string, TensorData | DeviceValue>>): Promise<Record<string, TensorData>>;
  /** Runs once; the outputs that were named at compilation stay on the device, the others come to the host. */
  runKeeping(
    inputs: Readonly<Record<string, TensorData | DeviceValue>>,
  ): Promise<{ readonly outputs: Record<string, TensorData>; readonly kept: Record<string, DeviceValue> }>;
}

/** An executor with a memory of its own. */
export interface DeviceExecutor extends Executor {
  /** Copies a value to the device. */
  place(value: TensorData): Promise<DeviceValue>;
  /** Compiles a graph. @param options.keep outputs that stay on the device under `runKeeping`; default none */
  compile(graph: Graph, options?: { readonly keep?: readonly string[] }): Promise<DeviceProgram>;
}

/** Whether an executor has a memory of its own. */
export function isDeviceExecutor(executor: Executor): executor is DeviceExecutor {
  return 'place' in executor;
}
