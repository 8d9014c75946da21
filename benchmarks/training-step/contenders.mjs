/**
 * Who takes the steps of a case: ours as one graph and as a run trains, PyTorch, and eager TensorFlow.js.
 */
import { fileURLToPath } from 'node:url';
import { viewOf } from '../../libs/tensor/dist/index.js';
import { contender, peerContender } from '../shared/contender.mjs';
import { startPeer } from '../shared/peer-process.mjs';
import { startPyTorch } from '../shared/pytorch.mjs';
import { plainSgd, trainedSteps } from '../shared/trained-steps.mjs';
import { sgdStepGraph } from './step-graph.mjs';

const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));

/** Ours, the whole step as one graph; parameters go round from its outputs to its inputs. */
export async function oneGraph(workload, executor) {
  const { model, batch, learningRate, layout, theta, rows, rowShapes } = workload;
  const program = await executor.compile(sgdStepGraph(model, { batch, learningRate }));
  const first = Object.fromEntries(layout.entries.map(({ name, shape }) => [name, floats(shape, viewOf(layout, theta, name).slice())]));
  const batches = rows.map(({ x, y }) => ({
    x: floats(rowShapes.x, x),
    ...(y && { y: { dtype: 'int32', shape: rowShapes.y, data: y } }),
  }));
  return contender(() => {
    let parameters = first;
    return async (step) => {
      const { loss, ...next } = await program.run({ ...parameters, ...batches[step % batches.length] });
      parameters = next;
      return loss.data[0];
    };
  });
}

/** Ours as a run trains, by plain SGD. */
export async function asTrained(workload, executor, { slots }) {
  const groups = [plainSgd(workload.model, workload.learningRate)];
  return contender(await trainedSteps(workload, { groups, slots, executor }));
}

/** PyTorch on one thread, the fastest of its variants for this net; see pytorch_peer.py. */
export function pytorch(python, request) {
  return opened(startPyTorch({ python, threads: 1, program: pathOf('pytorch_peer.py') }), request);
}

/** Eager TensorFlow.js on its WASM backend; see eager-tfjs.mjs. */
export function eagerTfjs(request) {
  const args = ['--no-warnings', pathOf('eager-tfjs.mjs')];
  return opened(startPeer({ name: 'TensorFlow.js', command: process.execPath, args }), request);
}

async function opened(peer, request) {
  try {
    return { ...peerContender(peer), answer: await peer.ask(request), close: () => peer.close() };
  } catch (error) {
    await peer.close();
    throw error;
  }
}

function floats(shape, data) {
  return { dtype: 'float32', shape, data };
}
