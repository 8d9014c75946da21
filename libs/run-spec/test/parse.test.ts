import { describe, expect, it } from 'vitest';
import { freezeRunSpec, parseRunSpec, RunSpecError, type RunSpec, validateRunSpec } from '../src/index.ts';
import { MINIMAL_NDM, someGroups } from './specs.ts';

function parse(text: string, overrides: readonly string[] = []): RunSpec {
  return parseRunSpec(text, { format: 'yaml', overrides, source: 'run.yaml', defaultGroups: someGroups });
}

/** The error that parsing throws. */
function problemsOf(text: string, overrides: readonly string[] = []): RunSpecError {
  try {
    parse(text, overrides);
  } catch (error) {
    if (error instanceof RunSpecError) return error;
    throw error;
  }
  throw new Error('expected a RunSpecError, got a valid spec');
}

/** The minimal spec with one piece of text replaced. */
function withChange(from: string, to: string): string {
  if (!MINIMAL_NDM.includes(from)) throw new Error(`no "${from}" in the minimal spec`);
  return MINIMAL_NDM.replace(from, to);
}

/** A group over everything, as YAML. */
function groupOf(method: string): string {
  return `{name: a, match: ['**'], method: ${method}}`;
}

describe('parseRunSpec', () => {
  it('fills every default of an NDM run', () => {
    expect(parseRunSpec(MINIMAL_NDM, { format: 'yaml' })).toEqual({
      name: 'digits-ndm',
      seed: 1,
      model: {
        recipe: 'ndm-classifier',
        width: 32,
        blocks: 4,
        hidden: 64,
        reflections: 2,
        scaleMax: 2,
        metric: { rank: 8, basis: 4, hidden: 32 },
      },
      data: { source: 'digits', validation: 0 },
      batch: { examples: 512, slots: 8 },
      steps: 150,
      loss: { labelSmoothing: 0 },
      objective: { anchor: 0.1, volume: 0.01, volumeWarmup: 0.1 },
      optimizer: { search: { rule: 'fixed' }, codec: null, probeEvery: 0 },
      evaluate: { every: 10 },
      checkpoint: { every: 50, keep: {} },
      engine: 'auto',
      precision: 'float32',
      compute: 'float32',
      linalg: 'auto',
      exactness: 'exact',
      cluster: { workers: 2, leaseMs: 3000, heartbeatMs: 1000, maxRestarts: 3, quarantineMs: 10_000, backup: true, journal: true },
    });
  });

  it('gives an MLP its defaults and no objective', () => {
    const spec = parse(withChange('recipe: ndm-classifier', 'recipe: mlp-classifier'), ['optimizer.groups.ends.learningRate=0.2']);
    expect(spec.model).toEqual({ recipe: 'mlp-classifier', hidden: [64, 32], activation: 'tanh' });
    expect(spec).not.toHaveProperty('objective');
  });

  it('reads JSON as well, indented with tabs or not', () => {
    const json = JSON.stringify(parseRunSpec(MINIMAL_NDM, { format: 'yaml' }), null, '\t');
    expect(parseRunSpec(json, { format: 'json' })).toEqual(parseRunSpec(MINIMAL_NDM, { format: 'yaml' }));
  });

  it('fills the options of every method', () => {
    const groups = ['kfac', 'adam', 'sgd'].map((method) => ({ name: method, match: ['**'], method }));
    const spec = validateRunSpec({ ...parse(MINIMAL_NDM), optimizer: { groups } });
    expect(spec.optimizer.groups).toEqual([
      {
        ...groups[0],
        learningRate: { initial: 0.1, final: 0.1, warmupSteps: 0, shape: 'constant' },
        momentum: 0.9,
        damping: 0.01,
        klClip: 0.01,
        factorDecay: 0.95,
        statisticsEvery: 1,
        inverseEvery: 5,
        inverseWhenMoved: 0,
        burnIn: 0,
        fisher: 'sampled',
        samples: 1,
        dampingRule: 'pi',
        undampedInputs: [],
        weightDecay: 0,
      },
      {
        ...groups[1],
        learningRate: { initial: 0.001, final: 0.001, warmupSteps: 0, shape: 'constant' },
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0,
      },
      {
        ...groups[2],
        learningRate: { initial: 0.1, final: 0.1, warmupSteps: 0, shape: 'constant' },
        momentum: 0.9,
        nesterov: false,
        weightDecay: 0,
      },
    ]);
  });

  it.each([
    ['0.3', { initial: 0.3, final: 0.3, warmupSteps: 0, shape: 'constant' }],
    ['{initial: 0.3, final: 0.1}', { initial: 0.3, final: 0.1, warmupSteps: 0, shape: 'cosine' }],
    ['{initial: 0.3, shape: linear, warmupSteps: 5}', { initial: 0.3, final: 0, warmupSteps: 5, shape: 'linear' }],
  ])('reads the learning rate %s as a schedule', (written, schedule) => {
    expect(parse(MINIMAL_NDM, [`optimizer.groups.rest.learningRate=${written}`]).optimizer.groups?.[1]).toHaveProperty(
      'learningRate',
      schedule,
    );
  });
});

describe('parseRunSpec, overrides', () => {
  it('parses values as YAML', () => {
    const spec = parse(MINIMAL_NDM, ['batch.examples=128', 'model.metric.rank=4', 'engine=reference', 'seed=7']);
    expect(spec).toMatchObject({ batch: { examples: 128, slots: 2 }, model: { metric: { rank: 4 } }, engine: 'reference', seed: 7 });
  });

  it('reaches the groups of a recipe by name and by index', () => {
    const spec = parse(MINIMAL_NDM, ['optimizer.groups.ends.damping=0.5', 'optimizer.groups.1.learningRate={initial: 0.1, final: 0.01}']);
    expect(spec.optimizer.groups).toMatchObject([{ damping: 0.5 }, { learningRate: { initial: 0.1, final: 0.01, shape: 'cosine' } }]);
  });

  it.each([
    [
      'batch.exmaples=4',
      'run.yaml: batch.exmaples: expected one of examples, slots, growth, got the unknown key "exmaples" (did you mean "examples"?)',
    ],
    ['modle.width=4', 'did you mean "model"?'],
    ['__proto__.x=1', 'run.yaml: __proto__: expected one of name, seed'],
    ['seed.x=4', 'run.yaml: seed.x: expected a section at seed, got 1 (set the field itself)'],
    ['seed', 'run.yaml: expected an override of the form a.b=c, got "seed" (write --set batch.examples=256)'],
    ['a..b=1', 'run.yaml: expected an override of the form a.b=c, got "a..b=1" (write --set batch.examples=256)'],
    ['seed=*', 'run.yaml: seed: expected a YAML value, got "*" (quote it for the shell)'],
    ['seed=*x', 'run.yaml: seed: expected a YAML value, got "*x" (quote it for the shell)'],
    ['evaluate.evry=1', 'run.yaml: evaluate.evry: expected only every, got the unknown key "evry" (did you mean "every"?)'],
    ['seed=[1', 'run.yaml: seed: expected a YAML value, got "[1" (quote it for the shell)'],
    [
      'optimizer.groups.stem.damping=1',
      'run.yaml: optimizer.groups.stem.damping: expected an item of this list, 0 to 1 or a name, got "stem" (overrides change items, they do not add any)',
    ],
    ['batch.examples=many', 'run.yaml: batch.examples: expected an integer >= 1 and <= 16777216, got "many"'],
  ])('refuses %s', (override, message) => {
    expect(problemsOf(MINIMAL_NDM, [override]).message).toContain(message);
  });
});

describe('parseRunSpec, bad input', () => {
  it.each([
    ['a mistyped key', 'seed: 1', 'sed: 1', 'sed: expected one of name, seed, '],
    ['a mistyped key', 'seed: 1', 'sed: 1', 'got the unknown key "sed" (did you mean "seed"?; line 2, column 1)'],
    ['a missing key', 'seed: 1\n', '', 'run.yaml: seed: expected an integer >= 0, got nothing'],
    ['a wrong type', 'seed: 1', 'seed: one', 'run.yaml: seed: expected an integer >= 0, got "one" (line 2, column 1)'],
    ['an empty section', 'batch: {examples: 512}', 'batch:', 'run.yaml: batch: expected a mapping, got null (line 5, column 1)'],
    ['a zero batch', '512', '0', 'run.yaml: batch.examples: expected an integer >= 1 and <= 16777216, got 0 (line 5, column 9)'],
    ['a negative batch', '512', '-8', 'run.yaml: batch.examples: expected an integer >= 1 and <= 16777216, got -8 (line 5, column 9)'],
    [
      'more slots than examples',
      '512',
      '8, slots: 16',
      'run.yaml: batch.slots: expected at most batch.examples (8), got 16 (leave slots out for a sensible default; line 5, column 22)',
    ],
    [
      'slots that are no power of two',
      '512',
      '512, slots: 6',
      'run.yaml: batch.slots: expected a power of two, got 6 (use 4 or 8; line 5, column 24)',
    ],
    [
      'an unknown recipe',
      'ndm-classifier',
      'ndm-clasifier',
      'run.yaml: model.recipe: expected one of ndm-classifier, mlp-classifier, cnn-classifier, transformer-classifier, autoencoder, got "ndm-clasifier" (did you mean "ndm-classifier"?; line 3, column 9)',
    ],
    [
      'a missing recipe',
      '{recipe: ndm-classifier}',
      '{}',
      'run.yaml: model.recipe: expected one of ndm-classifier, mlp-classifier, cnn-classifier, transformer-classifier, autoencoder, got nothing',
    ],
    [
      'an unknown data source',
      'digits}',
      'mnist}',
      'run.yaml: data.source: expected one of digits, curves, spiral, idx, got "mnist" (line 4, column 8)',
    ],
    [
      'steps and epochs',
      'steps: 150',
      'steps: 150\nepochs: 2',
      'run.yaml: steps: expected exactly one of steps and epochs, got both (remove one; line 6, column 1)',
    ],
    [
      'neither steps nor epochs',
      'steps: 150\n',
      '',
      'run.yaml: steps: expected exactly one of steps and epochs, got neither (say how long to train)',
    ],
    [
      'a name with capitals',
      'digits-ndm',
      'Digits',
      'run.yaml: name: expected 1 to 40 lower-case letters, digits or hyphens, got "Digits" (line 1, column 1)',
    ],
    [
      'an option of another recipe',
      'ndm-classifier',
      'ndm-classifier, activation: relu',
      'model.activation: expected one of recipe, width, blocks, hidden, reflections, scaleMax, metric, got the unknown key "activation"',
    ],
    [
      'an unknown engine',
      'seed: 1',
      'seed: 1\nengine: onnx-cpuu',
      'run.yaml: engine: expected one of auto, onnx-cpu, onnx-webgpu, onnx-cuda, tfjs-node-gpu, tfjs-node, tfjs-wasm, reference, got "onnx-cpuu" (did you mean "onnx-cpu"?; line 3, column 1)',
    ],
    [
      'a lease shorter than two heartbeats',
      'seed: 1',
      'seed: 1\ncluster: {leaseMs: 500}',
      'run.yaml: cluster.leaseMs: expected at least twice cluster.heartbeatMs (1000), got 500',
    ],
    [
      'a duplicate key',
      'seed: 1',
      'seed: 1\nseed: 2',
      'run.yaml: expected valid YAML, got a syntax error: Map keys must be unique (line 3, column 1)',
    ],
    ['a number that is infinite', 'seed: 1', 'seed: .inf', 'run.yaml: seed: expected an integer >= 0, got Infinity (line 2, column 1)'],
  ])('names the field for %s', (_case, from, to, message) => {
    expect(problemsOf(withChange(from, to)).message).toContain(message);
  });

  it('takes nothing but a name and globs for a frozen group', () => {
    const frozen = (more: string): string => `${MINIMAL_NDM}optimizer: {groups: [{name: all, match: ['**'], method: frozen${more}}]}\n`;
    expect(parseRunSpec(frozen(''), { format: 'yaml' }).optimizer.groups).toEqual([{ name: 'all', match: ['**'], method: 'frozen' }]);
    expect(problemsOf(frozen(', learningRate: 1')).message).toContain(
      'optimizer.groups.0.learningRate: expected one of method, name, match',
    );
  });

  it('fills in the defaults of an initial checkpoint, and names what is wrong with it', () => {
    const spec = parseRunSpec(`${MINIMAL_NDM}init: {checkpoint: runs/a/checkpoints/10}\n`, { format: 'yaml' });
    expect(spec.init).toEqual({ checkpoint: 'runs/a/checkpoints/10', map: {}, strict: true });
    const { issues } = problemsOf(`${MINIMAL_NDM}init: {map: {a: 1}, strict: perhaps, digest: abc}\n`);
    expect(issues.map(({ path, expected }) => [path, expected])).toEqual([
      ['init.checkpoint', 'the path of a checkpoint'],
      ['init.map.a', 'a name in the checkpoint'],
      ['init.strict', 'true or false'],
      ['init.digest', 'sha256: and 64 hexadecimal digits'],
    ]);
  });

  it('names an unknown optimiser method and its group', () => {
    const text = `${MINIMAL_NDM}optimizer:\n  groups:\n    - {name: all, match: ['**'], method: kfc}\n`;
    expect(problemsOf(text).message).toBe(
      'run.yaml: optimizer.groups.0.method: expected one of kfac, metric-kfac, ekfac, diagonal, block, cg, kernel, adam, sgd, soap, shampoo, muon, lbfgs, frozen, got "kfc" (did you mean "kfac"?; line 9, column 34)',
    );
  });

  it('refuses a metric on an MLP, its objective, and two groups of one name', () => {
    const text = `${withChange('ndm-classifier', 'mlp-classifier')}objective: {}\noptimizer: {groups: [${groupOf('metric-kfac')}, ${groupOf('sgd')}]}\n`;
    expect(problemsOf(text).issues.map(({ path, expected, got }) => [path, expected, got])).toEqual([
      ['objective', 'no objective for mlp-classifier', 'a mapping'],
      [
        'optimizer.groups.0.method',
        'one of kfac, ekfac, diagonal, block, cg, kernel, adam, sgd, soap, shampoo, muon, lbfgs, frozen',
        '"metric-kfac"',
      ],
      ['optimizer.groups.1.name', 'a name of its own', '"a"'],
    ]);
  });

  it('lists all problems at once, in the order of the sections', () => {
    const text = 'name: x\nseed: -1\nmodel: {recipe: ndm-classifier, widht: 8}\ndata: {source: digits}\nbatch: {examples: 4, slots: 8}\n';
    expect(problemsOf(text).message).toBe(
      [
        'run.yaml: 4 problems',
        '  seed: expected an integer >= 0, got -1 (line 2, column 1)',
        '  model.widht: expected one of recipe, width, blocks, hidden, reflections, scaleMax, metric, got the unknown key "widht" (did you mean "width"?; line 3, column 33)',
        '  batch.slots: expected at most batch.examples (4), got 8 (leave slots out for a sensible default; line 5, column 22)',
        '  steps: expected exactly one of steps and epochs, got neither (say how long to train)',
      ].join('\n'),
    );
  });

  it.each([
    ['', 'run.yaml: expected a mapping of settings, got an empty document (start with name, seed, model, data, batch, steps)'],
    ['just words', 'run.yaml: expected a mapping of settings, got "just words" (start with name, seed, model, data, batch, steps)'],
    ['a: [1,\nb: 2', 'line 2, column 1'],
    ['seed: *nowhere', 'run.yaml: expected aliases of values written before, got Unresolved alias'],
  ])('explains the document %j', (text, message) => {
    expect(problemsOf(text).message).toContain(message);
  });

  it('gives line and column of a JSON syntax error', () => {
    expect(() => parseRunSpec('{\n  "seed": 1,\n}', { format: 'json', source: 'run.json' })).toThrow(
      /^run\.json: expected valid JSON, got a syntax error: .* \(line 3, column 1\)$/,
    );
  });
});

describe('freezeRunSpec', () => {
  it('writes out the default groups and freezes deeply', () => {
    const frozen = freezeRunSpec(parseRunSpec(MINIMAL_NDM, { format: 'yaml' }), { defaultGroups: someGroups });
    expect(frozen.optimizer.groups.map(({ name, method }) => [name, method])).toEqual([
      ['ends', 'kfac'],
      ['rest', 'adam'],
    ]);
    expect(Object.isFrozen(frozen.optimizer.groups[0].match)).toBe(true);
  });

  it('keeps groups that the spec wrote itself', () => {
    const written = `${MINIMAL_NDM}optimizer: {groups: [{name: all, match: ['**'], method: sgd}]}\n`;
    expect(freezeRunSpec(parse(written), { defaultGroups: someGroups }).optimizer.groups).toHaveLength(1);
  });

  it('says what is missing when there are no groups at all', () => {
    expect(() => freezeRunSpec(parseRunSpec(MINIMAL_NDM, { format: 'yaml' }))).toThrow(
      "digits-ndm: optimizer.groups: expected a list of groups, got nothing (write the groups, or pass the model's default groups)",
    );
  });

  it('is a fixed point: a frozen spec read back from JSON is the same spec', () => {
    const frozen = freezeRunSpec(parse(MINIMAL_NDM, ['data.validation=0.1']));
    expect(freezeRunSpec(validateRunSpec(JSON.parse(JSON.stringify(frozen))))).toEqual(frozen);
  });
});
