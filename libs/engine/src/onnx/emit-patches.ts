/**
 * Patches in ONNX, and convolutions in double precision, which the provider lacks: patches times the filter as a matrix.
 * G groups are a batch of G products; letters: P = B H' W' positions of all images, T taps, c and o channels of a group.
 */
import { sizeOf, type Shape } from '@geodesic/tensor';
import { averageWeights } from '../kernels/pool.ts';
import { windowOf, type Window } from '../kernels/window.ts';
import type { EmissionTable, Site } from './emission.ts';
import { placeTaps, tapSlices, type Images } from './window-slices.ts';

/** The window of a node over images of a shape. */
export function windowAt(site: Site, images: Shape, kernel?: readonly number[]): Window {
  const { kernel: name, attributes } = site.node;
  return windowOf(name, { size: images.slice(1, 3), kernel: kernel ?? (attributes.kernel as readonly number[]), attributes });
}

/** The first input, with channels last. */
function last({ inputs, inputTypes }: Site): Images {
  return { name: inputs[0], dtype: inputTypes[0].dtype };
}

function patches({ writer }: Site, images: Images, window: Window): string {
  return writer.op('Concat', tapSlices(writer, images, window), { axis: 3 });
}

/** Adds rows [B, H', W', T C] back to the pixels they came from. */
function unpatch(site: Site, rows: string, window: Window): string {
  const { writer, node } = site;
  const channels = node.shape[3];
  const slices = Array.from({ length: window.kernel[0] * window.kernel[1] }, (_, tap) =>
    writer.op('Slice', [rows, writer.integers([tap * channels]), writer.integers([(tap + 1) * channels]), writer.integers([3])]),
  );
  return placeTaps(writer, slices, { window, shape: node.shape, dtype: node.dtype });
}

/** Sizes of a convolution's products. */
function sizes(
  site: Site,
  at: { images: Shape; filter: Shape; window: Window },
): { G: number; P: number; T: number; c: number; o: number } {
  const G = site.node.attributes.groups as number;
  const { images, filter, window } = at;
  return { G, P: images[0] * sizeOf(window.positions), T: window.kernel[0] * window.kernel[1], c: filter[2], o: filter[3] / G };
}

function relay({ writer }: Site, name: string, from: Shape, options: { perm: readonly number[]; to: Shape }): string {
  const apart = writer.op('Reshape', [name, writer.integers(from)]);
  return writer.op('Reshape', [writer.op('Transpose', [apart], { perm: options.perm }), writer.integers(options.to)]);
}

/** Patches of all groups, [G, P, T c]. */
function groupedPatches(site: Site, images: Images, at: { window: Window; G: number; P: number; T: number; c: number }): string {
  const { window, G, P, T, c } = at;
  return relay(site, patches(site, images, window), [P, T, G, c], { perm: [2, 0, 1, 3], to: [G, P, T * c] });
}

function conv2D(site: Site): string {
  const [x, w] = site.inputTypes;
  const window = windowAt(site, x.shape, w.shape.slice(0, 2));
  const { G, P, T, c, o } = sizes(site, { images: x.shape, filter: w.shape, window });
  const rows = groupedPatches(site, last(site), { window, G, P, T, c });
  const filter = relay(site, site.inputs[1], [T * c, G, o], { perm: [1, 0, 2], to: [G, T * c, o] });
  return relay(site, site.writer.op('MatMul', [rows, filter]), [G, P, o], { perm: [1, 0, 2], to: site.node.shape });
}

function inputGrad(site: Site): string {
  const { shape } = site.node;
  const [w] = site.inputTypes;
  const window = windowAt(site, shape, w.shape.slice(0, 2));
  const { G, P, T, c, o } = sizes(site, { images: shape, filter: w.shape, window });
  const dy = relay(site, site.inputs[1], [P, G, o], { perm: [1, 0, 2], to: [G, P, o] });
  const filter = relay(site, site.inputs[0], [T * c, G, o], { perm: [1, 2, 0], to: [G, o, T * c] });
  const to = [shape[0], ...window.positions, T * G * c];
  return unpatch(site, relay(site, site.writer.op('MatMul', [dy, filter]), [G, P, T, c], { perm: [1, 2, 0, 3], to }), window);
}

function filterGrad(site: Site): string {
  const { shape } = site.node;
  const [x] = site.inputTypes;
  const window = windowAt(site, x.shape);
  const { G, P, T, c, o } = sizes(site, { images: x.shape, filter: shape, window });
  const rows = groupedPatches(site, last(site), { window, G, P, T, c });
  const dy = relay(site, site.inputs[1], [P, G, o], { perm: [1, 0, 2], to: [G, P, o] });
  const product = site.writer.op('MatMul', [site.writer.op('Transpose', [rows], { perm: [0, 2, 1] }), dy]);
  return relay(site, product, [G, T * c, o], { perm: [1, 0, 2], to: shape });
}

/** Means in double precision: the sum of all taps times each window's weight. */
function avgPool(site: Site): string {
  const { writer } = site;
  const [x] = site.inputTypes;
  const window = windowAt(site, x.shape);
  const sum = tapSlices(writer, last(site), window).reduce((total, slice) => writer.op('Add', [total, slice]));
  return writer.op('Mul', [sum, averages(site, window)]);
}

function avgPoolGrad(site: Site): string {
  const { writer, node } = site;
  const window = windowAt(site, node.shape);
  const weighed = writer.op('Mul', [site.inputs[0], averages(site, window)]);
  const slices = Array.from({ length: window.kernel[0] * window.kernel[1] }, () => weighed);
  return placeTaps(writer, slices, { window, shape: node.shape, dtype: node.dtype });
}

/** Each window's weight, [H', W', 1]. */
function averages({ writer, node }: Site, window: Window): string {
  return writer.constant(node.dtype, [...window.positions, 1], averageWeights(window, node.attributes.countPadding as boolean));
}

/** Emissions with channels last: patches of any dtype; convolutions and means, which the provider lacks, in double precision. */
export const patchEmissions: EmissionTable = {
  Patches: (site) => patches(site, last(site), windowAt(site, site.inputTypes[0].shape)),
  PatchesGrad: (site) => unpatch(site, site.inputs[0], windowAt(site, site.node.shape)),
  Conv2D: conv2D,
  Conv2DInputGrad: inputGrad,
  Conv2DFilterGrad: filterGrad,
  AvgPool: avgPool,
  AvgPoolGrad: avgPoolGrad,
};
