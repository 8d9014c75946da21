/**
 * The errors of a run spec. A spec is a person's work, so every problem is reported at once,
 * each with its path in `--set` syntax (`optimizer.groups.0.damping`), what was expected, what was found and what to do.
 */

/** A place in the spec's text; both are 1-based. */
export interface SpecPosition {
  readonly line: number;
  readonly column: number;
}

/** One problem of a run spec. */
export interface SpecIssue {
  /** Dotted path from the root, list items by index; empty for the whole document. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  /** What to do, or an empty string. */
  readonly hint: string;
  /** Where the text says it; absent for overrides and for values that are missing altogether. */
  readonly position?: SpecPosition;
}

/** The run spec is not valid. `issues` holds every problem, in the order of the text's sections. */
export class RunSpecError extends Error {
  override readonly name = 'RunSpecError';
  readonly code = 'RUN_SPEC_INVALID';
  readonly issues: readonly SpecIssue[];
  /** The file, or another description of where the spec came from. */
  readonly source: string;

  constructor(issues: readonly SpecIssue[], source: string) {
    const lines = issues.map((issue) => describeIssue(issue));
    super(
      lines.length === 1 ? `${source}: ${lines[0]}` : `${source}: ${lines.length} problems\n${lines.map((line) => `  ${line}`).join('\n')}`,
    );
    this.issues = issues;
    this.source = source;
  }
}

/** The optimiser groups and the model's names do not fit together. */
export class GroupMatchError extends Error {
  override readonly name = 'GroupMatchError';
  readonly code = 'GROUP_MATCH';
  /** The group at fault, or undefined when a parameter is matched by none. */
  readonly group: string | undefined;

  constructor(message: string, group?: string) {
    super(message);
    this.group = group;
  }
}

/** One issue as one line: `batch.examples: expected an integer >= 1, got 0 (line 5, column 13)`. */
export function describeIssue(issue: SpecIssue): string {
  const place = issue.path === '' ? '' : `${issue.path}: `;
  const notes = [issue.hint, issue.position ? `line ${issue.position.line}, column ${issue.position.column}` : ''].filter(
    (note) => note !== '',
  );
  return `${place}expected ${issue.expected}, got ${issue.got}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}
