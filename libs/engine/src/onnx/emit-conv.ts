/**
 * Convolutions in ONNX with channels first, float32. ONNX wants filters as [O, C / groups, kh, kw]; they are small, and are
 * transposed from [kh, kw, C / groups, O] at each run. The input's gradient is a ConvTranspose; the filter's: emit-filter-grad.ts.
 */
import type { ImageEmissionTable, Site } from './emission.ts';
import { windowAt } from './emit-patches.ts';
import type { OpAttributes } from './writer.ts';

const FILTER_TO_ONNX: readonly number[] = [3, 2, 0, 1];

function windowAttributes({ node }: Site): OpAttributes {
  const { strides, pads, dilations, groups } = node.attributes as Record<string, readonly number[]> & { groups: number };
  const [top, bottom, left, right] = pads;
  return { strides, pads: [top, left, bottom, right], dilations, group: groups };
}

/** Images, filter and perhaps a bias [O]. */
function conv2D(site: Site): string {
  const { writer, inputs } = site;
  const [images, filter, ...bias] = inputs;
  const weights = writer.op('Transpose', [filter], { perm: FILTER_TO_ONNX });
  return writer.op('Conv', [images, weights, ...bias], windowAttributes(site));
}

function inputGrad(site: Site): string {
  const { writer, inputs, inputTypes, node } = site;
  const { size, kernel, strides, dilations, pads, positions } = windowAt(site, node.shape, inputTypes[0].shape.slice(0, 2));
  // Pixels after the last window's end: no window sees them.
  const unseen = size.map((n, i) => {
    const reach = dilations[i] * (kernel[i] - 1) + 1;
    return n + pads[2 * i] + pads[2 * i + 1] - ((positions[i] - 1) * strides[i] + reach);
  });
  const weights = writer.op('Transpose', [inputs[0]], { perm: FILTER_TO_ONNX });
  return writer.op('ConvTranspose', [inputs[1], weights], { ...windowAttributes(site), output_padding: unseen });
}

/** Emissions of convolutions on images with channels first. */
export const convEmissions: ImageEmissionTable = {
  Conv2D: { takes: ['first', 'last', 'last'], gives: 'first', emit: conv2D },
  Conv2DInputGrad: { takes: ['last', 'first'], gives: 'first', emit: inputGrad },
};
