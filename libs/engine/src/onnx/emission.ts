/**
 * What an emission rule sees: the writer, the node, and the names of the values it reads.
 */
import type { GraphNode, ValueType } from '../graph.ts';
import type { OnnxWriter } from './writer.ts';

/** One node to emit. */
export interface Site {
  readonly writer: OnnxWriter;
  readonly node: GraphNode;
  /** Names of the input values. */
  readonly inputs: readonly string[];
  readonly inputTypes: readonly ValueType[];
}

/** Writes a node and returns the name of its value. */
export type Emission = (site: Site) => string;

/** Emissions by kernel name. */
export type EmissionTable = Readonly<Record<string, Emission>>;
