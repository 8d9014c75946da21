/**
 * Rounding, remainders and tests of numbers in ONNX. Integer division of the runtime truncates; its integer remainder has
 * the divisor's sign, so a - (a mod b) divides exactly.
 */
import type { Emission, EmissionTable, Site } from './emission.ts';

const direct =
  (op: string): Emission =>
  ({ writer, inputs }) =>
    writer.op(op, inputs);

/** The remainder with the divisor's sign; in floats from fmod, whose remainder has the dividend's. */
const mod: Emission = (site) => {
  const { writer, inputs, inputTypes } = site;
  if (inputTypes[0].dtype === 'int32') return writer.op('Mod', inputs, { fmod: 0 });
  const zero = writer.scalar(inputTypes[0].dtype, 0);
  const rest = writer.op('Mod', inputs, { fmod: 1 });
  const negative = (value: string): string => writer.op('Less', [value, zero]);
  const apart = writer.op('Xor', [negative(rest), negative(inputs[1])]);
  const moved = writer.op('And', [apart, writer.op('Not', [writer.op('Equal', [rest, zero])])]);
  return writer.op('Where', [moved, writer.op('Add', [rest, inputs[1]]), rest]);
};

const floorDiv = (site: Site): string => {
  const { writer, inputs, inputTypes } = site;
  if (inputTypes[0].dtype !== 'int32') return writer.op('Floor', [writer.op('Div', inputs)]);
  return writer.op('Div', [writer.op('Sub', [inputs[0], mod(site)]), inputs[1]]);
};

/** Emissions of rounding and remainders. */
export const roundingEmissions: EmissionTable = {
  Ceil: direct('Ceil'),
  Round: direct('Round'),
  Mod: mod,
  FloorDiv: floorDiv,
  IsNan: direct('IsNaN'),
  IsInf: direct('IsInf'),
  IsFinite: ({ writer, inputs }) => writer.op('Not', [writer.op('Or', [writer.op('IsNaN', inputs), writer.op('IsInf', inputs)])]),
};
