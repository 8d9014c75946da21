/**
 * The text of a spec: YAML 1.2 or JSON into a document that still knows where each value was written, and `--set a.b=c` overrides onto it.
 * An override's value is a YAML scalar or flow collection (`0.1`, `true`, `[64, 32]`); list items are addressed by index or by their `name`.
 */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml';
import { RunSpecError, type SpecIssue, type SpecPosition } from './errors.ts';
import { describeValue } from './issues.ts';

/** A parsed text and the means to find its places. */
export interface SpecDocument {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly source: string;
}

/**
 * Parses YAML or JSON text into a document whose root is a mapping.
 * @throws {RunSpecError} with line and column for every syntax error
 */
export function readDocument(
  text: string,
  { format, source }: { readonly format: 'yaml' | 'json'; readonly source: string },
): SpecDocument {
  if (format === 'json') requireJson(text, source);
  const lines = new LineCounter();
  // YAML 1.2 contains JSON, so one parser gives both formats positions and the check for duplicate keys.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0)
    throw new RunSpecError(
      document.errors.map((error) => syntaxIssue(error, lines)),
      source,
    );
  if (!isMap(document.contents)) {
    const got = document.contents === null ? 'an empty document' : describeValue(document.toJS());
    throw new RunSpecError(
      [{ path: '', expected: 'a mapping of settings', got, hint: 'start with name, seed, model, data, batch, steps' }],
      source,
    );
  }
  return { document, lines, source };
}

/**
 * Writes `path=value` overrides into a document, in order.
 * @throws {RunSpecError} when one is not of the form a.b=c, its value is not YAML, or its path leads through a scalar or a missing list item;
 * an unknown key is left to the schema, which knows the right ones
 */
export function applyOverrides({ document, source }: SpecDocument, overrides: readonly string[]): void {
  const issues: SpecIssue[] = [];
  for (const override of overrides) {
    const parsed = /^([^=\s]+)=(.*)$/s.exec(override);
    if (parsed === null || parsed[1].split('.').includes('')) {
      issues.push({
        path: '',
        expected: 'an override of the form a.b=c',
        got: JSON.stringify(override),
        hint: 'write --set batch.examples=256',
      });
      continue;
    }
    const value = parseDocument(parsed[2], { prettyErrors: false });
    if (value.errors.length > 0 || isAlias(value.contents)) {
      issues.push({ path: parsed[1], expected: 'a YAML value', got: JSON.stringify(parsed[2]), hint: 'quote it for the shell' });
      continue;
    }
    const problem = writeAt(document, parsed[1].split('.'), value.toJS());
    if (problem !== undefined) issues.push(problem);
  }
  if (issues.length > 0) throw new RunSpecError(issues, source);
}

/**
 * The document as plain data.
 * @throws {RunSpecError} when an alias has no anchor, or aliases multiply beyond reason
 */
export function plainData({ document, source }: SpecDocument): unknown {
  try {
    return document.toJS();
  } catch (error) {
    const hint = 'write the value out';
    throw new RunSpecError([{ path: '', expected: 'aliases of values written before', got: (error as Error).message, hint }], source);
  }
}

/** Where the document says the value at a path (or the unknown key that ends it); undefined when it does not say it at all. */
export function locate({ document, lines }: SpecDocument, path: string): SpecPosition | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const segment of path === '' ? [] : path.split('.')) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === segment);
      if (pair === undefined) return undefined;
      offset = isNode(pair.key) ? pair.key.range?.[0] : undefined;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      offset = isNode(node) ? node.range?.[0] : undefined;
    } else break;
    // A value set by an override has no range: the text is not at fault, so no place in it is named.
    if (offset === undefined || (isNode(node) && !node.range)) return undefined;
  }
  if (offset === undefined) return undefined;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function writeAt(document: Document, path: readonly string[], value: unknown): SpecIssue | undefined {
  const resolved: (string | number)[] = [];
  let node: unknown = document.contents;
  for (const segment of path) {
    if (isSeq(node)) {
      const items = node.toJSON() as readonly unknown[];
      const index = items.findIndex((item, at) => String(at) === segment || (item as { name?: unknown } | null)?.name === segment);
      if (index < 0) {
        const expected = `an item of this list, 0 to ${items.length - 1} or a name`;
        return { path: path.join('.'), expected, got: JSON.stringify(segment), hint: 'overrides change items, they do not add any' };
      }
      resolved.push(index);
    } else if (node === undefined || isMap(node)) {
      resolved.push(segment);
    } else {
      const got = isScalar(node) ? describeValue(node.value) : 'an alias';
      return { path: path.join('.'), expected: `a section at ${resolved.join('.')}`, got, hint: 'set the field itself' };
    }
    node = isMap(node) || isSeq(node) ? node.get(resolved.at(-1), true) : undefined;
  }
  document.setIn(resolved, document.createNode(value));
  return undefined;
}

function requireJson(text: string, source: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const reason = (error as SyntaxError).message;
    const offset = Number(/at position (\d+)/.exec(reason)?.[1] ?? text.length);
    const before = text.slice(0, offset).split('\n');
    const position = { line: before.length, column: before[before.length - 1].length + 1 };
    throw new RunSpecError([{ path: '', expected: 'valid JSON', got: `a syntax error: ${reason}`, hint: '', position }], source);
  }
}

function syntaxIssue(error: YAMLError, lines: LineCounter): SpecIssue {
  const { line, col } = lines.linePos(error.pos[0]);
  return { path: '', expected: 'valid YAML', got: `a syntax error: ${error.message}`, hint: '', position: { line, column: col } };
}
