/**
 * Pools and patches on tfjs. The maximum is taken of images that are padded with minus infinity; means are those over whole windows,
 * weighed anew where padding does not count. Where a maximum stands is the first of the taps that have it.
 */
import { averageWeights } from '../kernels/pool.ts';
import type { Window } from '../kernels/window.ts';
import type { Lowering, LoweringTable, PlanWriter, Site } from './plan-writer.ts';
import { addTaps, nodeWindow, readTaps, tapsShape } from './taps.ts';

/** Windows over the images that are the first input. */
function imageWindow({ writer, node, inputs }: Site): Window {
  return nodeWindow(node, writer.shapeOf(inputs[0]).slice(1, 3));
}

/** Windows over the images that are the result. */
function resultWindow({ node }: Site): Window {
  return nodeWindow(node, node.attributes.size as readonly number[]);
}

function pool(kernel: 'MaxPool' | 'AvgPool', site: Site, padding: number): number {
  const { writer, node, inputs } = site;
  const { pads, kernel: filterSize, strides } = imageWindow(site);
  const [top, bottom, left, right] = pads;
  const x = writer.pad(
    inputs[0],
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    padding,
  );
  const attributes = { filterSize, strides, pad: 'valid' };
  return writer.call(kernel, { x }, { shape: node.shape, dtype: 'float32', attributes });
}

const avgPool: Lowering = (site) => {
  const { writer, node } = site;
  const window = imageWindow(site);
  const means = pool('AvgPool', site, 0);
  const countPadding = node.attributes.countPadding as boolean;
  if (countPadding || window.pads.every((pad) => pad === 0)) return means;
  const taps = window.kernel[0] * window.kernel[1];
  const weights = averageWeights(window, countPadding).map((weight) => weight * taps);
  return writer.binary('Multiply', means, writer.constant('float32', [1, ...window.positions, 1], weights));
};

const avgPoolGrad: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const window = resultWindow(site);
  const [positions, taps] = tapsShape(window);
  const [batch, , , channels] = node.shape;
  const weights = averageWeights(window, node.attributes.countPadding as boolean);
  const rows = writer.reshape(inputs[0], [batch, positions, 1, channels]);
  const each = writer.binary('Multiply', rows, writer.constant('float32', [1, positions, 1, 1], weights));
  return addTaps(writer, writer.broadcastTo(each, [batch, positions, taps, channels]), window);
};

/** Which tap has the maximum of its window: flags [B, H' W', kh kw, C]. */
function isMaximum(writer: PlanWriter, x: number, window: Window): number {
  const seen = readTaps(writer, x, window, -Infinity);
  const [batch, positions, taps, channels] = writer.shapeOf(seen);
  const at = writer.call('ArgMax', { x: seen }, { shape: [batch, positions, channels], dtype: 'int32', attributes: { axis: 2 } });
  const first = writer.reshape(at, [batch, positions, 1, channels]);
  const tap = writer.constant(
    'int32',
    [1, 1, taps, 1],
    Array.from({ length: taps }, (_, i) => i),
  );
  return writer.binary('Equal', first, tap, 'bool');
}

const maxPoolTake: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const window = imageWindow(site);
  const values = readTaps(writer, inputs[1], window);
  const taken = writer.select(isMaximum(writer, inputs[0], window), values, writer.scalar('float32', 0));
  return writer.reshape(writer.sum(taken, [2]), node.shape);
};

const maxPoolPut: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const window = imageWindow(site);
  const rows = writer.reshape(inputs[1], [node.shape[0], tapsShape(window)[0], 1, node.shape[3]]);
  return addTaps(writer, writer.select(isMaximum(writer, inputs[0], window), rows, writer.scalar('float32', 0)), window);
};

const patches: Lowering = (site) => site.writer.reshape(readTaps(site.writer, site.inputs[0], imageWindow(site)), site.node.shape);

const patchesGrad: Lowering = (site) => {
  const { writer, node, inputs } = site;
  const window = resultWindow(site);
  return addTaps(writer, writer.reshape(inputs[0], [node.shape[0], ...tapsShape(window), node.shape[3]]), window);
};

/** Lowerings of pools and patches. */
export const poolLowerings: LoweringTable = {
  MaxPool: (site) => pool('MaxPool', site, -Infinity),
  MaxPoolTake: maxPoolTake,
  MaxPoolPut: maxPoolPut,
  AvgPool: avgPool,
  AvgPoolGrad: avgPoolGrad,
  Patches: patches,
  PatchesGrad: patchesGrad,
};
