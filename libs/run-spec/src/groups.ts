/**
 * Which parameter belongs to which optimiser group. A parameter belongs to the first group one of whose globs matches its name
 * or its layer's name. In a glob `*` stands for any characters but `/`, `**` for any characters, `?` for one character but `/`.
 */
import { didYouMean } from './did-you-mean.ts';
import { GroupMatchError } from './errors.ts';

/** A name to be assigned: a parameter and, where it has one, its layer. */
export interface GroupMember {
  readonly name: string;
  readonly layer?: string;
}

/** A group's share of the model, both lists in the model's order. */
export interface ResolvedGroup {
  readonly name: string;
  readonly parameters: readonly string[];
  /** The layers that the parameters belong to, each once. */
  readonly layers: readonly string[];
}

/**
 * Assigns every parameter to a group.
 * @throws {GroupMatchError} when a parameter is matched by no group, a glob matches no name at all, or a group ends up empty
 */
export function resolveGroups(
  groups: readonly { readonly name: string; readonly match: readonly string[] }[],
  members: readonly GroupMember[],
): ResolvedGroup[] {
  const matchers = groups.map(({ match }) => match.map(globPattern));
  const names = [...new Set(members.flatMap(({ name, layer }) => (layer === undefined ? [name] : [layer, name])))];
  for (const [index, group] of groups.entries()) requireUsefulGlobs(group, matchers[index], names);

  const shares = groups.map(() => [] as GroupMember[]);
  for (const member of members) {
    const owner = matchers.findIndex((patterns) => patterns.some((pattern) => matches(pattern, member)));
    if (owner < 0) {
      const known = groups.map(({ name }) => name).join(', ');
      throw new GroupMatchError(
        `resolveGroups: expected a group for parameter ${member.name}, got none among ${known} (add a group that matches "${member.layer ?? member.name}", or end with one that matches "**")`,
      );
    }
    shares[owner].push(member);
  }
  return groups.map(({ name }, index) => {
    if (shares[index].length === 0) {
      throw new GroupMatchError(
        `resolveGroups: expected group ${name} to hold a parameter, got none (earlier groups matched all of its names)`,
        name,
      );
    }
    const layers = shares[index].flatMap(({ layer }) => (layer === undefined ? [] : [layer]));
    return { name, parameters: shares[index].map((member) => member.name), layers: [...new Set(layers)] };
  });
}

/**
 * The names that a list of globs inside a group stands for, in the order of `names`.
 * @param field of the group, named in errors
 * @throws {GroupMatchError} when a glob matches no name
 */
export function namesMatching(
  globs: readonly string[],
  names: readonly string[],
  { group, field }: { readonly group: string; readonly field: string },
): string[] {
  const patterns = globs.map(globPattern);
  const useless = patterns.findIndex((pattern) => !names.some((name) => pattern.test(name)));
  if (useless >= 0) {
    const hint = didYouMean(globs[useless], names) || namesInWords(names);
    throw new GroupMatchError(`${field} of group ${group}: expected "${globs[useless]}" to match a name, got no match (${hint})`, group);
  }
  return names.filter((name) => patterns.some((pattern) => pattern.test(name)));
}

function namesInWords(names: readonly string[]): string {
  return `names are ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
}

function requireUsefulGlobs(
  group: { readonly name: string; readonly match: readonly string[] },
  patterns: readonly RegExp[],
  names: readonly string[],
): void {
  const useless = patterns.findIndex((pattern) => !names.some((name) => pattern.test(name)));
  if (useless < 0) return;
  const glob = group.match[useless];
  const hint = didYouMean(glob, names) || namesInWords(names);
  throw new GroupMatchError(
    `resolveGroups: expected "${glob}" of group ${group.name} to match a layer or parameter, got no match (${hint})`,
    group.name,
  );
}

function matches(pattern: RegExp, { name, layer }: GroupMember): boolean {
  return pattern.test(name) || (layer !== undefined && pattern.test(layer));
}

function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*|[*?]|[^\w*?]/g, (part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}
