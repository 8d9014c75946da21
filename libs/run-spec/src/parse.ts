/**
 * From text, or plain data, to a validated run spec, and from there to a frozen one that leaves nothing open.
 * Order: syntax, overrides, then schema and cross-field rules together, so that one attempt shows every problem.
 */
import { crossFieldIssues } from './cross-checks.ts';
import { applyOverrides, locate, plainData, readDocument, type SpecDocument } from './document.ts';
import { RunSpecError, type SpecIssue } from './errors.ts';
import { toSpecIssues, valueAt } from './issues.ts';
import { modelSchema } from './model-schema.ts';
import { defaultObjective, runSpecSchema, SECTION_NAMES } from './schema.ts';
import { FIXED_RATES } from './optimizer-checks.ts';
import type { GroupInput, OptimizerSpec } from './optimizer-types.ts';
import type { FrozenRunSpec, ModelSpec, RunSpec } from './types.ts';

/** A model's own optimiser groups, as a function of its settings; undefined where they are only known when the model is built. */
export type DefaultGroups = (model: ModelSpec) => readonly GroupInput[] | undefined;

export interface ParseOptions {
  readonly format: 'yaml' | 'json';
  /** `a.b=c` each, applied in order; values are YAML. */
  readonly overrides?: readonly string[];
  /** Named in errors, usually the file; default `run spec`. */
  readonly source?: string;
  /** Given, a spec without groups receives these before overrides of `optimizer.groups` apply. */
  readonly defaultGroups?: DefaultGroups;
}

/**
 * Reads a run spec from text.
 * @throws {RunSpecError} listing every problem, with its line and column where the text is at fault
 */
export function parseRunSpec(text: string, { format, overrides = [], source = 'run spec', defaultGroups }: ParseOptions): RunSpec {
  const document = readDocument(text, { format, source });
  applyOverrides(
    document,
    overrides.filter((override) => !ofGroups(override)),
  );
  if (defaultGroups !== undefined) writeDefaultGroups(document, defaultGroups);
  applyOverrides(document, overrides.filter(ofGroups));
  return validate(plainData(document), source, document);
}

/**
 * Validates plain data, for example a frozen spec read back from JSON.
 * @throws {RunSpecError} listing every problem
 */
export function validateRunSpec(value: unknown, source = 'run spec'): RunSpec {
  return validate(value, source);
}

/**
 * Writes out what a spec left to its model and freezes it deeply: this is the spec that a run records, ships and digests.
 * @throws {RunSpecError} when there are no groups and none are given, or the given ones are not valid
 */
export function freezeRunSpec(spec: RunSpec, { defaultGroups }: { readonly defaultGroups?: DefaultGroups } = {}): FrozenRunSpec {
  const { search } = spec.optimizer;
  const groups = spec.optimizer.groups ?? fittingSearch(defaultGroups?.(spec.model), search.rule);
  if (groups === undefined) {
    const hint = "write the groups, or pass the model's default groups";
    throw new RunSpecError([{ path: 'optimizer.groups', expected: 'a list of groups', got: 'nothing', hint }], spec.name);
  }
  return deepFreeze(validate({ ...spec, optimizer: { ...spec.optimizer, groups } }, spec.name)) as FrozenRunSpec;
}

function validate(raw: unknown, source: string, document?: SpecDocument): RunSpec {
  const result = runSpecSchema.safeParse(raw);
  const issues = [...(result.success ? [] : toSpecIssues(result.error.issues, raw)), ...crossFieldIssues(raw)];
  if (issues.length > 0)
    throw new RunSpecError(
      inOrder(issues).map((issue) => located(issue, document)),
      source,
    );
  const parsed = result.data as RunSpec;
  const spec = { ...parsed, optimizer: withoutFixedRates(parsed.optimizer) };
  return 'recipe' in spec.model && spec.model.recipe === 'ndm-classifier' && spec.objective === undefined
    ? { ...spec, objective: defaultObjective() }
    : spec;
}

function writeDefaultGroups(spec: SpecDocument, defaultGroups: DefaultGroups): void {
  const { document } = spec;
  if (document.hasIn(['optimizer', 'groups'])) return;
  const raw = plainData(spec) as Record<string, unknown>;
  const model = modelSchema.safeParse(raw['model']);
  // A model that is not valid is reported by the validation that follows.
  const groups = model.success ? fittingSearch(defaultGroups(model.data), valueAt(raw, ['optimizer', 'search', 'rule'])) : undefined;
  if (groups !== undefined) document.setIn(['optimizer', 'groups'], document.createNode(groups));
}

/** The groups of a model as the search takes them: what it decides itself is left out. */
function fittingSearch(groups: readonly GroupInput[] | undefined, rule: unknown): readonly GroupInput[] | undefined {
  return rule === 'quadratic' ? groups?.map((group) => omitted(group, FIXED_RATES)) : groups;
}

/** An optimiser whose groups hold nothing that its search decides: the schema's defaults stood there, and would be ignored. */
function withoutFixedRates(optimizer: OptimizerSpec): OptimizerSpec {
  if (optimizer.search.rule !== 'quadratic' || optimizer.groups === undefined) return optimizer;
  return { ...optimizer, groups: optimizer.groups.map((group) => omitted(group, FIXED_RATES)) };
}

function omitted<T extends object>(value: T, keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as T;
}

/** In the order of the schema's sections, unknown keys first: the cause stands before its consequences. */
function inOrder(issues: readonly SpecIssue[]): SpecIssue[] {
  return issues.toSorted((a, b) => sectionRank(a) - sectionRank(b));
}

function sectionRank({ path }: SpecIssue): number {
  return SECTION_NAMES.indexOf(path.split('.')[0]);
}

/** Overrides of groups wait until the recipe's default groups are there. */
function ofGroups(override: string): boolean {
  return override.startsWith('optimizer.groups.');
}

function located(issue: SpecIssue, document: SpecDocument | undefined): SpecIssue {
  const position = document === undefined ? undefined : locate(document, issue.path);
  return position === undefined ? issue : { ...issue, position };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
