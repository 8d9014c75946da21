/**
 * Anchors as a flat tree of float64 arrays, the form in which this library's state is stored, digested and sent. Keys are
 * `<position>/<kind>/<field>/<layer>` (the layer last, for its name may hold slashes); `shape` is [rows, columns]; A* and S* travel as
 * their upper triangles, so a tree has the bytes that `anchorBytes` counts, and 16 for each shape.
 */
import { packUpper, unpackUpper } from '@geodesic/linalg';
import { StateError } from '../errors.ts';
import { scalar, type StateTree, stateVersion } from '../state.ts';
import { type Anchor, diagonalAnchor, euclideanAnchor, kroneckerAnchor } from './anchor.ts';

/** The tree of a list of anchors, which keeps their order; new arrays. Factors must be symmetric: the lower triangle is not kept. */
export function anchorsToTree(anchors: readonly Anchor[]): StateTree {
  const tree: StateTree = { version: scalar(stateVersion) };
  for (const [at, anchor] of anchors.entries()) {
    const put = (field: string, values: Float64Array): void => void (tree[`${at}/${anchor.kind}/${field}/${anchor.layer}`] = values);
    put('shape', Float64Array.of(anchor.rows, anchor.columns));
    put('weights', anchor.weights.slice());
    if (anchor.kind === 'kronecker') {
      put('input', packUpper(anchor.input, anchor.rows));
      put('output', packUpper(anchor.output, anchor.columns));
    } else if (anchor.kind === 'diagonal') put('fisher', anchor.fisher.slice());
  }
  return tree;
}

/**
 * The anchors of a tree, in their order; new arrays with the same bits as before.
 * @throws {StateError} for another version, or an entry that is missing
 * @throws {AnchorError} for an entry of another length
 */
export function anchorsFromTree(tree: StateTree): Anchor[] {
  if (tree['version']?.[0] !== stateVersion) throw new StateError('version', `${stateVersion}`, tree['version']?.[0]);
  const heads = Object.keys(tree)
    .map((key) => /^(\d+)\/(kronecker|diagonal|euclidean)\/shape\/(.*)$/s.exec(key))
    .filter((match) => match !== null)
    .toSorted((a, b) => Number(a[1]) - Number(b[1]));
  return heads.map(([, at, kind, layer]) => read(tree, { at, kind: kind as Anchor['kind'], layer }));
}

function read(
  tree: StateTree,
  { at, kind, layer }: { readonly at: string; readonly kind: Anchor['kind']; readonly layer: string },
): Anchor {
  const entry = (field: string): Float64Array => {
    const key = `${at}/${kind}/${field}/${layer}`;
    if (tree[key] === undefined) throw new StateError(key, 'an array', undefined);
    return tree[key];
  };
  const [rows, columns] = entry('shape');
  const weights = entry('weights');
  switch (kind) {
    case 'kronecker': {
      const [input, output] = [unpackUpper(entry('input'), rows), unpackUpper(entry('output'), columns)];
      return kroneckerAnchor(layer, weights, { rows, columns, input, output });
    }
    case 'diagonal':
      return diagonalAnchor(layer, weights, { fisher: entry('fisher'), rows, columns });
    case 'euclidean':
      return euclideanAnchor(layer, weights, { rows, columns });
  }
}
