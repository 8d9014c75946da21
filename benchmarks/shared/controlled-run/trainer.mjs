/**
 * A run whose work is set by hand: the bundle is JSON `{name, steps, slots, parameters, slotMs, checkpointEvery, leaseMs, heartbeatMs, journal}`,
 * a step is one round of gradient descent. Coordinators find it by GEODESIC_TRAINER_MODULE; it goes on from a checkpoint.
 */
import { createHash } from 'node:crypto';

/** The bundle of a run, as it is submitted. */
export function controlledBundle(spec) {
  return new TextEncoder().encode(JSON.stringify(spec));
}

/** The learning side, as a coordinator asks for it. */
export async function createTrainer(bytes, resume) {
  const spec = JSON.parse(new TextDecoder().decode(bytes));
  return { trainer: descent(spec, resume), meta: metaOf(spec, bytes) };
}

/** One float32 product for each parameter and step; takes the sums for the update, so that little but the transport is timed. */
function descent({ steps, slots, parameters: size }, resume) {
  const tensor = (file, name) => resume.files.get(file).tensors.get(name).data.slice();
  const parameters = resume ? tensor('parameters.safetensors', 'theta') : Float32Array.from({ length: size }, (_, i) => (i % 97) / 97);
  const state = resume ? tensor('state.safetensors', 'state') : Float32Array.of(0);
  let step = (resume?.step ?? 0) + 1;
  return {
    parameters,
    state,
    plan: () => (step > steps ? undefined : { step, attempt: 0, phase: 'grad', slots, sumsLength: size, scalarsLength: 1 }),
    absorb({ sums: delta, scalars: [loss], count }) {
      const rate = -1e-4 / count;
      for (let i = 0; i < delta.length; i++) delta[i] *= rate;
      return {
        update: { delta, state: Float32Array.of(step++) },
        record: { examples: count },
        measurements: { trainLoss: loss / count },
      };
    },
    checkpoint: () => ({
      'optimizer.safetensors': { tensors: new Map([['step', { dtype: 'F64', shape: [1], data: Float64Array.of(step - 1) }]]) },
    }),
  };
}

function metaOf(spec, bytes) {
  const { name, steps, slots, parameters: size, checkpointEvery = 0, leaseMs, heartbeatMs, journal } = spec;
  return {
    spec,
    specDigest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    name,
    seed: 1,
    steps,
    slots,
    parametersLayout: { entries: [{ name: 'theta', shape: [size], offset: 0, size }], size },
    engine: 'controlled',
    checkpointEvery,
    keep: {},
    exactness: 'exact',
    leaseMs,
    heartbeatMs,
    quarantineMs: 10_000,
    backup: true,
    journal,
  };
}
