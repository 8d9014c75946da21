/**
 * All lowerings: what of tfjs can be traced.
 */
import { activations } from './activations.ts';
import { creation } from './creation.ts';
import { custom } from './custom.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import type { LoweringTable } from './lowering.ts';
import { matrixProducts } from './matrix-products.ts';
import { reductions } from './reductions.ts';
import { shapes } from './shapes.ts';

/** Lowerings by tfjs kernel name. */
export const lowerings: LoweringTable = {
  ...elementwise,
  ...activations,
  ...reductions,
  ...matrixProducts,
  ...shapes,
  ...creation,
  ...indexing,
  ...custom,
};
