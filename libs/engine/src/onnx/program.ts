/**
 * A session with its graph's interface: checks and wraps inputs, names outputs, turns the runtime's failures into errors.
 * The session belongs to the executor.
 */
import type { TensorData } from '@geodesic/tensor';
import type * as ort from 'onnxruntime-node';
import type { DeviceProgram, DeviceValue } from '../device.ts';
import { ClosedError, ProgramInputError } from '../errors.ts';
import { checkInputs } from '../evaluate.ts';
import type { Graph } from '../graph.ts';
import type { DeviceValues } from './device-values.ts';
import { inputName, outputName } from './emit.ts';
import { sessionError } from './session-error.ts';
import { fromOrt, held, toOrt } from './tensors.ts';
import type { Precision } from './writer.ts';

type Inputs = Readonly<Record<string, TensorData | DeviceValue>>;

/** What a program needs of its executor. */
export interface ProgramOptions {
  readonly executor: string;
  readonly digest: string;
  readonly precision: Precision;
  /** Outputs that the session leaves on the device. */
  readonly keep: ReadonlySet<string>;
  readonly device: DeviceValues | undefined;
  readonly executorClosed: () => boolean;
  readonly dispose: () => Promise<void>;
}

/** A graph that runs in a session. */
export class OnnxProgram implements DeviceProgram {
  readonly #graph: Graph;
  readonly #session: ort.InferenceSession;
  readonly #options: ProgramOptions;
  readonly #fetches: readonly string[];
  #disposed = false;

  constructor(graph: Graph, session: ort.InferenceSession, options: ProgramOptions) {
    this.#graph = graph;
    this.#session = session;
    this.#options = options;
    this.#fetches = graph.outputs.map(({ name }) => outputName(name));
  }

  async run(inputs: Inputs): Promise<Record<string, TensorData>> {
    const { outputs, kept } = await this.runKeeping(inputs);
    for (const [name, value] of Object.entries(kept)) {
      outputs[name] = await value.read();
      value.dispose();
    }
    return outputs;
  }

  async runKeeping(inputs: Inputs): Promise<{ outputs: Record<string, TensorData>; kept: Record<string, DeviceValue> }> {
    const { executor, digest, precision, keep, device, executorClosed } = this.#options;
    if (this.#disposed || executorClosed()) throw new ClosedError('program');
    const feeds = this.#feeds(inputs);
    let results: ort.InferenceSession.OnnxValueMapType;
    try {
      results = await this.#session.run(feeds, this.#fetches);
    } catch (error) {
      throw sessionError(error, { executor, graph: digest });
    }
    const outputs: Record<string, TensorData> = {};
    const kept: Record<string, DeviceValue> = {};
    for (const { name, id } of this.#graph.outputs) {
      const { shape, dtype } = this.#graph.nodes[id];
      const type = { shape, dtype: held(dtype, precision) };
      const result = results[outputName(name)];
      if (keep.has(name) && device) kept[name] = device.wrap(result, type);
      else outputs[name] = fromOrt(result, type);
    }
    return { outputs, kept };
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#options.dispose();
  }

  #feeds(inputs: Inputs): Record<string, ort.Tensor> {
    const { precision } = this.#options;
    checkInputs(this.#graph, inputs, { precision: precision === 'float64' ? 'float64' : 'declared' });
    const feeds = this.#graph.inputs.map(({ name, id }) => [inputName(name), this.#feed(name, inputs[name], id)]);
    return Object.fromEntries(feeds);
  }

  #feed(name: string, input: Inputs[string], id: number): ort.Tensor {
    const { precision, device } = this.#options;
    if ('data' in input) return toOrt(input, held(this.#graph.nodes[id].dtype, precision));
    if (device) return device.tensorOf(input);
    throw new ProgramInputError(name, 'a value on the host', 'a value on a device (read it first)');
  }
}
