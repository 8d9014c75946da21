/**
 * The parts of the tfjs engine that tracing leans on and that its types hide. They are those of @tensorflow/tfjs-core 4.22.0,
 * which is pinned; nothing else in this package touches tfjs' private state.
 */
import { engine } from '@tensorflow/tfjs-core';
import type { KernelBackend, Tensor } from '@tensorflow/tfjs-core';

/** An entry of the gradient tape. */
export interface TapeNode {
  readonly outputs: readonly Tensor[];
  readonly saved?: readonly Tensor[];
}

/** A named frame of tfjs' memory management; ops open one called `<op>__op`. */
export interface Scope {
  readonly name: string;
}

/** Engine state that a trace must not disturb. */
export interface TfjsState {
  scopeStack: Scope[];
  activeScope: Scope | null;
  activeTape: TapeNode[] | null;
  gradientDepth: number;
  kernelDepth: number;
  readonly tensorInfo: WeakMap<object, { readonly backend: KernelBackend }>;
}

/** A call of a registered kernel, or of a function with a custom gradient. */
export interface KernelCall {
  readonly kernelName?: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** The private face of the engine. */
export interface TfjsEngine {
  readonly state: TfjsState;
  backendName: string | null | undefined;
  backendInstance: KernelBackend | null | undefined;
  readSync(dataId: object): ArrayLike<number>;
  startScope(name: string): void;
  startTape(): void;
  runKernel(name: string, inputs: Readonly<Record<string, Tensor>>, attributes?: object): Tensor | Tensor[];
  runKernelFunc(call: KernelCall): Tensor | Tensor[];
  addTapeNode(
    kernel: string,
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly Tensor[],
    gradient: unknown,
    saved: readonly Tensor[] | undefined,
    attributes: unknown,
  ): void;
  makeVariable(initial: Tensor, trainable?: boolean, name?: string): Tensor;
  trackTensor(tensor: Tensor, backend?: KernelBackend): void;
  disposeTensor(tensor: Tensor): void;
}

/** The process-wide engine of tfjs. */
export function tfjsEngine(): TfjsEngine {
  return engine() as unknown as TfjsEngine;
}

/** The tfjs op that is running, outermost first, e.g. `['dropout', 'randomUniform']`. */
export function runningOps({ state }: TfjsEngine): string[] {
  return state.scopeStack.filter(({ name }) => name.endsWith('__op')).map(({ name }) => name.slice(0, -'__op'.length));
}
