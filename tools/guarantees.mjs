// `npm run guarantees [-- --write] [g01 g05 ...]`: runs the guarantee tests (all, or those whose files are named by their beginnings), and prints
// what they have measured as a Markdown table. `--write` puts the table of all of them into docs/guarantees.md, between its two marks.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PrepareError, root, runMain, runProgram } from './install.mjs';

const TESTS = 'apps/cli/test/guarantees';
const PAGE = join(root, 'docs/guarantees.md');
const BEGIN = '<!-- figures: begin -->';
const END = '<!-- figures: end -->';
const EMPTY_PAGE = `# Guarantees\n\n${BEGIN}\n${END}\n`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runMain(() => main(process.argv.slice(2)));

async function main(args) {
  const writes = args.includes('--write');
  const chosen = args.filter((arg) => arg !== '--write');
  const stray = chosen.find((arg) => !/^[a-z][a-z0-9-]*$/.test(arg));
  if (stray !== undefined) throw new PrepareError(`guarantees: expected --write or the beginnings of files, such as g01, got ${stray}`);
  if (writes && chosen.length > 0) throw new PrepareError('guarantees: expected --write alone: the page has the figures of all tests');
  const files = chosen.length === 0 ? [`${TESTS}/`] : chosen.map((name) => `${TESTS}/${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-guarantees-'));
  const out = join(folder, 'bounds.jsonl');
  try {
    const tests = [join(root, 'tools/test.mjs'), '--extended', ...files];
    const { code } = await runProgram(process.execPath, tests, { env: { GUARANTEES_OUT: out } });
    const rows = existsSync(out) ? readRows(readFileSync(out, 'utf8')) : [];
    const figures = `${table(rows)}\n\n${circumstances()}`;
    console.log(`\n${figures}`);
    if (code !== 0) console.error('guarantees: expected every test to pass, got failures; nothing is written');
    else if (writes) write(figures);
    return code;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The rows that the tests have appended, in the order of their numbers; those of one number as they came. */
export function readRows(text) {
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const number = ({ id }) => Number(id.slice(1));
  return rows.toSorted((a, b) => number(a) - number(b));
}

/** A Markdown table of rows. */
export function table(rows) {
  const cells = [
    ['guarantee', 'fault', 'measured', 'bound', 'how often'],
    ['---', '---', '---', '---', '---'],
    ...rows.map(({ id, fault, measured, bound, note = '' }) => [id, fault, measured, bound, note]),
  ];
  return cells.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

/** The page with another table between its marks. @throws {PrepareError} when it has no marks */
export function replaceFigures(page, figures) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new PrepareError(`docs/guarantees.md: expected the marks ${BEGIN} and ${END}, got none`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${page.slice(end)}`;
}

function write(figures) {
  writeFileSync(PAGE, replaceFigures(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : EMPTY_PAGE, figures));
  console.log(`\nwritten to ${relative(root, PAGE)}`);
}

/** On what the figures were measured, and when. */
function circumstances() {
  const [{ model }] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${cpus().length} x ${model.trim()}, ${memory}, ${process.platform} ${release()}, Node ${process.versions.node}; ${date}, ${commit()}.`;
}

function commit() {
  try {
    const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `commit ${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
  } catch {
    return 'no commit known';
  }
}
