/**
 * Puts tfjs into recording mode and back. Backend, tape, scopes and kernel registry of tfjs are process-wide: a trace is
 * synchronous, and whatever happens the engine is left as it was found, every tensor made by the trace disposed.
 */
import { Optimizer, Variable, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { guardedRunKernelFunc } from './custom-gradients.ts';
import { graphGradients } from './gradients.ts';
import { lowerings } from './lowering/index.ts';
import { RECORDING, recordingKernels, type RecordingBackend } from './recording-backend.ts';
import { optimizerUsed, refuseRandom, unsupportedKernel, variableTouched } from './refusals.ts';
import { runningOps, tfjsEngine, type TfjsEngine } from './tfjs-engine.ts';
import { TraceError } from './trace-error.ts';

/**
 * Runs `body` with tfjs recording on `backend`; restores tfjs also when it throws.
 * @throws {TraceError} when a trace is running already
 */
export function record<T>(backend: RecordingBackend, body: () => T): T {
  const engine = tfjsEngine();
  if (isRecording(engine)) {
    const remedy = 'call the inner function directly';
    throw new TraceError({ op: 'trace', expected: 'no trace running', got: 'a trace inside a traced function', remedy });
  }
  const { backendName, backendInstance } = engine;
  const { scopeStack, activeScope, activeTape, gradientDepth, kernelDepth } = engine.state;
  const made: Tensor[] = [];
  const restoreOverrides = override(engine, guards(engine, backend, made));
  const restoreOptimizer = override<object>(Optimizer.prototype, optimizerGuards);
  recordingKernels().forEach(registerKernel);
  try {
    Object.assign(engine, { backendName: RECORDING, backendInstance: backend });
    Object.assign(engine.state, { scopeStack: [], activeScope: null, activeTape: null, gradientDepth: 0, kernelDepth: 0 });
    engine.startScope('trace');
    return body();
  } finally {
    restoreOverrides();
    restoreOptimizer();
    for (const tensor of made) if (!tensor.isDisposed) tensor.dispose();
    for (const kernelName of Object.keys(lowerings)) unregisterKernel(kernelName, RECORDING);
    Object.assign(engine.state, { scopeStack, activeScope, activeTape, gradientDepth, kernelDepth });
    Object.assign(engine, { backendName, backendInstance });
  }
}

/** Whether a trace is running in this process. */
export function isRecording(engine: TfjsEngine = tfjsEngine()): boolean {
  return engine.backendName === RECORDING;
}

/** Every tfjs optimizer passes through one of these methods, which have no meaning in a graph. */
const optimizerGuards = Object.fromEntries(
  ['minimize', 'computeGradients'].map((method) => [
    method,
    (): never => {
      throw optimizerUsed(method);
    },
  ]),
);

/** The engine's methods as they behave while recording. */
function guards(engine: TfjsEngine, backend: RecordingBackend, made: Tensor[]): Partial<TfjsEngine> {
  const runKernel = engine.runKernel.bind(engine);
  const trackTensor = engine.trackTensor.bind(engine);
  const disposeTensor = engine.disposeTensor.bind(engine);
  return {
    gradients: graphGradients(backend),
    runKernelFunc: guardedRunKernelFunc(engine),
    runKernel: (name, inputs, attributes) => {
      if (isRecording(engine) && !Object.hasOwn(lowerings, name)) {
        const shape = Object.values(inputs)[0]?.shape;
        refuseRandom([...runningOps(engine), name], shape);
        throw unsupportedKernel(name, shape);
      }
      return runKernel(name, inputs, attributes);
    },
    makeVariable: (initial, _, name) => {
      throw variableTouched(name ?? 'unnamed', initial.shape, 'created');
    },
    trackTensor: (tensor, backend) => {
      trackTensor(tensor, backend);
      made.push(tensor);
    },
    disposeTensor: (tensor) => {
      if (tensor instanceof Variable) throw variableTouched(tensor.name, tensor.shape, 'assigned or disposed');
      disposeTensor(tensor);
    },
  };
}

/** Gives an object own methods; the returned function takes them back. */
function override<T extends object>(target: T, methods: Partial<T>): () => void {
  const before = Object.keys(methods).map((key) => [key, Object.getOwnPropertyDescriptor(target, key)] as const);
  Object.assign(target, methods);
  return () => {
    for (const [key, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, key, descriptor);
      else Reflect.deleteProperty(target, key);
    }
  };
}
