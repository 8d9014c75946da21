import { describe, expect, it } from 'vitest';
import { freezeRunSpec, parseRunSpec, RunSpecError, validateRunSpec, type GroupInput, type RunSpec } from '../src/index.ts';

const schedule = (initial: number): object => ({ initial, final: initial, warmupSteps: 0, shape: 'constant' });
const all = { name: 'all', match: ['**'] };

interface Written {
  readonly groups?: readonly object[];
  readonly optimizer?: object;
  readonly recipe?: string;
  readonly batch?: object;
}

function specWith({ groups, optimizer = {}, recipe = 'mlp-classifier', batch = { examples: 512 } }: Written): RunSpec {
  const rest = { name: 'x', seed: 1, model: { recipe }, data: { source: 'digits' }, steps: 4 };
  return validateRunSpec({ ...rest, batch, optimizer: { ...optimizer, ...(groups && { groups }) } }, 'run.yaml');
}

function groupWith(options: object, written: Written = {}): unknown {
  return specWith({ ...written, groups: [{ ...all, ...options }] }).optimizer.groups?.[0];
}

/** The problems of a spec, one line each. */
function problems(written: Written): string[] {
  try {
    specWith(written);
  } catch (error) {
    if (error instanceof RunSpecError)
      return error.issues.map(({ path, expected, got, hint }) => `${path}: expected ${expected}, got ${got} (${hint})`);
    throw error;
  }
  return [];
}

const natural = { learningRate: schedule(0.1), momentum: 0.9, damping: 0.01, klClip: 0.01, weightDecay: 0 };
const statistics = { ...natural, factorDecay: 0.95, statisticsEvery: 1, inverseEvery: 5, inverseWhenMoved: 0, burnIn: 0 };
const sampled = { fisher: 'sampled', samples: 1 };

describe('optimizer.groups', () => {
  it.each([
    ['kfac', { ...statistics, ...sampled, dampingRule: 'pi', undampedInputs: [] }],
    ['metric-kfac', { ...statistics, form: 'pullback', dampingRule: 'pi', normalizeMetric: false }],
    ['ekfac', { ...statistics, ...sampled, inverseEvery: 10 }],
    ['diagonal', { ...statistics, ...sampled }],
    ['block', { ...statistics, ...sampled }],
    ['cg', { ...natural, iterations: 20, tolerance: 1e-3, progress: 5e-4, warmStart: 0.95, preconditioner: null }],
    ['kernel', { ...natural, momentum: 0, fisher: 'sampled', spring: 0 }],
    [
      'soap',
      {
        learningRate: schedule(3e-3),
        weightDecay: 0,
        beta1: 0.95,
        beta2: 0.95,
        shampooBeta: 0.95,
        epsilon: 1e-8,
        refreshEvery: 10,
        maxDimension: 10_000,
      },
    ],
    [
      'shampoo',
      {
        learningRate: schedule(1e-3),
        weightDecay: 0,
        beta2: 0.99,
        momentum: 0.9,
        epsilon: 1e-8,
        refreshEvery: 10,
        graft: 'adam',
        startStep: 1,
        maxDimension: 1024,
      },
    ],
    [
      'muon',
      {
        learningRate: schedule(0.02),
        weightDecay: 0,
        momentum: 0.95,
        nesterov: true,
        iterations: 5,
        adamParameters: [],
        adamLearningRate: schedule(1e-3),
      },
    ],
    ['lbfgs', { learningRate: schedule(1), weightDecay: 0, history: 10 }],
  ])('fills the options of %s', (method, options) => {
    expect(groupWith({ method }, { recipe: 'ndm-classifier' })).toEqual({ ...all, method, ...options });
  });

  it('gives the preconditioner of cg the options of kfac, and keeps those that are written', () => {
    expect(groupWith({ method: 'cg', preconditioner: 'kfac', statisticsEvery: 3 })).toMatchObject({
      preconditioner: 'kfac',
      factorDecay: 0.95,
      statisticsEvery: 3,
      inverseEvery: 5,
      ...sampled,
    });
  });

  it('leaves the treatment of shared positions to the layers unless it is written', () => {
    expect(groupWith({ method: 'ekfac' })).not.toHaveProperty('sharing');
    expect(groupWith({ method: 'ekfac', sharing: 'reduce' })).toHaveProperty('sharing', 'reduce');
  });
});

describe('optimizer.groups, options that cannot be meant', () => {
  it.each<[string, object, string]>([
    [
      'the name of the search',
      { name: 'search', method: 'kfac' },
      'optimizer.groups.0.name: expected 1 to 64 letters, digits or . _ - other than search, got "search"',
    ],
    ['an option of another method', { method: 'ekfac', dampingRul: 'pi' }, 'got the unknown key "dampingRul"'],
    [
      'samples of a Fisher matrix that draws nothing',
      { method: 'kfac', fisher: 'exact', samples: 4 },
      'optimizer.groups.0.samples: expected 1 with fisher "exact", got 4 (nothing is drawn: leave samples out, or set fisher: sampled)',
    ],
    ['a Fisher type that ekfac lacks', { method: 'ekfac', fisher: 'forward' }, 'fisher: expected one of sampled, exact, empirical'],
    ['a mistyped Fisher type', { method: 'kfac', fisher: 'empiricl' }, '(did you mean "empirical"?)'],
    ['a momentum of 1', { method: 'kfac', momentum: 1 }, 'momentum: expected a number >= 0 and < 1, got 1 ()'],
    ['a spring of 1', { method: 'kernel', spring: 1 }, 'spring: expected a number >= 0 and < 1, got 1 ()'],
    [
      'the metric as damping without a metric',
      { method: 'kfac', dampingRule: 'metric' },
      'optimizer.groups.0.dampingRule: expected one of pi, eigenbasis, got "metric" (mlp-classifier has no metric)',
    ],
    [
      'a damping metric that is not used',
      { method: 'kfac', dampingMetric: 'local' },
      'optimizer.groups.0.dampingMetric: expected no dampingMetric with dampingRule "pi", got "local" (set dampingRule: metric, or leave dampingMetric out)',
    ],
    [
      'undamped inputs of an exact damping',
      { method: 'kfac', dampingRule: 'eigenbasis', undampedInputs: ['dense1'] },
      'optimizer.groups.0.undampedInputs: expected an empty list with dampingRule "eigenbasis", got a list of 1 (only dampingRule: pi damps the two factors apart)',
    ],
    [
      'options of a preconditioner that is not there',
      { method: 'cg', inverseEvery: 5 },
      'optimizer.groups.0.inverseEvery: expected nothing without a preconditioner, got 5 (it is an option of the preconditioner: set preconditioner: kfac)',
    ],
    ['an unknown preconditioner', { method: 'cg', preconditioner: 'kfca' }, 'got "kfca" (did you mean "kfac"?)'],
    ['a tolerance of 0', { method: 'cg', tolerance: 0 }, 'tolerance: expected a number > 0 and < 1, got 0'],
    [
      'a start without grafting',
      { method: 'shampoo', graft: 'none', startStep: 5 },
      'optimizer.groups.0.startStep: expected 1 with graft none, got 5 (without grafting no other method could move before it)',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(problems({ groups: [{ ...all, ...options }] }).join('\n')).toContain(message);
  });

  it('refuses a kernel whose Gram matrix would be too large, and two kinds of gradients in one', () => {
    const kernel = { ...all, method: 'kernel' };
    expect(problems({ groups: [kernel], batch: { examples: 4096 } })).toEqual([]);
    expect(problems({ groups: [kernel], batch: { examples: 4097 } })).toEqual([
      'optimizer.groups.0.method: expected another method than kernel, or batch.examples of at most 4096, got batch.examples 4097 (its Gram matrix would be 4097 x 4097: use kfac or cg)',
    ]);
    expect(problems({ groups: [kernel], batch: { examples: 64, growth: { to: 8192, steps: 10 } } })[0]).toContain(
      'batch.growth.to of at most 4096, got batch.growth.to 8192',
    );
    const more = ['b', 'c'].map((name) => ({ ...kernel, name, fisher: name === 'b' ? 'sampled' : 'empirical' }));
    expect(problems({ groups: [kernel, ...more] })).toEqual([
      'optimizer.groups.2.fisher: expected "sampled", as the first kernel group has, got "empirical" (all kernel groups gather the same output gradients)',
    ]);
  });
});

describe('optimizer.search', () => {
  const quadratic = { search: { rule: 'quadratic' } };
  const kfac = { ...all, method: 'kfac' };

  it('fills the defaults of the quadratic model and takes from groups what it decides itself', () => {
    const { search, groups } = specWith({ groups: [kfac], optimizer: quadratic }).optimizer;
    expect(search).toEqual({
      rule: 'quadratic',
      damping: 1,
      calibrate: false,
      adaptEvery: 5,
      adaptFactor: 0.85,
      minDamping: 1e-8,
      maxDamping: 1e8,
      momentum: 'adaptive',
      modelShare: 1,
      reject: true,
      rejectFactor: 4,
      maxRejections: 6,
    });
    for (const key of ['learningRate', 'momentum', 'klClip', 'damping']) expect(groups?.[0]).not.toHaveProperty(key);
    expect(groups?.[0]).toMatchObject({ factorDecay: 0.95, weightDecay: 0 });
  });

  it('is a fixed point when it is frozen and read back', () => {
    const frozen = freezeRunSpec(specWith({ groups: [kfac], optimizer: { ...quadratic, codec: { kind: 'int8' }, probeEvery: 5 } }));
    expect(frozen.optimizer).toMatchObject({ codec: { kind: 'int8', level: 0 }, probeEvery: 5 });
    expect(freezeRunSpec(validateRunSpec(JSON.parse(JSON.stringify(frozen))))).toEqual(frozen);
  });

  it("takes a recipe's groups without their rates, wherever they are filled in", () => {
    const defaultGroups = (): readonly GroupInput[] => [{ name: 'all', match: ['**'], method: 'kfac', damping: 0.1 }];
    const text = 'name: x\nseed: 1\nmodel: {recipe: mlp-classifier}\ndata: {source: digits}\nbatch: {examples: 512}\nsteps: 4\n';
    const overrides = ['optimizer.search.rule=quadratic'];
    const spec = parseRunSpec(text, { format: 'yaml', overrides, defaultGroups });
    expect(spec.optimizer.groups?.[0]).not.toHaveProperty('damping');
    expect(freezeRunSpec(parseRunSpec(text, { format: 'yaml', overrides }), { defaultGroups }).optimizer).toEqual(spec.optimizer);
    const fixed = parseRunSpec(text, { format: 'yaml', defaultGroups });
    expect(fixed.optimizer.groups?.[0]).toHaveProperty('damping', 0.1);
  });

  it('refuses what it would ignore, and groups that have no curvature', () => {
    const groups = [
      { ...kfac, learningRate: 0.1, momentum: 0.5, klClip: null, damping: 0.1 },
      { ...all, name: 'b', method: 'adam' },
    ];
    expect(problems({ groups, optimizer: quadratic })).toEqual([
      'optimizer.groups.0.learningRate: expected no learningRate under optimizer.search quadratic, got 0.1 (take it out: the search finds the step size)',
      'optimizer.groups.0.momentum: expected no momentum under optimizer.search quadratic, got 0.5 (write optimizer.search.momentum, which holds for all groups)',
      'optimizer.groups.0.klClip: expected no klClip under optimizer.search quadratic, got null (take it out: the search finds the step size)',
      'optimizer.groups.0.damping: expected no damping under optimizer.search quadratic, got 0.1 (write optimizer.search.damping, which holds for all groups)',
      'optimizer.groups.1.method: expected a natural-gradient method or frozen, as optimizer.search quadratic asks, got "adam" (use a method with a curvature, such as kfac, or freeze its parameters, or leave the search fixed)',
    ]);
    expect(problems({ groups: [kfac, { name: 'c', match: ['head'], method: 'frozen' }], optimizer: quadratic })).toEqual([]);
  });

  it.each<[object, string]>([
    [{ rule: 'quadratc' }, 'optimizer.search.rule: expected one of fixed, quadratic, got "quadratc" (did you mean "quadratic"?)'],
    [{ rule: 'fixed', damping: 1 }, 'optimizer.search.damping: expected only rule, got the unknown key "damping"'],
    [{ rule: 'quadratic', momentum: 1 }, 'optimizer.search.momentum: expected one of adaptive, a number >= 0 and < 1, got 1'],
    [{ rule: 'quadratic', momentum: 'adaptiv' }, 'got "adaptiv" (did you mean "adaptive"?)'],
    [{ rule: 'quadratic', adaptFactor: 1 }, 'optimizer.search.adaptFactor: expected a number > 0 and < 1, got 1'],
    [{ rule: 'quadratic', rejectFactor: 1 }, 'optimizer.search.rejectFactor: expected a number > 1, got 1'],
    [
      { rule: 'quadratic', damping: 1e-9 },
      'optimizer.search.damping: expected a number from minDamping (1e-8) to maxDamping (100000000), got 1e-9 (move the bounds or the first damping)',
    ],
  ])('refuses %j', (search, message) => {
    expect(problems({ optimizer: { search } }).join('\n')).toContain(message);
  });
});

describe('optimizer.codec and optimizer.probeEvery', () => {
  const adam = { ...all, method: 'adam' };

  it('refuses a level above the tree', () => {
    const batch = { examples: 512, slots: 4 };
    expect(problems({ optimizer: { codec: { kind: 'bf16', level: 2 } }, batch })).toEqual([]);
    expect(problems({ optimizer: { codec: { kind: 'bf16', level: 3 } }, batch })).toEqual([
      'optimizer.codec.level: expected at most 2, the height of the tree over 4 slots, got 3 (level 0 rounds the sums of each slot)',
    ]);
    expect(problems({ optimizer: { codec: { kind: 'bf16', level: 4 } } })[0]).toContain('at most 3, the height of the tree over 8 slots');
  });

  it('refuses a codec without factors and probes without layers', () => {
    expect(problems({ groups: [adam], optimizer: { codec: { kind: 'int8' }, probeEvery: 10 } })).toEqual([
      'optimizer.codec: expected a group that sends symmetric factors, got groups of adam (only kfac, metric-kfac, ekfac and the preconditioner of cg send factors: take the codec out)',
      'optimizer.probeEvery: expected 0 without a group whose layers can be probed, got 10 (kfac, metric-kfac, ekfac, diagonal, block have a curvature of each layer)',
    ]);
    const cg = { ...all, method: 'cg', preconditioner: 'kfac' };
    expect(problems({ groups: [cg], optimizer: { codec: { kind: 'fp16' } } })).toEqual([]);
  });

  it('names an unknown kind', () => {
    expect(problems({ optimizer: { codec: { kind: 'int4' } } })).toEqual([
      'optimizer.codec.kind: expected one of bf16, fp16, int8, got "int4" (did you mean "int8"?)',
    ]);
    expect(problems({ optimizer: { codec: 'int8' } })).toEqual([
      'optimizer.codec: expected a mapping with kind and level, or null, got "int8" ()',
    ]);
  });
});
