/**
 * All lowerings: what of tfjs can be traced.
 */
import { activations } from './activations.ts';
import { blocks } from './blocks.ts';
import { convolutions } from './convolutions.ts';
import { creation } from './creation.ts';
import { custom } from './custom.ts';
import { einsum } from './einsum.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import type { LoweringTable } from './lowering.ts';
import { matrixProducts } from './matrix-products.ts';
import { normalisation } from './normalisation.ts';
import { pointwiseIndexing } from './pointwise-indexing.ts';
import { pools } from './pools.ts';
import { productsAlongAxes } from './products-along-axes.ts';
import { reductions } from './reductions.ts';
import { resize } from './resize.ts';
import { shapes } from './shapes.ts';
import { spectral } from './spectral.ts';

/** Lowerings by tfjs kernel name. */
export const lowerings: LoweringTable = {
  ...elementwise,
  ...activations,
  ...reductions,
  ...matrixProducts,
  ...convolutions,
  ...pools,
  ...shapes,
  ...creation,
  ...indexing,
  ...blocks,
  ...einsum,
  ...normalisation,
  ...pointwiseIndexing,
  ...productsAlongAxes,
  ...resize,
  ...spectral,
  ...custom,
};
