/**
 * Rules that tie options of the optimiser together: an option that would be ignored, or that cannot work, is refused here.
 * Like `cross-checks.ts` they read the raw document; a group that is not a mapping is the schema's to report.
 */
import type { SpecIssue } from './errors.ts';
import { oneOfInWords } from './fields.ts';
import { describeValue, positiveInteger, valueAt } from './issues.ts';
import { PRECONDITIONER_KEYS } from './natural-schema.ts';
import { OPTIMIZER_METHODS } from './optimizer-schema.ts';
import { defaultSlots } from './slots.ts';

/** Examples of a batch whose Gram matrix one process can hold and solve with: 128 MiB in float64. */
export const mostKernelExamples = 4096;

/** What the search `quadratic` decides for all groups together; see `parse.ts`, which leaves it out of their groups. */
export const FIXED_RATES: readonly string[] = ['learningRate', 'momentum', 'klClip', 'damping'];

/** Methods that move by the gradient and its history alone. */
const FIRST_ORDER: ReadonlySet<unknown> = new Set(['adam', 'sgd', 'soap', 'shampoo', 'muon', 'lbfgs']);

/** Methods that report each layer's curvature, and so can be probed. */
const LAYERWISE: ReadonlySet<unknown> = new Set(['kfac', 'metric-kfac', 'ekfac', 'diagonal', 'block']);

type Group = Readonly<Record<string, unknown>>;

/** A group among the others, with what its rules read of the rest. */
interface Place {
  readonly raw: unknown;
  readonly groups: readonly Group[];
  readonly path: string;
}

type GroupCheck = (group: Group, place: Place) => readonly SpecIssue[];

const GROUP_CHECKS: readonly GroupCheck[] = [
  hasOwnName,
  fitsSearch,
  fitsRecipe,
  samplesAreSampled,
  dampingOptionsFit,
  preconditionerOptionsFit,
  kernelFitsBatch,
  graftingFits,
];

/** Every violation of a rule between options of the optimiser. */
export function optimizerIssues(raw: unknown): SpecIssue[] {
  const written = valueAt(raw, ['optimizer', 'groups']);
  const groups = (Array.isArray(written) ? written : []).map((group): Group =>
    typeof group === 'object' && group !== null ? (group as Group) : {},
  );
  const each = groups.flatMap((group, i) => GROUP_CHECKS.flatMap((check) => check(group, { raw, groups, path: `optimizer.groups.${i}` })));
  return [...each, ...dampingBounds(raw), ...codecFits(raw, groups), ...probesFit(raw, groups)];
}

function hasOwnName({ name }: Group, { groups, path }: Place): SpecIssue[] {
  const first = groups.findIndex((group) => group['name'] === name);
  if (typeof name !== 'string' || path === `optimizer.groups.${first}`) return [];
  return [{ path: `${path}.name`, expected: 'a name of its own', got: describeValue(name), hint: `group ${first} has it too` }];
}

function fitsSearch(group: Group, { raw, path }: Place): SpecIssue[] {
  if (valueAt(raw, ['optimizer', 'search', 'rule']) !== 'quadratic') return [];
  if (FIRST_ORDER.has(group['method'])) {
    const hint = 'use a method with a curvature, such as kfac, or freeze its parameters, or leave the search fixed';
    const expected = 'a natural-gradient method or frozen, as optimizer.search quadratic asks';
    return [{ path: `${path}.method`, expected, got: describeValue(group['method']), hint }];
  }
  return FIXED_RATES.filter((key) => Object.hasOwn(group, key)).map((key) => {
    const own = key === 'damping' || key === 'momentum';
    const hint = own ? `write optimizer.search.${key}, which holds for all groups` : 'take it out: the search finds the step size';
    return { path: `${path}.${key}`, expected: `no ${key} under optimizer.search quadratic`, got: describeValue(group[key]), hint };
  });
}

function fitsRecipe({ method, dampingRule }: Group, { raw, path }: Place): SpecIssue[] {
  const recipe = valueAt(raw, ['model', 'recipe']);
  if (typeof recipe !== 'string' || recipe === 'ndm-classifier') return [];
  if (method === 'metric-kfac') {
    const expected = oneOfInWords(OPTIMIZER_METHODS.filter((word) => word !== 'metric-kfac'));
    return [{ path: `${path}.method`, expected, got: '"metric-kfac"', hint: `${recipe} has no metric: use kfac` }];
  }
  if (dampingRule !== 'metric') return [];
  return [{ path: `${path}.dampingRule`, expected: 'one of pi, eigenbasis', got: '"metric"', hint: `${recipe} has no metric` }];
}

function samplesAreSampled({ fisher = 'sampled', samples }: Group, { path }: Place): SpecIssue[] {
  if (fisher === 'sampled' || typeof samples !== 'number' || samples <= 1) return [];
  const hint = 'nothing is drawn: leave samples out, or set fisher: sampled';
  return [{ path: `${path}.samples`, expected: `1 with fisher ${describeValue(fisher)}`, got: String(samples), hint }];
}

function dampingOptionsFit({ method, dampingRule = 'pi', dampingMetric, undampedInputs }: Group, { path }: Place): SpecIssue[] {
  if (method !== 'kfac') return [];
  const rule = describeValue(dampingRule);
  const issues: SpecIssue[] = [];
  if (dampingMetric !== undefined && dampingRule !== 'metric') {
    const hint = 'set dampingRule: metric, or leave dampingMetric out';
    issues.push({
      path: `${path}.dampingMetric`,
      expected: `no dampingMetric with dampingRule ${rule}`,
      got: describeValue(dampingMetric),
      hint,
    });
  }
  if (Array.isArray(undampedInputs) && undampedInputs.length > 0 && dampingRule !== 'pi') {
    const hint = 'only dampingRule: pi damps the two factors apart';
    const expected = `an empty list with dampingRule ${rule}`;
    issues.push({ path: `${path}.undampedInputs`, expected, got: describeValue(undampedInputs), hint });
  }
  return issues;
}

function preconditionerOptionsFit(group: Group, { path }: Place): SpecIssue[] {
  if (group['method'] !== 'cg' || (group['preconditioner'] ?? null) !== null) return [];
  const hint = 'it is an option of the preconditioner: set preconditioner: kfac';
  const expected = 'nothing without a preconditioner';
  return PRECONDITIONER_KEYS.filter((key) => Object.hasOwn(group, key)).map((key) => ({
    path: `${path}.${key}`,
    expected,
    got: describeValue(group[key]),
    hint,
  }));
}

function kernelFitsBatch({ method, fisher = 'sampled' }: Group, { raw, groups, path }: Place): SpecIssue[] {
  if (method !== 'kernel') return [];
  const issues: SpecIssue[] = [];
  const field = positiveInteger(raw, 'batch.growth.to') === undefined ? 'batch.examples' : 'batch.growth.to';
  const examples = positiveInteger(raw, field);
  if (examples !== undefined && examples > mostKernelExamples) {
    const expected = `another method than kernel, or ${field} of at most ${mostKernelExamples}`;
    const got = `${field} ${examples}`;
    issues.push({ path: `${path}.method`, expected, got, hint: `its Gram matrix would be ${examples} x ${examples}: use kfac or cg` });
  }
  const [first] = groups.filter((group) => group['method'] === 'kernel');
  const shared = first['fisher'] ?? 'sampled';
  if (fisher !== shared) {
    const expected = `${describeValue(shared)}, as the first kernel group has`;
    const hint = 'all kernel groups gather the same output gradients';
    issues.push({ path: `${path}.fisher`, expected, got: describeValue(fisher), hint });
  }
  return issues;
}

function graftingFits({ method, graft, startStep }: Group, { path }: Place): SpecIssue[] {
  if (method !== 'shampoo' || graft !== 'none' || typeof startStep !== 'number' || startStep <= 1) return [];
  const hint = 'without grafting no other method could move before it';
  return [{ path: `${path}.startStep`, expected: '1 with graft none', got: String(startStep), hint }];
}

function dampingBounds(raw: unknown): SpecIssue[] {
  const search = valueAt(raw, ['optimizer', 'search']);
  if (valueAt(search, ['rule']) !== 'quadratic') return [];
  const bound = (key: string, fallback: number): number => {
    const value = valueAt(search, [key]);
    return typeof value === 'number' ? value : fallback;
  };
  const [damping, low, high] = [bound('damping', 1), bound('minDamping', 1e-8), bound('maxDamping', 1e8)];
  if (low <= damping && damping <= high) return [];
  const expected = `a number from minDamping (${low}) to maxDamping (${high})`;
  return [{ path: 'optimizer.search.damping', expected, got: String(damping), hint: 'move the bounds or the first damping' }];
}

function codecFits(raw: unknown, groups: readonly Group[]): SpecIssue[] {
  const codec = valueAt(raw, ['optimizer', 'codec']);
  if (typeof codec !== 'object' || codec === null) return [];
  const issues: SpecIssue[] = [];
  const examples = positiveInteger(raw, 'batch.examples');
  const slots = positiveInteger(raw, 'batch.slots') ?? (examples === undefined ? undefined : defaultSlots(examples));
  const level = valueAt(codec, ['level']);
  if (slots !== undefined && Number.isInteger(Math.log2(slots)) && typeof level === 'number' && level > Math.log2(slots)) {
    const expected = `at most ${Math.log2(slots)}, the height of the tree over ${slots} slots`;
    issues.push({ path: 'optimizer.codec.level', expected, got: String(level), hint: 'level 0 rounds the sums of each slot' });
  }
  const factored = ({ method, preconditioner }: Group): boolean =>
    ['kfac', 'metric-kfac', 'ekfac'].includes(String(method)) || (method === 'cg' && preconditioner === 'kfac');
  if (groups.length > 0 && !groups.some(factored)) {
    const got = `groups of ${[...new Set(groups.map(({ method }) => String(method)))].join(', ')}`;
    const hint = 'only kfac, metric-kfac, ekfac and the preconditioner of cg send factors: take the codec out';
    issues.push({ path: 'optimizer.codec', expected: 'a group that sends symmetric factors', got, hint });
  }
  return issues;
}

function probesFit(raw: unknown, groups: readonly Group[]): SpecIssue[] {
  const every = positiveInteger(raw, 'optimizer.probeEvery');
  if (every === undefined || groups.length === 0 || groups.some(({ method }) => LAYERWISE.has(method))) return [];
  const hint = `${[...LAYERWISE].join(', ')} have a curvature of each layer`;
  return [{ path: 'optimizer.probeEvery', expected: '0 without a group whose layers can be probed', got: String(every), hint }];
}
