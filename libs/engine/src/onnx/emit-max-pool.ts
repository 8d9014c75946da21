/**
 * MaxPoolTake and MaxPoolPut by slices, one a tap, with channels last: for providers that do not tell where a window's maximum
 * stands. Taps are gone through in row-major order, and a later one wins only when it is larger, so the first maximum is taken.
 */
import type { EmissionTable, Site } from './emission.ts';
import { windowAt } from './emit-patches.ts';
import { placeTaps, tapSlices, type Images } from './window-slices.ts';

/** Below every float32 that an image holds. */
const LOWEST = -3.4028234663852886e38;

/** An input as images with channels last. */
function imagesAt({ inputs, inputTypes }: Site, at: number): Images {
  return { name: inputs[at], dtype: inputTypes[at].dtype };
}

/** Slices of x with nothing in the padding that could win. */
function candidates(site: Site): string[] {
  return tapSlices(site.writer, imagesAt(site, 0), windowAt(site, site.inputTypes[0].shape), LOWEST);
}

function take(site: Site): string {
  const { writer, inputTypes } = site;
  const values = tapSlices(writer, imagesAt(site, 1), windowAt(site, inputTypes[0].shape));
  let [largest, chosen] = ['', ''];
  candidates(site).forEach((tap, i) => {
    const larger = i === 0 ? undefined : writer.op('Greater', [tap, largest]);
    chosen = larger === undefined ? values[i] : writer.op('Where', [larger, values[i], chosen]);
    largest = larger === undefined ? tap : writer.op('Max', [tap, largest]);
  });
  return chosen;
}

function put(site: Site): string {
  const { writer, inputs, node } = site;
  const taps = candidates(site);
  const largest = taps.reduce((a, b) => writer.op('Max', [a, b]));
  const zero = writer.scalar(node.dtype, 0);
  // What a window still has to give: all of dy until its maximum has come, nothing after it.
  let rest = inputs[1];
  const shares = taps.map((tap) => {
    const isLargest = writer.op('Equal', [tap, largest]);
    const share = writer.op('Where', [isLargest, rest, zero]);
    rest = writer.op('Where', [isLargest, zero, rest]);
    return share;
  });
  return placeTaps(writer, shares, { window: windowAt(site, node.shape), shape: node.shape, dtype: node.dtype });
}

/** Emissions of MaxPoolTake and MaxPoolPut without indices. */
export const maxPoolEmissions: EmissionTable = { MaxPoolTake: take, MaxPoolPut: put };
