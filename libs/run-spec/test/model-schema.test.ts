import { describe, expect, it } from 'vitest';
import { freezeRunSpec, isUserModel, modelName, parseRunSpec, type DefaultGroups, type RunSpec } from '../src/index.ts';

const groups: DefaultGroups = (model) => (isUserModel(model) ? undefined : [{ name: 'all', match: ['**'], method: 'sgd' }]);
const rest = 'name: user-model\nseed: 1\ndata: {source: digits}\nbatch: {examples: 128}\nsteps: 4\n';

function specWith(model: string): RunSpec {
  return parseRunSpec(`${rest}model: ${model}\n`, { format: 'yaml', source: 'run.yaml', defaultGroups: groups });
}

describe('parseRunSpec of a model that the user brings', () => {
  it('reads a module and its options', () => {
    const { model } = specWith('{module: ./my-model.mjs, options: {width: 8, names: [a, b]}}');
    expect(model).toEqual({ module: './my-model.mjs', options: { width: 8, names: ['a', 'b'] } });
    expect(specWith('{module: ./my-model.mjs}').model).toEqual({ module: './my-model.mjs', options: {} });
    expect(modelName(model)).toBe('./my-model.mjs');
  });

  it('reads a layers model', () => {
    const { model } = specWith('{layersModel: ./model.json, customLayers: ./layers.mjs}');
    expect(model).toEqual({ layersModel: './model.json', customLayers: './layers.mjs', task: 'classification' });
    expect(isUserModel(model)).toBe(true);
  });

  it('leaves the groups open until the model is known, and takes those that are written', () => {
    const open = specWith('{module: ./my-model.mjs}');
    expect(open.optimizer.groups).toBeUndefined();
    const frozen = freezeRunSpec(open, { defaultGroups: () => [{ name: 'all', match: ['**'], method: 'adam' }] });
    expect(frozen.optimizer.groups).toMatchObject([{ name: 'all', method: 'adam' }]);
  });

  it.each([
    ['{modul: ./a.mjs}', 'model.modul: expected one of recipe, module, layersModel, got the unknown key "modul" (did you mean "module"?'],
    [
      '{module: ./a.mjs, option: {}}',
      'model.option: expected one of module, options, digest, got the unknown key "option" (did you mean "options"?',
    ],
    ['{module: ./a.mjs, recipe: mlp-classifier}', 'model.recipe: expected one of module, options, digest, got the unknown key "recipe"'],
    ['{module: 7}', 'model.module: expected a path relative to the folder of the spec, got 7'],
    [
      '{layersModel: ./model.json, task: clasification}',
      'model.task: expected one of classification, autoencoder, got "clasification" (did you mean',
    ],
    ['{module: ./a.mjs, digest: abc}', 'model.digest: expected sha256: and 64 hexadecimal digits, got "abc"'],
    ['[1]', 'model: expected a mapping with a recipe, a module or a layersModel, got a list of 1'],
    ['{module: ./a.mjs, options: 3}', 'model.options: expected a mapping of options, got 3'],
  ])('explains %s', (model, message) => {
    expect(() => specWith(model)).toThrow(message);
  });

  it('has no geometric objective', () => {
    expect(() => specWith('{module: ./a.mjs}\nobjective: {anchor: 1}')).toThrow(
      'objective: expected no objective for ./a.mjs, got a mapping',
    );
  });
});
