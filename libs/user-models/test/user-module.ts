/** Modules written for a test: a folder that goes when the test is over, and a module in it that is opened as a user's would be. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openUserModel, type OpenedUserModel, type OpenOptions } from '../src/index.ts';

/** Data of four features and three classes. */
export const smallData: OpenOptions = { featureShape: [4], classes: 3, labelSmoothing: 0 };

/** A folder for the time of a test, in the system's temporary folder or in another. */
export function temporaryFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'user-model-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Writes a module; returns its path. */
export function writeModule(source: string, { name = 'my-model.mjs', folder = temporaryFolder() } = {}): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

/** Opens a module given as its source. */
export function openModule(
  source: string,
  options: Partial<OpenOptions & { own: Record<string, unknown> }> = {},
): Promise<OpenedUserModel> {
  const { own = {}, ...data } = options;
  return openUserModel({ kind: 'module', path: writeModule(source), options: own }, { ...smallData, ...data });
}

/** A linear classifier whose forward function has these statements before it returns the logits; `more` stands before `model`. */
export function linear(statements: string, { more = '', fields = '' } = {}): string {
  return `
let tf;
${more}
export function model(context) {
  tf = context.tf;
  return {
    parameters: { w: { shape: [4, 3] }, b: { shape: [3] } },
    forward({ x, w, b }) {
      let logits = tf.add(tf.matMul(x, w), b);
      ${statements}
      return logits;
    },
    ${fields}
  };
}
`;
}
