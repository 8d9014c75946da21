/**
 * The recipe `transformer-classifier`: ids [B, T] -> embedding + learned positions -> blocks -> norm -> mean over real positions ->
 * linear head. Ids are features, so they come as whole floats; padding has an id of its own.
 */
import { classificationTask } from '../classification-task.ts';
import { layeredModel } from '../layered-model.ts';
import { dense } from '../layers/dense.ts';
import { embedding } from '../layers/embedding.ts';
import { layerNorm } from '../layers/layer-norm.ts';
import { meanOverPositions } from '../layers/pooling.ts';
import { learnedPositions } from '../layers/positional-encoding.ts';
import { sequential } from '../layers/sequential.ts';
import { paddingMask } from '../length-mask.ts';
import type { Model } from '../model.ts';
import { transformerBlock, type TransformerBlockOptions } from './transformer-block.ts';

/** Sizes of a transformer classifier. */
export interface TransformerClassifierOptions extends Partial<
  Pick<TransformerBlockOptions, 'causal' | 'dropout' | 'activation' | 'sharing'>
> {
  readonly vocabulary: number;
  readonly classes: number;
  /** T; default 64. */
  readonly positions?: number;
  /** D; default 128. */
  readonly width?: number;
  /** Blocks; default 2. */
  readonly blocks?: number;
  /** Default 4. */
  readonly heads?: number;
  /** Id of padding; default: none, all positions are real. */
  readonly paddingId?: number;
  /** Share of a label spread over all classes while training, in [0, 1); default 0. */
  readonly labelSmoothing?: number;
}

/** Builds the model; layers are `embedding`, `block1.*`, ..., `norm`, `head`. Curvature reduces positions, since they are pooled. */
export function transformerClassifier(options: TransformerClassifierOptions): Model {
  const { vocabulary, classes, positions = 64, width = 128, blocks = 2, heads = 4, paddingId, causal, dropout, activation } = options;
  const shared = { positions, sharing: options.sharing ?? 'reduce' } as const;
  const block = { width, heads, ...shared, ...(causal !== undefined && { causal }), ...(dropout !== undefined && { dropout }) };
  const net = sequential([
    embedding({ name: 'embedding', vocabulary, width, weightInitializer: { kind: 'normal', standardDeviation: 0.02 }, positions }),
    learnedPositions({ name: 'embedding', positions, width }),
    ...Array.from({ length: blocks }, (_, i) => transformerBlock({ ...block, name: `block${i + 1}`, ...(activation && { activation }) })),
    layerNorm({ name: 'norm', channels: width, ...shared }),
    meanOverPositions(),
    dense({ name: 'head', inputs: width, outputs: classes }),
  ]);
  return layeredModel({
    net,
    featureShape: [positions],
    task: classificationTask(options),
    output: 'logits',
    ...(paddingId !== undefined && { mask: { positions, of: (ids) => paddingMask(ids, paddingId) } }),
  });
}
