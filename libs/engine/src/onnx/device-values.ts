/**
 * Values in a device's memory. They are copied by sessions of one Identity, one for each type and direction: the runtime's own
 * read-back of a device tensor ends the process.
 */
import type { DType, Shape, TensorData } from '@geodesic/tensor';
import * as ort from 'onnxruntime-node';
import type { DeviceValue } from '../device.ts';
import { ClosedError, ExecutorError } from '../errors.ts';
import { sessionOptions, type Provider } from './providers.ts';
import { fromOrt, toOrt } from './tensors.ts';
import { OnnxWriter } from './writer.ts';

/** Makes, takes and reads the device values of one executor. */
export class DeviceValues {
  readonly #provider: Provider;
  readonly #copies = new Map<string, Promise<ort.InferenceSession>>();
  readonly #tensors = new WeakMap<DeviceValue, ort.Tensor>();

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  /** Copies a value to the device. */
  async place(value: TensorData): Promise<DeviceValue> {
    const session = await this.#copy(value, 'gpu-buffer');
    const { copy } = await session.run({ value: toOrt(value, value.dtype) });
    return this.wrap(copy, value);
  }

  /** A result of the runtime as a device value, which owns it. */
  wrap(tensor: ort.Tensor, { shape, dtype }: { readonly shape: Shape; readonly dtype: DType }): DeviceValue {
    let open: ort.Tensor | undefined = tensor;
    const value: DeviceValue = {
      shape,
      dtype,
      read: async () => {
        if (!open) throw new ClosedError('device value');
        const session = await this.#copy({ shape, dtype }, 'cpu');
        const { copy } = await session.run({ value: open });
        return fromOrt(copy, { shape, dtype });
      },
      dispose: () => {
        open?.dispose();
        open = undefined;
        this.#tensors.delete(value);
      },
    };
    this.#tensors.set(value, tensor);
    return value;
  }

  /** The runtime's tensor of a device value. @throws {ExecutorError} when it is disposed of, or another executor's */
  tensorOf(value: DeviceValue): ort.Tensor {
    const tensor = this.#tensors.get(value);
    if (tensor) return tensor;
    const reason = 'a device value that is disposed of or belongs to another executor';
    throw new ExecutorError(this.#provider.name, { failure: 'failed', reason });
  }

  /** Releases the sessions that copy. */
  async close(): Promise<void> {
    const sessions = await Promise.all(this.#copies.values());
    this.#copies.clear();
    await Promise.all(sessions.map((session) => session.release()));
  }

  #copy({ shape, dtype }: { shape: Shape; dtype: DType }, to: 'cpu' | 'gpu-buffer'): Promise<ort.InferenceSession> {
    const key = `${dtype}[${shape.join(',')}] to ${to}`;
    const known = this.#copies.get(key);
    if (known) return known;
    const writer = new OnnxWriter('float32', this.#provider.capabilities);
    writer.output('copy', writer.input('value', shape, dtype), { shape, dtype });
    const session = ort.InferenceSession.create(writer.encode(), { ...sessionOptions(this.#provider), preferredOutputLocation: to });
    this.#copies.set(key, session);
    return session;
  }
}
