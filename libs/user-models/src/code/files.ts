/**
 * The files that a user's module is made of: itself and what it imports by relative paths, each once. Their digest stands for the
 * module in a run spec, so that a changed model is another run; packages are told by their own versions and are left out.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { UserModelError } from '../errors.ts';

/** `import x from './a.mjs'`, `export * from './a.mjs'`, `import './a.mjs'`, `import('./a.mjs')`. */
const RELATIVE_IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/** Absolute paths of a module and of the modules that it imports by relative paths, sorted. @throws {UserModelError} for one that cannot be read */
export function moduleFiles(path: string): readonly string[] {
  const found = new Set<string>();
  const visit = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    const source = readUserFile(file).toString('utf8');
    for (const [, specifier] of source.matchAll(RELATIVE_IMPORT)) visit(resolve(dirname(file), specifier));
  };
  visit(resolve(path));
  return [...found].sort();
}

/** 'sha256:<hex>' over names relative to the folder of `path`, and contents; the same wherever the folder stands. */
export function filesDigest(path: string, files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = createHash('sha256').update(readUserFile(file)).digest('hex');
    hash.update(
      `${relative(dirname(resolve(path)), file)
        .split(sep)
        .join('/')}\0${content}\n`,
    );
  }
  return `sha256:${hash.digest('hex')}`;
}

/** The bytes of a file of the user. @throws {UserModelError} when it cannot be read */
export function readUserFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    const got = reason === 'ENOENT' ? 'no such file' : reason === 'EISDIR' ? 'a folder' : String(reason);
    const remedy = 'paths of a spec are relative to the folder of the spec';
    throw new UserModelError({ subject: file, expected: 'a readable file', got, remedy, cause: error });
  }
}
