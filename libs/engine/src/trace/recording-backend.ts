/**
 * The tfjs backend of a trace: kernels append nodes to a graph instead of computing. One backend serves one trace, so a tensor
 * of an earlier trace is known as a stranger. Tensors of other backends are captured as constants.
 */
import { KernelBackend, Variable } from '@tensorflow/tfjs-core';
import type { BackendValues, DataType, KernelConfig, NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { NumericArray } from '@geodesic/tensor';
import { isComplex, lowerComplex, type LoweringCall } from './complex-values.ts';
import { lowerings } from './lowering/index.ts';
import type { Lowering } from './lowering/lowering.ts';
import type { Recorder, Value } from './recorder.ts';
import { refuseRandom, requireEntries, supportedDtype, valueRead, variableTouched } from './refusals.ts';
import { runningOps, tfjsEngine } from './tfjs-engine.ts';
import { TraceError } from './trace-error.ts';

/** Name under which kernels are registered while a trace runs. */
export const RECORDING = 'geodesic-trace';

/** The trace that made a piece of data. */
const origins = new WeakMap<object, RecordingBackend>();

interface Entry {
  readonly value: Value;
  /** Numbers of a constant. */
  readonly numbers?: ArrayLike<number>;
  /** Who made it, for messages. */
  readonly producer: string;
}

/** Records one trace. */
export class RecordingBackend extends KernelBackend {
  readonly recorder: Recorder;
  /** The first asynchronous read: tfjs turns its error into a rejection that nobody awaits, so the trace itself reports it. */
  asynchronousRead: TraceError | undefined;
  readonly #entries = new WeakMap<object, Entry>();
  /** By tensor, not by its data: on other backends a clone or a reshaped tensor shares the data of its source. */
  readonly #captured = new WeakMap<TensorInfo, Value>();
  #live = 0;

  constructor(recorder: Recorder) {
    super();
    this.recorder = recorder;
  }

  /** The tfjs tensor of a recorded value. */
  tensorInfo(value: Value, producer: string): TensorInfo {
    requireEntries(producer, value.shape);
    const dataId = {};
    this.#store(dataId, { value, producer });
    return { dataId, shape: [...value.shape], dtype: isComplex(value) ? 'complex64' : (value.dtype as DataType) };
  }

  /** The recorded value of a tensor; captures constants. @throws {TraceError} for variables, strangers and disposed tensors */
  recorded(tensor: TensorInfo): Value {
    if (tensor instanceof Variable) throw variableTouched(tensor.name, tensor.shape, 'read');
    const known = this.#entries.get(tensor.dataId)?.value ?? this.#captured.get(tensor);
    if (known) return known;
    const origin = origins.get(tensor.dataId);
    if (origin || !tfjsEngine().state.tensorInfo.has(tensor.dataId)) throw this.#lost(tensor, origin);
    return this.#capture(tensor);
  }

  /** Gives a tensor another value of its shape and dtype; the returned function takes it back. */
  rebind(tensor: TensorInfo, value: Value): () => void {
    const before = this.recorded(tensor);
    this.#bind(tensor, value);
    return () => this.#bind(tensor, before);
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    const dataId = {};
    this.move(dataId, values, shape, dtype);
    return dataId;
  }

  override move(dataId: object, values: BackendValues, shape: number[], dtype: DataType): void {
    const ops = runningOps(tfjsEngine());
    refuseRandom(ops, shape);
    const type = supportedDtype(dtype, shape);
    const numbers = values as NumericArray;
    this.#store(dataId, { value: this.recorder.data(numbers, type, shape), numbers, producer: ops.at(-1) ?? 'constant' });
  }

  override readSync(dataId: object): Float32Array {
    const entry = this.#entries.get(dataId);
    if (entry?.numbers) return entry.numbers as Float32Array;
    throw this.#readError(entry, 'dataSync(), arraySync() or print()');
  }

  override read(dataId: object): Promise<Float32Array> {
    const entry = this.#entries.get(dataId);
    if (entry?.numbers) return Promise.resolve(entry.numbers as Float32Array);
    this.asynchronousRead ??= this.#readError(entry, 'data(), array() or another asynchronous read');
    // Never settles: the trace throws the error, and nothing after the await may run.
    return new Promise(() => {});
  }

  override disposeData(dataId: object): boolean {
    if (this.#entries.delete(dataId)) this.#live--;
    return true;
  }

  override numDataIds(): number {
    return this.#live;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override refCount(): number {
    return 1;
  }

  override incRef(): void {}

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}

  #store(dataId: object, entry: Entry): void {
    this.#entries.set(dataId, entry);
    origins.set(dataId, this);
    this.#live++;
  }

  #bind(tensor: TensorInfo, value: Value): void {
    const entry = this.#entries.get(tensor.dataId);
    if (entry) this.#entries.set(tensor.dataId, { ...entry, value });
    else this.#captured.set(tensor, value);
  }

  #capture(tensor: TensorInfo): Value {
    const numbers = tfjsEngine().readSync(tensor.dataId);
    const value = this.recorder.data(numbers, supportedDtype(tensor.dtype, tensor.shape), tensor.shape);
    this.#captured.set(tensor, value);
    return value;
  }

  #lost(tensor: TensorInfo, origin: RecordingBackend | undefined): TraceError {
    const leaked = origin !== undefined && origin !== this;
    return new TraceError({
      op: 'tensor',
      shape: tensor.shape,
      expected: 'a tensor of this trace, or a constant made before it',
      got: leaked ? 'a tensor leaked from an earlier trace' : 'a disposed tensor',
      remedy: leaked
        ? 'create it before tracing, or again in every call; keep no tensors between calls'
        : 'do not dispose what is used later',
    });
  }

  #readError(entry: Entry | undefined, how: string): TraceError {
    return valueRead(entry?.producer ?? 'tensor of a finished trace', entry?.value.shape ?? [], how);
  }
}

/** The kernels of the recording backend, as tfjs registers them. */
export function recordingKernels(): KernelConfig[] {
  return Object.entries(lowerings).map(([kernelName, lower]) => ({
    kernelName,
    backendName: RECORDING,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const recording = backend as RecordingBackend;
      const result = lowerCall(lower, {
        kernel: kernelName,
        recorder: recording.recorder,
        inputs: valuesOf(recording, inputs),
        attributes: attrs ?? {},
      });
      const wrap = (value: Value): TensorInfo => recording.tensorInfo(value, kernelName);
      return Array.isArray(result) ? (result as Value[]).map(wrap) : wrap(result as Value);
    },
  }));
}

function lowerCall(lower: Lowering, call: LoweringCall): Value | readonly Value[] {
  if (Object.values(call.inputs).some(isComplex)) return lowerComplex(call, lower);
  return lower(call.recorder, call.inputs, call.attributes);
}

function valuesOf(backend: RecordingBackend, inputs: NamedTensorInfoMap): Record<string, Value> {
  const present = Object.entries(inputs).filter(([, tensor]) => tensor !== undefined && tensor !== null);
  return Object.fromEntries(present.map(([name, tensor]) => [name, backend.recorded(tensor as Tensor)]));
}
