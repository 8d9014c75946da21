/**
 * The parts of the tfjs engine that tracing and the tfjs executors lean on and that its types hide. They are those of @tensorflow/tfjs-core 4.22.0,
 * which is pinned; nothing else in this package touches tfjs' private state.
 */
import { engine } from '@tensorflow/tfjs-core';
import type { KernelBackend, Tensor } from '@tensorflow/tfjs-core';

/** A named frame of tfjs' memory management; ops open one called `<op>__op`. */
export interface Scope {
  readonly name: string;
}

/** Engine state that a trace must not disturb. */
export interface TfjsState {
  scopeStack: Scope[];
  activeScope: Scope | null;
  activeTape: unknown[] | null;
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
  /** Known backends by name; without a chosen one, tfjs takes the one of highest priority. */
  readonly registryFactory: Record<string, { priority: number } | undefined>;
  /** Set while a backend starts. */
  readonly pendingBackendInit?: Promise<boolean>;
  /** Makes a backend current and readies its kernels; at once, when it has started. */
  setBackend(name: string): Promise<boolean>;
  readSync(dataId: object): ArrayLike<number>;
  startScope(name: string): void;
  /** Value and gradients of f, which computes from xs; dy defaults to ones. */
  gradients(f: () => unknown, xs: readonly Tensor[], dy?: Tensor | null): { value: Tensor; grads: Tensor[] };
  runKernel(name: string, inputs: Readonly<Record<string, Tensor>>, attributes?: object): Tensor | Tensor[];
  runKernelFunc(call: KernelCall): Tensor | Tensor[];
  makeVariable(initial: Tensor, trainable?: boolean, name?: string): Tensor;
  trackTensor(tensor: Tensor, backend?: KernelBackend): void;
  disposeTensor(tensor: Tensor): void;
}

/** The process-wide engine of tfjs. */
export function tfjsEngine(): TfjsEngine {
  return engine() as unknown as TfjsEngine;
}

/** Ops open a scope of this kind of name. */
const OP_SCOPE = /^(.*)__op$/;

/** The tfjs ops that are running, outermost first, e.g. `['dropout', 'randomUniform']`. */
export function runningOps({ state }: TfjsEngine): string[] {
  return state.scopeStack.flatMap(({ name }) => OP_SCOPE.exec(name)?.[1] ?? []);
}

/** The tfjs op whose code is running; undefined where a user's code is. */
export function activeOp({ state }: TfjsEngine): string | undefined {
  return OP_SCOPE.exec(state.activeScope?.name ?? '')?.[1];
}
