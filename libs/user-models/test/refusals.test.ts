/** What a user's function may not do, and what it is told: the op, the place in the user's file, and the remedy. */
import { describe, expect, it } from 'vitest';
import { UserModelError } from '../src/index.ts';
import { linear, openModule } from './user-module.ts';

async function refusal(source: string): Promise<UserModelError> {
  const error: unknown = await openModule(source).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserModelError);
  return error as UserModelError;
}

/** The line of the statement in the module that `linear` writes. */
const STATEMENT = 10;

describe('openUserModel of a function that cannot be recorded', () => {
  it.each([
    ['a random tensor', 'logits = logits.add(tf.randomNormal([3]));', /randomNormal.*random numbers/, /random numbers as 'uniform:/],
    ['dropout', 'logits = tf.dropout(logits, 0.5);', /dropout.*random numbers/, /pass what changes as an input/],
    ['a seeded dropout', 'logits = tf.dropout(logits, 0.5, undefined, 7);', /dropout.*random numbers/, /pass what changes as an input/],
    ['dataSync', 'if (logits.dataSync()[0] > 0) logits = logits.neg();', /Add \[5,3\].*dataSync/, /keep the computation in tfjs ops/],
    ['arraySync', 'logits.arraySync();', /Add \[5,3\].*arraySync/, /keep the computation in tfjs ops/],
    ['an asynchronous read', 'logits.data();', /Add \[5,3\].*asynchronous read/, /keep the computation in tfjs ops/],
    [
      'a variable',
      'const v = tf.variable(tf.zeros([3])); logits = logits.add(v);',
      /variable.*created/,
      /parameters are inputs of a program/,
    ],
    ['an optimizer', 'tf.train.sgd(1).minimize(() => logits.sum());', /optimizer\.minimize/, /optimizer\.groups/],
    ['an optimizer with state', 'tf.train.adam();', /variable.*created/, /optimizers .* stand in the run spec/],
    [
      'gradients for an optimizer',
      'tf.train.sgd(1).computeGradients(() => logits.sum());',
      /optimizer\.computeGradients/,
      /optimizer\.groups/,
    ],
    ['a kernel that graphs lack', 'tf.unique(tf.reshape(logits, [-1]));', /Unique/, /compute it before tracing/],
    ['an op that fails', 'logits = tf.matMul(logits, logits);', /BatchMatMul: expected equal inner sizes/, /mend the function/],
    [
      'a custom gradient',
      'logits = tf.customGrad((z) => ({ value: tf.relu(z), gradFunc: (dy) => dy }))(logits);',
      /customGrad.*custom gradient/,
      /stopGradient/,
    ],
    ['a slip', 'logits = lohits;', /ReferenceError: lohits is not defined/, /mend the function/],
  ])('refuses %s', async (_, statement, message, remedy) => {
    const error = await refusal(linear(statement));
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
    expect(error.place).toMatch(new RegExp(`my-model\\.mjs:${STATEMENT}:\\d+$`));
  });

  it('refuses a captured variable', async () => {
    const more = 'let v;';
    const source = linear('v ??= 0; logits = logits.add(captured);', { more }).replace(
      'tf = context.tf;',
      'tf = context.tf; const captured = tf.variable(tf.ones([3]));',
    );
    const error = await refusal(source);
    expect(error.message).toMatch(/variable .*read inside the traced function/);
    expect(error.place).toMatch(/my-model\.mjs:10:/);
  });

  it.each([
    ['a counter', 'counter += 1; logits = tf.mul(logits, counter);'],
    ['Math.random', 'logits = tf.mul(logits, Math.random());'],
  ])('refuses %s, which would stand still in a graph, with its place', async (_, statement) => {
    const error = await refusal(linear(statement, { more: 'let counter = 0;' }));
    expect(error.message).toMatch(/a constant of Multiply that changes between calls/);
    expect(error.place).toMatch(new RegExp(`my-model\\.mjs:${STATEMENT}:\\d+$`));
    expect(error.remedy).toMatch(/pass what changes as an input/);
  });

  it('refuses an asynchronous function', async () => {
    const error = await refusal(linear('').replace('forward(', 'async forward('));
    expect(error.message).toMatch(/outputs: expected tensors, got a promise \(make the function synchronous/);
  });
});

describe('openUserModel of a loss', () => {
  it.each([
    [
      'a mean over the batch',
      'loss: (logits, y) => tf.losses.sigmoidCrossEntropy(tf.oneHot(y, 3), logits),',
      /loss: expected one number for each example, \[B\], got one number for the whole batch/,
    ],
    ['another shape', 'loss: (logits) => tf.square(logits),', /got shape \[5,3\] for 5 examples/],
    ['random numbers', 'loss: (logits) => tf.sum(tf.mul(logits, tf.randomUniform([3])), 1),', /loss of .*randomUniform/],
  ])('refuses %s', async (_, fields, message) => {
    expect((await refusal(linear('', { fields }))).message).toMatch(message);
  });

  it('refuses outputs that are no logits when there is no loss', async () => {
    const error = await refusal(linear('logits = tf.sum(logits, 1);'));
    expect(error.message).toMatch(/expected logits \[B,3\], a value for each class of the data, got logits \[B\]/);
  });
});

describe('openUserModel of a module', () => {
  it.each([
    ['no export', 'export const other = 1;', /expected an export named model, got other/],
    [
      'something else',
      'export const model = 7;',
      /expected model to be \{ parameters, forward \}, a tf\.LayersModel, or \{ layersModel, loss \}, got 7/,
    ],
    ['a syntax error', 'export const model = ;', /expected to load, got \w*Error/],
    ['a missing package', "import 'no-such-package'; export const model = 1;", /no-such-package.*take TensorFlow\.js from the context/],
    ['no parameters', 'export const model = { parameters: {}, forward: ({ x }) => x };', /parameters: expected at least one, got none/],
    [
      'a name that graphs use',
      'export const model = { parameters: { weight: { shape: [4, 3] } }, forward: ({ x }) => x };',
      /name "weight": .*choose another name/,
    ],
    [
      'a bad shape',
      'export const model = { parameters: { w: { shape: [4, 0] } }, forward: ({ x }) => x };',
      /parameter w: expected a shape of positive sizes, got \[4,0\]/,
    ],
    [
      'an unknown initialiser',
      "export const model = { parameters: { w: { shape: [4, 3], initializer: 'xavier' } }, forward: ({ x, w }) => x.matMul(w) };",
      /expected zeros, ones, glorot-uniform, he-normal or lecun-normal, got xavier/,
    ],
    [
      'a wrong input shape',
      'export const model = { inputShape: [5], parameters: { w: { shape: [4, 3] } }, forward: ({ x, w }) => x.matMul(w) };',
      /inputShape: expected as many values as an example of the data, \[4\], got \[5\]/,
    ],
  ])('refuses %s', async (_, source, message) => {
    expect((await refusal(source)).message).toMatch(message);
  });

  it('refuses a file that is not there', async () => {
    const { openUserModel } = await import('../src/index.ts');
    const opened = openUserModel(
      { kind: 'module', path: '/nowhere/model.mjs', options: {} },
      { featureShape: [4], classes: 3, labelSmoothing: 0 },
    );
    await expect(opened).rejects.toThrow(/model: \/nowhere\/model\.mjs: expected a readable file, got no such file/);
  });
});
