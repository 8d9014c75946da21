/**
 * A block of slots as one program. Every slot keeps its own rows and its own sums, computed by a copy of the slot's graph; the sums are
 * then added by the tree of exactness, left + right, in the graph. The result's bits are those of running the slots one by one and adding
 * outside, but parameters are sliced once, sums leave once, and nothing crosses into JavaScript in between.
 * S slots of B rows, E columns.
 */
import { sameShape } from '@geodesic/tensor';
import { GraphBuilder } from './graph-builder.ts';
import type { PhaseProgram } from './bundle.ts';
import type { Graph } from './graph.ts';
import { spliceGraph } from './splice.ts';
import { GraphError } from './errors.ts';

/** Inputs that all slots share, beside broadcast vectors; every other input of a phase belongs to the rows of one slot. */
const SHARED: ReadonlySet<string> = new Set(['theta', 'state', 'previous']);

/** Name of a slot's copy of an input: `theta`, `state` and the round's vectors are shared, the rest is numbered within the block. */
export function blockInputName(name: string, slot: number): string {
  return SHARED.has(name) || name.startsWith('vector:') ? name : `${name}@${slot}`;
}

/**
 * Unrolls a phase over the slots of a block.
 * Inputs: those that slots share as in the phase, `<name>@<slot>` for everything that belongs to a slot's rows.
 * Outputs: `examples@<slot>` [B, E] of every slot, `sum:<name>` of the whole block.
 * Cost: S times the nodes of the phase, so it suits short graphs and small blocks.
 * @param slots S, a power of two
 * @throws {GraphError} when it is not, and for a phase that gathers rows: they are no sums
 */
export function blockProgram(phase: PhaseProgram, slots: number): Graph {
  if (!Number.isInteger(Math.log2(slots)) || slots < 1) throw new GraphError('blockProgram', 'a power of two of slots', String(slots));
  if (phase.rows !== undefined && phase.rows.length > 0)
    throw new GraphError('blockProgram', 'a phase of sums only', `rows ${phase.rows[0].name}`);
  const builder = new GraphBuilder();
  const declared = new Map<string, number>();
  const appendSlot = (slot: number): ReadonlyMap<string, number> => {
    const bindings = Object.fromEntries(
      phase.graph.inputs.map(({ name, id }) => {
        const { shape, dtype } = phase.graph.nodes[id];
        const own = blockInputName(name, slot);
        const known = declared.get(own) ?? builder.input(own, shape, dtype);
        declared.set(own, known);
        return [name, known];
      }),
    );
    const { outputs } = spliceGraph(builder, phase.graph, bindings);
    if (outputs.examples !== undefined) builder.output(`examples@${slot}`, outputs.examples);
    return new Map(phase.sums.map(({ name }) => [name, outputs[`sum:${name}`]]));
  };
  const root = sumOf(builder, { first: 0, slots }, appendSlot);
  for (const [name, id] of root) builder.output(`sum:${name}`, id);
  return builder.build();
}

/** Sums of slots first .. first + slots - 1, built depth first, so that few partial sums live at a time. */
function sumOf(
  builder: GraphBuilder,
  range: { readonly first: number; readonly slots: number },
  appendSlot: (slot: number) => ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  if (range.slots === 1) return appendSlot(range.first);
  const half = range.slots / 2;
  const left = sumOf(builder, { first: range.first, slots: half }, appendSlot);
  const right = sumOf(builder, { first: range.first + half, slots: half }, appendSlot);
  return new Map([...left].map(([name, id]) => [name, addRounded(builder, id, right.get(name)!)]));
}

/**
 * left + right with both operands rounded before: the marks keep executors from taking a product and its addend into one operation,
 * which would round once. Pieces of a concatenation are added one by one, so that it happens once, at the root.
 */
function addRounded(builder: GraphBuilder, left: number, right: number): number {
  const [a, b] = [builder.nodeOf(left), builder.nodeOf(right)];
  const moves = a.kernel === b.kernel && (a.kernel === 'Concat' || a.kernel === 'Reshape');
  if (
    moves &&
    a.inputs.length === b.inputs.length &&
    a.inputs.every((piece, i) => sameShape(builder.shapeOf(piece), builder.shapeOf(b.inputs[i])))
  ) {
    const pieces = a.inputs.map((piece, i) => addRounded(builder, piece, b.inputs[i]));
    return builder.add(a.kernel, pieces, a.attributes);
  }
  return builder.add('Add', [mark(builder, left), mark(builder, right)]);
}

function mark(builder: GraphBuilder, id: number): number {
  return builder.add('Tap', [id], { layer: 'slot', role: 'sum' });
}
