// Proves the layout rules of docs/architecture.md: who may import whom (layers.json), declared dependencies, tsconfig references, exports,
// no cycles, pure mathematics, files of at most 400 lines, a README per library. Prints one line per problem and exits with 1 when there is any.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

const MAXIMUM_LINES = 400;
const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const layers = readJson(new URL('layers.json', import.meta.url));
const toolPackages = Object.keys(readJson(join(root, 'package.json')).devDependencies ?? {});
const problems = [];

// Import and export declarations, `import('x')` and `import.meta.resolve('x')`. Lazy quantifiers keep one match within one statement.
const IMPORT =
  /^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]|\bimport\.meta\.resolve\(\s*['"]([^'"]+)['"]/gm;
const IMPURE = /\bMath\.random\b|\bnew Date\b|\bDate\.now\b|\bperformance\.now\b|\bprocess\./g;

const projects = loadProjects();
for (const project of projects.values()) {
  checkManifest(project);
  for (const part of ['src', 'test']) for (const file of sourceFiles(join(project.folder, part))) checkFile(project, part, file);
}
for (const folder of ['tools', 'benchmarks', 'examples'])
  for (const file of sourceFiles(join(root, folder))) checkLength(file, readFileSync(file, 'utf8'));
for (const cycle of findCycles()) problems.push(`cycle: ${cycle.join(' -> ')}`);

for (const problem of problems) console.error(problem);
console.log(`${projects.size} projects, ${problems.length} boundary problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function loadProjects() {
  const found = new Map();
  for (const parent of ['libs', 'apps'])
    for (const name of existsSync(join(root, parent)) ? readdirSync(join(root, parent)) : []) {
      const folder = join(root, parent, name);
      if (!existsSync(join(folder, 'package.json'))) continue;
      const manifest = readJson(join(folder, 'package.json'));
      const tag = manifest.nx?.tags?.find((candidate) => candidate.startsWith('layer:'));
      found.set(manifest.name, { name: manifest.name, folder, parent, manifest, layer: tag?.slice('layer:'.length) });
    }
  return found;
}

function checkManifest({ name, folder, parent, manifest, layer }) {
  if (layers[layer] === undefined)
    problems.push(`${name}: expected a tag layer:${Object.keys(layers).join('|')} in package.json, got ${layer ?? 'none'}`);
  if (parent === 'libs' && !existsSync(join(folder, 'README.md')))
    problems.push(`${relative(root, folder)}: expected a README.md, got none`);
  const declared = internalDependencies(manifest).map((dependency) => projects.get(dependency).folder);
  const referenced = (readJson(join(folder, 'tsconfig.json')).references ?? []).map(({ path }) => resolve(folder, path));
  const where = `${relative(root, folder)}/tsconfig.json`;
  for (const other of declared)
    if (!referenced.includes(other)) problems.push(`${where}: expected a reference to ${relative(root, other)}, a dependency`);
  for (const other of referenced)
    if (!declared.includes(other)) problems.push(`${where}: reference to ${relative(root, other)}, which is not a dependency`);
}

function internalDependencies(manifest) {
  return Object.keys(manifest.dependencies ?? {}).filter((dependency) => projects.has(dependency));
}

function* sourceFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) yield* sourceFiles(join(folder, entry.name));
    else if (/\.[cm]?[jt]sx?$/.test(entry.name)) yield join(folder, entry.name);
}

function checkFile(project, part, file) {
  const text = readFileSync(file, 'utf8');
  checkLength(file, text);
  const report = (index, what) => problems.push(`${relative(root, file)}:${lineOf(text, index)}: ${what}`);
  if (project.layer === 'math' && part === 'src')
    for (const match of withoutComments(text).matchAll(IMPURE))
      report(match.index, `a math library may not use ${match[0]} (results depend on arguments only)`);
  for (const match of withoutComments(text).matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2] ?? match[3];
    const problem = specifier.startsWith('.') ? problemOfRelative(project, file, specifier) : problemOfPackage(project, part, specifier);
    if (problem !== undefined) report(match.index + match[0].length, problem);
  }
}

function checkLength(file, text) {
  const lines = lineOf(text, text.length) - (text.endsWith('\n') ? 1 : 0);
  if (lines > MAXIMUM_LINES)
    problems.push(`${relative(root, file)}: ${lines} lines, expected at most ${MAXIMUM_LINES} (one file is one concept: split it)`);
}

function lineOf(text, index) {
  return text.slice(0, index).split('\n').length;
}

/** The same text with comments blanked, so that examples in them are not taken for imports; positions stay. */
function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
}

function problemOfRelative({ folder }, file, specifier) {
  const target = resolve(dirname(file), specifier.replace(/\?.*$/, ''));
  if (relative(folder, target).startsWith('..'))
    return `relative import leaves the project: '${specifier}' (import the package by its name)`;
  if (!existsSync(target)) return `'${specifier}' does not exist (relative imports name the file with its ending)`;
  return undefined;
}

function problemOfPackage({ name, manifest, layer }, part, specifier) {
  if (builtinModules.includes(specifier)) return `write 'node:${specifier}'`;
  if (specifier.startsWith('node:')) return layer === 'math' && part === 'src' ? `a math library may not import '${specifier}'` : undefined;
  const target = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (target === name) return part === 'src' ? `a project imports its own files by relative paths, not '${specifier}'` : undefined;
  const isDeclared =
    target in (manifest.dependencies ?? {}) ||
    target in (manifest.peerDependencies ?? {}) ||
    (part === 'test' && (target in (manifest.devDependencies ?? {}) || toolPackages.includes(target)));
  if (!isDeclared) return `'${target}' is not in the ${part === 'src' ? 'dependencies' : 'dependencies or devDependencies'} of ${name}`;
  const other = projects.get(target);
  if (other === undefined) return undefined;
  if (!(`.${specifier.slice(target.length)}` in (other.manifest.exports ?? {}))) return `'${specifier}' is not an export of ${target}`;
  const isAllowed = layers[layer]?.includes(other.layer) || (part === 'test' && other.layer === 'testing');
  return isAllowed ? undefined : `${layer} may not import ${other.layer} (${target})`;
}

/** Every cycle of declared dependencies, found by depth-first search. */
function findCycles() {
  const cycles = [];
  const finished = new Set();
  const visit = (name, path) => {
    if (path.includes(name)) return void cycles.push([...path.slice(path.indexOf(name)), name]);
    if (finished.has(name)) return;
    for (const dependency of internalDependencies(projects.get(name).manifest)) visit(dependency, [...path, name]);
    finished.add(name);
  };
  for (const name of projects.keys()) visit(name, []);
  return cycles;
}
