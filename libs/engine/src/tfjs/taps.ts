/**
 * Windows of images on tfjs, tap by tap: what convolutions without a kernel of their own, pools that remember where, and patches are
 * made of. Pixels are read and added at listed places; taps in the padding fall on one spare pixel behind each image.
 * x [B, H, W, C], taps [B, H' W', kh kw, C].
 */
import type { Attributes, GraphNode } from '../graph.ts';
import { kernelAttribute, tapsOf, windowOf, type Window } from '../kernels/window.ts';
import type { PlanWriter } from './plan-writer.ts';

/** The windows of a node with attribute `kernel` over images of a size [H, W]. */
export function nodeWindow(node: GraphNode, size: readonly number[], kernel?: readonly number[]): Window {
  const attributes: Attributes = node.attributes;
  return windowOf(node.kernel, { size, kernel: kernel ?? kernelAttribute(node.kernel, attributes), attributes });
}

/** What every tap sees; in the padding the given value. */
export function readTaps(writer: PlanWriter, x: number, window: Window, padding: number = 0): number {
  const [batch, height, width, channels] = writer.shapeOf(x);
  const { places, spare } = placesOf(window);
  const pixels = writer.pad(
    writer.reshape(x, [batch, height * width, channels]),
    [
      [0, 0],
      [0, spare],
      [0, 0],
    ],
    padding,
  );
  const read = writer.gather(pixels, writer.constant('int32', [places.length], places), 1);
  return writer.reshape(read, [batch, ...tapsShape(window), channels]);
}

/** The transpose of reading with zeros in the padding: taps added to the pixels that they saw. */
export function addTaps(writer: PlanWriter, taps: number, window: Window): number {
  const shape = writer.shapeOf(taps);
  const [batch, channels] = [shape[0], shape[3]];
  const { places, spare } = placesOf(window);
  const pixels = window.size[0] * window.size[1] + spare;
  const everywhere = Int32Array.from({ length: batch * places.length }, (_, i) => {
    const image = Math.floor(i / places.length);
    return image * pixels + places[i % places.length];
  });
  const indices = writer.constant('int32', [everywhere.length, 1], everywhere);
  const added = writer.scatter(indices, writer.reshape(taps, [everywhere.length, channels]), [batch * pixels, channels]);
  const images = writer.slice(writer.reshape(added, [batch, pixels, channels]), [0, 0, 0], [batch, pixels - spare, channels]);
  return writer.reshape(images, [batch, ...window.size, channels]);
}

/** [H' W', kh kw]. */
export function tapsShape({ positions, kernel }: Window): readonly [number, number] {
  return [positions[0] * positions[1], kernel[0] * kernel[1]];
}

/** The pixel of every tap in [0, H W), H W in the padding; and how many spare pixels that takes, 0 or 1. */
function placesOf(window: Window): { readonly places: Int32Array; readonly spare: number } {
  const [positions, taps] = tapsShape(window);
  const outside = window.size[0] * window.size[1];
  const places = new Int32Array(positions * taps).fill(outside);
  const { position, pixel, tap } = tapsOf(window);
  pixel.forEach((at, i) => (places[position[i] * taps + tap[i]] = at));
  return { places, spare: pixel.length < places.length ? 1 : 0 };
}
