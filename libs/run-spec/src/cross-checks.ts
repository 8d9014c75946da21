/**
 * Rules that tie several fields together. They read the raw document and look at a field only where it has the right type,
 * so that they report beside the schema's own findings instead of after them.
 */
import type { SpecIssue } from './errors.ts';
import { describeValue, positiveInteger, valueAt } from './issues.ts';
import { defaultSlots, MAXIMUM_SLOTS, slotPlan } from './slots.ts';
import { optimizerIssues } from './optimizer-checks.ts';

type Check = (raw: unknown) => readonly SpecIssue[];

const CHECKS: readonly Check[] = [
  slotsArePowerOfTwo,
  slotsFitBatch,
  growthFitsBatch,
  stepsOrEpochs,
  objectiveNeedsGeometry,
  headsDivideWidth,
  optimizerIssues,
  leaseOutlastsHeartbeat,
  engineIsExact,
  relaxedIsNamed,
  bestIsMeasured,
];

/** Every violation of a rule between fields. */
export function crossFieldIssues(raw: unknown): SpecIssue[] {
  return CHECKS.flatMap((check) => check(raw));
}

/** Executors without equal bits from run to run. */
const INEXACT: ReadonlySet<unknown> = new Set(['onnx-webgpu', 'onnx-cuda', 'tfjs-node-gpu', 'tfjs-node']);

function engineIsExact(raw: unknown): SpecIssue[] {
  const engine = valueAt(raw, ['engine']);
  if (!INEXACT.has(engine) || (valueAt(raw, ['exactness']) ?? 'exact') !== 'exact') return [];
  const hint = 'add exactness: relaxed, or leave engine out';
  return [{ path: 'engine', expected: 'an engine with equal bits, as exactness: exact asks', got: describeValue(engine), hint }];
}

function relaxedIsNamed(raw: unknown): SpecIssue[] {
  const exactness = valueAt(raw, ['exactness']) ?? 'exact';
  if (valueAt(raw, ['relaxed']) === undefined || exactness !== 'exact') return [];
  const hint = 'add exactness: relaxed, which gives equal bits up, or remove the section';
  return [{ path: 'relaxed', expected: 'no such section under exactness: exact', got: 'a mapping', hint }];
}

/** The best checkpoints are known by the validation loss at their steps. */
function bestIsMeasured(raw: unknown): SpecIssue[] {
  const best = positiveInteger(raw, 'checkpoint.keep.best');
  if (best === undefined) return [];
  const path = 'checkpoint.keep.best';
  const validation = valueAt(raw, ['data', 'validation']) ?? 0;
  const [evaluated, every] = [valueAt(raw, ['evaluate', 'every']) ?? 10, valueAt(raw, ['checkpoint', 'every']) ?? 50];
  if (validation === 0)
    return [{ path, expected: 'validation data to tell the best by', got: 'data.validation 0', hint: 'set data.validation: 0.1' }];
  if (typeof evaluated !== 'number' || typeof every !== 'number') return [];
  if (evaluated > 0 && every % evaluated === 0) return [];
  const expected = `an evaluation at every checkpoint (checkpoint.every ${every})`;
  const hint = 'let evaluate.every divide checkpoint.every';
  return [{ path, expected, got: `evaluate.every ${evaluated}`, hint }];
}

function slotsArePowerOfTwo(raw: unknown): SpecIssue[] {
  const slots = positiveInteger(raw, 'batch.slots');
  if (slots === undefined || Number.isInteger(Math.log2(slots))) return [];
  const below = 2 ** Math.floor(Math.log2(slots));
  return [{ path: 'batch.slots', expected: 'a power of two', got: String(slots), hint: `use ${below} or ${2 * below}` }];
}

function slotsFitBatch(raw: unknown): SpecIssue[] {
  const examples = positiveInteger(raw, 'batch.examples');
  const slots = positiveInteger(raw, 'batch.slots');
  if (examples === undefined || slots === undefined || slots <= examples) return [];
  const expected = `at most batch.examples (${examples})`;
  return [{ path: 'batch.slots', expected, got: String(slots), hint: 'leave slots out for a sensible default' }];
}

function growthFitsBatch(raw: unknown): SpecIssue[] {
  const examples = positiveInteger(raw, 'batch.examples');
  const to = positiveInteger(raw, 'batch.growth.to');
  if (examples === undefined || to === undefined) return [];
  const path = 'batch.growth.to';
  if (to < examples)
    return [
      { path, expected: `at least batch.examples (${examples})`, got: String(to), hint: 'a batch grows; leave growth out to keep it' },
    ];
  const { slotExamples } = slotPlan({ examples, slots: positiveInteger(raw, 'batch.slots') ?? defaultSlots(examples) });
  const most = MAXIMUM_SLOTS * slotExamples;
  if (to <= most) return [];
  const hint = 'take fewer slots, which are larger';
  return [{ path, expected: `at most ${most}, ${MAXIMUM_SLOTS} slots of ${slotExamples} examples`, got: String(to), hint }];
}

function stepsOrEpochs(raw: unknown): SpecIssue[] {
  if (typeof raw !== 'object' || raw === null) return [];
  const given = ['steps', 'epochs'].filter((key) => Object.hasOwn(raw, key));
  if (given.length === 1) return [];
  const got = given.length === 0 ? 'neither' : 'both';
  return [
    { path: 'steps', expected: 'exactly one of steps and epochs', got, hint: given.length === 0 ? 'say how long to train' : 'remove one' },
  ];
}

function objectiveNeedsGeometry(raw: unknown): SpecIssue[] {
  const name = valueAt(raw, ['model', 'recipe']) ?? valueAt(raw, ['model', 'module']) ?? valueAt(raw, ['model', 'layersModel']);
  if (typeof name !== 'string' || name === 'ndm-classifier' || valueAt(raw, ['objective']) === undefined) return [];
  return [
    {
      path: 'objective',
      expected: `no objective for ${name}`,
      got: 'a mapping',
      hint: 'its terms need the charts of ndm-classifier',
    },
  ];
}

function headsDivideWidth(raw: unknown): SpecIssue[] {
  if (valueAt(raw, ['model', 'recipe']) !== 'transformer-classifier') return [];
  const width = positiveInteger(raw, 'model.width') ?? 32;
  const heads = positiveInteger(raw, 'model.heads') ?? 4;
  if (width % heads === 0) return [];
  return [
    { path: 'model.width', expected: `a multiple of model.heads (${heads})`, got: String(width), hint: 'each head has width / heads' },
  ];
}

function leaseOutlastsHeartbeat(raw: unknown): SpecIssue[] {
  const lease = positiveInteger(raw, 'cluster.leaseMs') ?? 3000;
  const heartbeat = positiveInteger(raw, 'cluster.heartbeatMs') ?? 1000;
  if (lease >= 2 * heartbeat) return [];
  const expected = `at least twice cluster.heartbeatMs (${heartbeat})`;
  return [{ path: 'cluster.leaseMs', expected, got: String(lease), hint: 'one late heartbeat must not cost a worker its lease' }];
}
