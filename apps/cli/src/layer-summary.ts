/**
 * The registration of layers as people see it before a run: which curvature each has, of what size, from where, at how many bytes.
 */
import type { LayerEntry, PhaseProgram, SumEntry } from '@geodesic/engine';
import { ModelError, type LayerCurvature } from '@geodesic/nn';
import { sizeOf } from '@geodesic/tensor';
import { matrixOf } from './layer-matrix.ts';
import type { OptimizerPlan } from './optimizer-plan.ts';

/** One layer's curvature. */
export interface LayerSummary {
  readonly layer: string;
  readonly group: string;
  readonly kind: LayerEntry['kind'];
  /** Of the layer's matrix in theta, the bias included. */
  readonly rows: number;
  readonly columns: number;
  /** `gram`: the layer is part of the kernel of a whole group. */
  readonly form: LayerCurvature['form'] | 'gram';
  readonly source: LayerCurvature['source'];
  /** That one block of slots sends each time, codecs counted. */
  readonly bytes: number;
}

type Programs = Readonly<Record<string, PhaseProgram>>;

/**
 * A row for every layer with a curvature, in the order of theta.
 * @param options.examples rows of all slots, which a Gram matrix gathers
 * @throws {ModelError} naming a layer whose programs send no statistics: it could never be preconditioned
 */
export function layerSummaries(plan: OptimizerPlan, phases: Programs, { examples }: { readonly examples: number }): LayerSummary[] {
  const { gram } = plan.programs;
  const ofGram = new Set(gram?.layers);
  const groupOf = new Map(plan.groups.flatMap(({ name, layers }) => layers.map((layer) => [layer, name] as const)));
  return plan.layers.flatMap((entry): LayerSummary[] => {
    const own = plan.curvature.get(entry.name);
    const known = own ?? (gram && ofGram.has(entry.name) ? { form: 'gram' as const, source: gram.fisher } : undefined);
    if (known === undefined) return [];
    const bytes = own ? sumBytes(entry.name, phases) : rowBytes(entry.name, phases, examples);
    if (bytes === 0)
      throw new ModelError(entry.name, 'statistics in the programs of the run', 'none (move it to an adam, sgd or frozen group)');
    const { form, source } = known;
    return [{ layer: entry.name, group: groupOf.get(entry.name)!, kind: entry.kind, ...matrixOf(entry), form, source, bytes }];
  });
}

const float32Bytes = 4;

function sumBytes(layer: string, phases: Programs): number {
  const sums = [phases['grad-stats'], phases['basis']].flatMap((phase) => phase?.sums ?? []);
  return sums.filter(({ name }) => isOf(layer, name)).reduce((bytes, sum) => bytes + bytesOf(sum), 0);
}

function rowBytes(layer: string, phases: Programs, examples: number): number {
  const rows = phases['gram']?.rows ?? [];
  return rows.filter(({ name }) => isOf(layer, name)).reduce((bytes, { width }) => bytes + examples * width * float32Bytes, 0);
}

/** Statistics are called `A/<layer>`, and layers may have a `/` of their own. */
function isOf(layer: string, statistic: string): boolean {
  return statistic.slice(statistic.indexOf('/') + 1) === layer && statistic.includes('/');
}

/** Symmetric sums travel packed; int8 keeps the diagonal in float32. */
function bytesOf({ shape, symmetric, codec }: SumEntry): number {
  if (!symmetric) return sizeOf(shape) * float32Bytes;
  const [n] = shape;
  const packed = (n * (n + 1)) / 2;
  switch (codec) {
    case 'bf16':
    case 'fp16':
      return 2 * packed;
    case 'int8':
      return packed + n * float32Bytes;
    default:
      return packed * float32Bytes;
  }
}
